"""How a saved application is described: the caller verifies it, a process without rights executes it."""

from __future__ import annotations

import hashlib
import os
import pickle
import pwd
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from svcctl.application import sob
from svcctl.application.persisting import files
from svcctl.application.service import Application
from svcctl.errors import (
    ApplicationLoadError,
    ApplicationNotFoundError,
    SavedStateError,
    SvcctlError,
    UsageError,
)
from svcctl.loading.describe import Description, describe
from svcctl.loading.process import run_confined
from tests.unit.persisting.conftest import folder

__all__ = ["folder"]

LIMIT = 60.0
SECRET = "open sesame"  # noqa: S105 (the test's own)
FACTS = {"style": "pickle", "application": "otk", "main": None}
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


class Marker:
    """Says who has unpickled it, in a file that this makes, and comes back as an application."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)

    def __reduce__(self) -> tuple[Callable[..., object], tuple[str]]:
        """Return what unpickling calls."""
        code = (
            "import os\nfrom svcctl.application.service import Application\n"
            f"open({self.path!r}, 'a').write(f'{{os.geteuid()}} {{os.getpid()}}\\n')\n"
            "made = Application('marked')"
        )
        return eval, (f"(lambda names: exec({code!r}, names) or names['made'])({{}})",)


def marked(folder: Path, marker: Path) -> str:
    """Save what notes its unpickling, and return the file's path."""
    path = str(folder / "marked-start.tap")
    files.write_state(path, FACTS, pickle.dumps(Marker(marker)))
    return path


def saved(*, passphrase: str | None = None, needs: dict[str, Any] | None = None) -> str:
    """Save an application and return the file's path."""
    return sob.Persistent(Application("otk", needs=needs), "otk").save("start", passphrase=passphrase)


def described(path: str, *, passphrase: str | None = None) -> Description:
    """Describe an application as the user of the tests."""
    return describe(
        path, python=sys.executable, user=None, environment={}, time_limit=LIMIT, passphrase=passphrase
    )


def test_a_saved_application_is_described_with_the_digest_of_its_file() -> None:
    """Its kind says that it was saved; it keeps state, whatever it states."""
    path = saved(needs={"directories": ()})
    manifest = described(path).manifest
    digest = hashlib.sha256(Path(path).read_bytes()).hexdigest()
    assert (manifest.application.name, manifest.origin.kind) == ("otk", "saved")
    assert manifest.origin.digest == digest
    assert manifest.needs.directories == ("state",)


def test_an_encrypted_one_takes_its_passphrase() -> None:
    """The process that executes it gets neither passphrase nor key."""
    path = saved(passphrase=SECRET)
    assert described(path, passphrase=SECRET).manifest.application.name == "otk"
    with pytest.raises(SavedStateError, match="is not the passphrase"):
        described(path, passphrase="another")  # noqa: S106 (the test's own)
    with pytest.raises(SavedStateError, match="is encrypted"):
        described(path)
    with pytest.raises(UsageError, match="is not encrypted"):
        described(saved(), passphrase=SECRET)


def test_one_that_is_larger_than_a_pipe_is_handed_over_whole() -> None:
    """A pipe holds 64 KiB."""
    application = Application("otk")
    vars(application)["ballast"] = "x" * 3_000_000
    assert described(sob.Persistent(application, "otk").save("start")).manifest.application.name == "otk"


def test_it_is_executed_by_the_child_alone(folder: Path) -> None:
    """Once, in another process than this one."""
    marker = folder / "marker"
    described(marked(folder, marker))
    [line] = marker.read_text().splitlines()
    assert line.split()[1] != str(os.getpid())


@needs_root
def test_root_has_it_executed_by_a_user_without_rights(
    folder: Path, public: Path, python_of_all: str
) -> None:
    """Who could read neither the file nor its key."""
    marker = public / "marker"
    marker.touch()
    marker.chmod(0o666)
    describe(
        marked(folder, marker),
        python=python_of_all,
        user="nobody",
        environment={"PYTHONPATH": str(public)},
        time_limit=LIMIT,
    )
    [line] = marker.read_text().splitlines()
    assert line.split()[0] == str(pwd.getpwnam("nobody").pw_uid)


