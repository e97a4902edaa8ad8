"""The runner as the units of a saved application call it, and where it leaves the state."""

from __future__ import annotations

import hashlib
import sys

import pytest

from svcctl.loading.describe import describe
from svcctl.manifest.codec import fingerprint
from tests.contract.test_run_command import OTK, Folder, folder, free_port, key
from tests.fakes.init import PATIENCE, FakeInit

__all__ = ["folder"]

DAMAGED = "the saved state cannot be used; the one before it is taken"


def start(folder: Folder, *options: str, **environ: str) -> FakeInit:
    """Start the runner on the saved application, and wait until it serves."""
    command = [sys.executable, "-P", "-m", "svcctl.runtime", "--log-format=text", *options, "otk-start.tap"]
    environ = {**folder.environ, "XDG_STATE_HOME": str(folder.path / "own"), **environ}
    return FakeInit(command, folder.path, environ)


@pytest.fixture
def port(folder: Folder) -> int:
    """Save the one-time key server, and give its port."""
    port = free_port()
    folder.write("otk.py", OTK)
    folder.python(f"import otk; otk.make({port})")
    return port


def digest(folder: Folder) -> str:
    """Return what the units would be given."""
    return hashlib.sha256((folder.path / "otk-start.tap").read_bytes()).hexdigest()


def test_it_goes_on_from_what_was_saved_at_the_last_stop(folder: Folder, port: int) -> None:
    """The first time from the original; from the one before if the last is damaged; nothing is worth a warning."""
    state = folder.path / "state"
    state.mkdir(mode=0o700)
    options = ("--resume", digest(folder))
    for expected in (b"0\n", b"1\n"):
        with start(folder, *options, STATE_DIRECTORY=str(state)) as init:
            init.wait_for("READY", "1")
            assert key(port) == expected
            assert init.stop() == 0
            assert "warning" not in init.stderr
    saved = state / "otk-shutdown.tap"
    saved.write_bytes(saved.read_bytes()[:-1])
    with start(folder, *options, STATE_DIRECTORY=str(state)) as init:
        init.wait_for("READY", "1")
        assert key(port) == b"1\n"
        assert init.stop() == 0
        assert DAMAGED in init.stderr
    assert not list(folder.path.glob("otk-shutdown*"))


def test_without_a_state_folder_the_state_is_in_the_folder_that_it_serves_in(
    folder: Folder, port: int
) -> None:
    """It goes on from there, too."""
    work = folder.path / "work"
    work.mkdir()
    for expected in (b"0\n", b"1\n"):
        with start(folder, "--rundir=work", "--resume", digest(folder)) as init:
            init.wait_for("READY", "1")
            assert key(port) == expected
            assert init.stop() == 0
    assert sorted(each.name for each in work.iterdir()) == [
        "otk-shutdown.tap",
        "otk-shutdown.tap.previous",
    ]
    assert not list(folder.path.glob("otk-shutdown*"))


def test_an_original_that_is_another_one_is_refused(folder: Folder, port: int) -> None:
    """In one line, for good."""
    with start(folder, "--resume", "0" * 64) as init:
        assert init.wait() == 65
        assert init.stderr.count("\n") <= 2
        assert "otk-start.tap is not as it was when it was installed" in init.stderr
        assert init.sent("STATUS")
    with pytest.raises(ConnectionRefusedError):
        key(port)


def test_units_that_fit_are_not_warned_of_although_the_state_is_another(
    folder: Folder, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The service may not even read the original; a listener that the units do not know is told."""
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", folder.environ["CREDENTIALS_DIRECTORY"])
    described = describe(
        str(folder.path / "otk-start.tap"),
        python=sys.executable,
        user=None,
        environment={"PYTHONPATH": str(folder.path)},
        time_limit=PATIENCE,
    )
    fitting = f"{digest(folder)[:16]}-{fingerprint(described.manifest)}"
    for installed, warned in ((fitting, False), (f"{fitting[:17]}{'0' * 16}", True)):
        with start(folder, "--installed", installed, "--resume", digest(folder)) as init:
            init.wait_for("READY", "1")
            key(port)
            assert init.stop() == 0
            assert ("no longer match" in init.stderr) is warned
            assert "cannot tell" not in init.stderr
