"""What services ask to be kept: values and descriptors, and where they go."""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Iterator

import pytest

from svcctl.application import keeping
from svcctl.application.service import Application, MultiService, Service
from svcctl.errors import UsageError


class Shelf:
    """Keeps copies of descriptors in this process."""

    def __init__(self) -> None:
        self.places: dict[str, int] = {}

    def put(self, key: str, descriptor: int) -> bool:
        """Keep a copy."""
        self.remove(key)
        self.places[key] = os.dup(descriptor)
        return True

    def get(self, key: str) -> int | None:
        """Return the copy."""
        return self.places.get(key)

    def remove(self, key: str) -> None:
        """Close the copy."""
        if key in self.places:
            os.close(self.places.pop(key))


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    """Have things kept in this process."""
    made = Shelf()
    keeping.keep_with(made)
    yield made
    keeping.keep_with(None)
    for key in list(made.places):
        made.remove(key)


def service() -> Service:
    """Return a service with a path."""
    made = Service()
    made.setName("till")
    made.setServiceParent(Application("shop"))
    return made


@pytest.mark.parametrize("value", [b"", b"coins", bytearray(b"coins"), memoryview(b"coins"), b"x" * 100_000])
def test_bytes_come_back_as_they_were(shelf: Shelf, value: bytes) -> None:
    """As often as somebody asks."""
    assert service().keep("a", value)
    assert service().kept("a") == bytes(value)
    assert service().kept("a") == bytes(value)
    assert list(shelf.places) == ["state/shop/till/a"]


def test_kept_bytes_cannot_be_changed(shelf: Shelf) -> None:
    """Not even by whoever has the descriptor."""
    service().keep("a", b"coins")
    (descriptor,) = shelf.places.values()
    with pytest.raises(PermissionError):
        os.pwrite(descriptor, b"C", 0)
    with pytest.raises(PermissionError):
        os.truncate(descriptor, 1)


def test_sockets_come_back_as_sockets_and_files_as_numbers(shelf: Shelf) -> None:
    """Copies: closing them is the service's business and takes nothing away."""
    ours, theirs = socket.socketpair()
    with ours, theirs, tempfile.TemporaryFile() as file:
        file.write(b"content")
        file.flush()
        assert service().keep("socket", ours)
        assert service().keep("file", file)
        assert service().keep("number", file.fileno())
    for _ in range(2):
        again, number = service().kept("socket"), service().kept("file")
        assert isinstance(again, socket.socket)
        assert isinstance(number, int)
        assert os.pread(number, 10, 0) == b"content"
        assert not os.get_inheritable(number)
        again.close()
        os.close(number)
    assert len(shelf.places) == 3


def test_a_name_has_one_value(shelf: Shelf) -> None:
    """Bytes take the place of a descriptor, and the other way round."""
    with socket.socket() as sock:
        service().keep("a", sock)
        service().keep("a", b"coins")
        assert list(shelf.places) == ["state/shop/till/a"]
        service().keep("a", sock)
    assert list(shelf.places) == ["keep/shop/till/a"]
    service().drop("a")
    assert shelf.places == {}
    assert service().kept("a") is None


def test_no_two_services_share_a_key(shelf: Shelf) -> None:
    """Whatever they and their values are called; and no key has what the init system does not take."""
    application = Application("shop: caf\xe9~")
    names = ["a", "a/b", "a%2Fb", "b", "\u0661", "x" * 300, "x" * 301, "~", ":"]
    for name in names:
        branch, leaf = MultiService(), Service()
        branch.setName(name)
        leaf.setName("b")
        branch.setServiceParent(application)
        leaf.setServiceParent(branch)
        for value in names:
            assert leaf.keep(value, b"")
    assert len(shelf.places) == len(names) ** 2
    for key in shelf.places:
        assert key.isascii()
        assert key.isprintable()
        assert not {":", "~"} & set(key)
        assert len(key) <= keeping.LONGEST


@pytest.mark.parametrize("value", ["text", 1.5, None, -1, 10**9, True, object()])
def test_what_cannot_be_kept_is_refused(shelf: Shelf, value: object) -> None:
    """Where the service's author sees it."""
    with pytest.raises(UsageError):
        service().keep("a", value)
    assert shelf.places == {}


@pytest.mark.parametrize("name", ["", b"a", None])
def test_a_name_is_a_text(name: str) -> None:
    """Of at least one character."""
    with pytest.raises(UsageError):
        service().kept(name)


def test_without_a_keeper_nothing_is_kept(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The service is told, and goes on; the log has it once."""
    monkeypatch.setattr(keeping, "_said", False)
    caplog.set_level("INFO")
    assert service().keep("a", b"coins") is False
    assert service().keep("a", b"coins") is False
    assert service().kept("a") is None
    service().drop("a")
    assert len(caplog.records) == 1