def flip(path: Path) -> None:
    """Flip the last bit of a file."""
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))


def truncate(path: Path) -> None:
    """Take the end of a file away."""
    path.write_bytes(path.read_bytes()[:-10])


def open_to_group(path: Path) -> None:
    """Let a group write it."""
    path.chmod(0o660)


def link(path: Path) -> None:
    """Put a link in its place."""
    path.symlink_to(path.rename(path.with_name("elsewhere.tap")))


@pytest.mark.parametrize("spoil", [flip, truncate, open_to_group, link])
def test_what_cannot_be_trusted_is_executed_by_nobody(folder: Path, spoil: Callable[[Path], None]) -> None:
    """Although the one before it is whole: somebody has named this one."""
    marker = folder / "marker"
    marked(folder, marker)
    path = Path(marked(folder, marker))
    assert Path(f"{path}.previous").exists()
    spoil(path)
    with pytest.raises(SavedStateError) as caught:
        described(str(path))
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_status == 65
    assert not marker.exists()


def test_one_that_is_not_there_says_so(folder: Path) -> None:
    """With the status of a missing file."""
    with pytest.raises(ApplicationNotFoundError, match=r"nothing\.tap: No such file"):
        described(str(folder / "nothing.tap"))


def test_what_holds_no_application_says_so() -> None:
    """As the process that executed it found."""
    path = sob.Persistent([1], "list").save()
    with pytest.raises(SavedStateError, match=r"list\.tap holds an object of type list, not an Application"):
        described(path)


def test_a_class_that_is_gone_says_so(folder: Path) -> None:
    """With the module that is missing."""
    path = str(folder / "gone.tap")
    files.write_state(path, FACTS, b"cno_such_module\nThing\n.")
    with pytest.raises(SavedStateError, match="there is no module no_such_module"):
        described(path)


def test_a_child_that_tells_of_another_file_is_not_believed(folder: Path) -> None:
    """What the units hold as the digest is what was verified."""
    path = str(folder / "liar.tap")
    code = (
        "from svcctl.application.service import Application\n"
        "from svcctl.manifest.model import Origin\n"
        "class Liar(Application):\n"
        "    def describe(self, origin):\n"
        "        return super().describe(Origin(kind='saved', digest='0' * 64))\n"
        "application = Liar('liar')\n"
    )
    files.write_state(path, {**FACTS, "style": "source"}, code.encode())
    with pytest.raises(ApplicationLoadError, match="it tells of another file"):
        described(path)


def test_arguments_are_refused() -> None:
    """They are for plug-ins."""
    with pytest.raises(SvcctlError, match="takes no arguments"):
        describe(saved(), ["x"], python=sys.executable, user=None, environment={}, time_limit=LIMIT)


@pytest.mark.parametrize("program", ["pass", "ask()", "ask(); os.close(0)", "ask(); input()"])
def test_a_process_need_not_read_what_it_is_given(program: str) -> None:
    """It ends when it likes."""
    outcome = run_confined(
        [sys.executable, "-c", f"import os, sys\nask = lambda: os.write(int(sys.argv[1]), b' ')\n{program}"],
        [],
        None,
        {},
        LIMIT,
        100,
        given=b"x\n" * 1_000_000,
    )
    assert (outcome.line, outcome.status, outcome.late) == (None, 0, False)


def test_a_process_is_given_nothing_before_it_asks() -> None:
    """Until then, others of its user may look into it."""
    program = (
        "import os, select, sys\n"
        "before = select.select([0], [], [], 0.5)[0]\n"
        "os.write(int(sys.argv[1]), b' ')\n"
        "os.write(int(sys.argv[1]), f'{before} {sys.stdin.read()}\\n'.encode())\n"
    )
    outcome = run_confined(
        [sys.executable, "-c", program],
        [],
        None,
        {},
        LIMIT,
        100,
        given=b"secret",
    )
    assert outcome.line == b" [] secret"
