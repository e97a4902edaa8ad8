"""Applications made by plug-ins and saved."""

from __future__ import annotations

from pathlib import Path

import pytest

from svcctl.application.interfaces import IProcess, IService
from svcctl.errors import SavedStateError, UsageError
from svcctl.loading.saved import load_saved
from svcctl.operations.make import MakeRequest, both, make
from tests.unit.persisting.conftest import folder

__all__ = ["folder"]

#: Sources of a passphrase.
VARIABLE, FILE, PROMPT = "env:SECRET", "file:secret", "prompt"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in a folder of the test's own."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("SECRET", "correct horse")


def ports(path: str, passphrase: str | None = None) -> list[int]:
    """Return the ports of the services in a file."""
    application = load_saved(path, passphrase=passphrase)
    return [server.endpoint.port for server in application.getComponent(IService)]


def test_the_file_has_the_name_of_the_plug_in() -> None:
    """In the working directory, not in the state folder: it is a configuration, not a state."""
    made = make(MakeRequest(plugin="echo", arguments=("--port=7",)))
    assert (made.path, made.application, made.appended, made.encrypted) == ("echo.tap", "echo", False, False)
    assert ports("echo.tap") == [7]


@pytest.mark.parametrize(
    ("style", "output", "path"),
    [
        ("source", None, "echo.tas"),
        ("pickle", None, "echo.tap"),
        ("source", "other.tas", "other.tas"),
        (None, "any", "any"),
    ],
)
def test_form_and_name_can_be_chosen(style: str | None, output: str | None, path: str) -> None:
    """Both are what was asked for."""
    assert make(MakeRequest(plugin="echo", style=style, output=output)).path == path
    expected = "source" if style == "source" else "pickle"
    assert f'"style":"{expected}"' in Path(path).read_bytes()[:300].decode(errors="replace")
    assert ports(path) == [8007]


def test_whom_it_runs_as_and_what_the_process_is_called_are_kept() -> None:
    """As numbers or names."""
    make(MakeRequest(plugin="echo", uid="nobody", gid=7, appname="prog"))
    process = load_saved("echo.tap").getComponent(IProcess)
    assert (process.uid, process.gid, process.processName) == ("nobody", 7, "prog")


def test_a_service_is_added_to_a_saved_application() -> None:
    """It is made if it is not there; what it is called and its form stay."""
    first = make(MakeRequest(plugin="echo", append="all.tas", style="source"))
    assert (first.path, first.appended) == ("all.tas", False)
    second = make(MakeRequest(plugin="socks", arguments=("-p", "9"), append="all.tas", uid=5))
    assert (second.path, second.application, second.appended) == ("all.tas", "echo", True)
    assert ports("all.tas") == [8007, 9]
    application = load_saved("all.tas")
    assert application.needs == {"network": "outbound"}
    assert application.getComponent(IProcess).uid == 5
    assert '"style":"source"' in Path("all.tas").read_text()[:300]
    make(MakeRequest(plugin="echo", append="all.tas", output="more.tap"))
    assert ports("more.tap") == [8007, 9, 8007]
    assert ports("all.tas") == [8007, 9]


def test_a_file_is_encrypted_with_a_passphrase() -> None:
    """It is needed to add to it, too, and stays as it was."""
    pytest.importorskip("cryptography")
    made = make(MakeRequest(plugin="echo", encrypted=True, passphrase=VARIABLE))
    assert (made.path, made.encrypted) == ("echo.etap", True)
    assert ports("echo.etap", "correct horse") == [8007]
    with pytest.raises(SavedStateError):
        load_saved("echo.etap", passphrase=PROMPT)


def test_an_encrypted_application_stays_encrypted_when_something_is_added() -> None:
    """With the same passphrase."""
    pytest.importorskip("cryptography")
    Path("secret").write_text("correct horse\n")
    Path("secret").chmod(0o600)
    make(MakeRequest(plugin="echo", encrypted=True, passphrase=FILE))
    made = make(MakeRequest(plugin="echo", append="echo.etap", passphrase=FILE))
    assert (made.encrypted, made.appended) == (True, True)
    assert ports("echo.etap", "correct horse") == [8007, 8007]


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        (MakeRequest(plugin="ehco"), "there is no plug-in 'ehco'"),
        (MakeRequest(plugin="echo", arguments=("--prot=1",)), "there is no option --prot"),
        (MakeRequest(plugin="echo", style="xml"), "there is no type 'xml'"),
        (MakeRequest(plugin="echo", passphrase=PROMPT), "--passphrase is for --encrypted"),
    ],
)
def test_what_cannot_be_made_leaves_nothing_behind(request_: MakeRequest, said: str) -> None:
    """Status 64."""
    with pytest.raises(UsageError, match=said):
        make(request_)
    assert list(Path().iterdir()) == []


def test_a_file_that_is_no_saved_application_is_not_added_to() -> None:
    """It stays as it is."""
    Path("all.tap").write_text("something else")
    with pytest.raises(SavedStateError):
        make(MakeRequest(plugin="echo", append="all.tap"))
    assert Path("all.tap").read_text() == "something else"


def test_needs_of_two_are_those_of_either() -> None:
    """What one leaves out has its default; the network is the wider one."""
    assert both({}, {}) == {}
    assert both({"network": "none"}, {}) == {"network": "inbound"}
    assert both({"directories": ["logs"]}, {"home": True}) == {"directories": ("logs", "state"), "home": True}
    assert both({"reads": ["/a", "/b"]}, {"reads": ("/b", "/c")}) == {"reads": ("/a", "/b", "/c")}
