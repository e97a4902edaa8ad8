"""Log observers and log files in applications that are saved."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from svcctl.application import sob
from svcctl.application.log import FileLogObserver, ILogObserver
from svcctl.application.logfile import DailyLogFile, LogFile
from svcctl.application.observing.handlers import as_handler
from svcctl.application.service import Application
from svcctl.errors import ConfigurationError
from tests.contract.running import supervise
from tests.fakes.init import FakeInit

EVENT = {"message": ("sold out",), "time": 0.0, "isError": 0, "system": "shop"}
STYLES = ("pickle", "source")

FILES: dict[str, Callable[[Path], Any]] = {
    "LogFile": lambda folder: LogFile("log", str(folder)),
    "DailyLogFile": lambda folder: DailyLogFile("log", str(folder)),
    "open": lambda folder: (folder / "log").open("w"),
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder that state is saved to, which is the working directory, too."""
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "own"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def again(component: object, style: str) -> Any:  # noqa: ANN401 (the same component)
    """Return the log observer of an application that was saved and loaded."""
    application = Application("shop")
    application.setComponent(ILogObserver, component)
    persistent = sob.Persistent(application, "shop")
    persistent.setStyle(style)
    return sob.load(persistent.save("start"), style).getComponent(ILogObserver)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("make", FILES.values(), ids=FILES)
def test_an_observer_goes_on_with_its_file(make: Callable[[Path], Any], style: str, folder: Path) -> None:
    """What is there already stays there; no file is opened before there is something to be written."""
    file = make(folder)
    observer = FileLogObserver(file)
    observer.emit(EVENT)
    file.close()
    loaded = again(observer.emit, style)
    (folder / "log").rename(folder / "moved")
    assert not (folder / "log").exists()
    loaded(EVENT)
    loaded.__self__.file.close()
    assert (folder / "log").read_text() == (folder / "moved").read_text()
    assert (folder / "log").read_text().endswith("[shop] sold out\n")


@pytest.mark.parametrize("style", STYLES)
def test_a_file_is_found_from_another_folder(
    style: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its path is that of when the observer was made."""
    with open("log", "w") as file:  # noqa: PTH123 (as applications do it)
        observer = FileLogObserver(file)
    (folder / "other").mkdir()
    monkeypatch.chdir(folder / "other")
    loaded = again(observer.emit, style)
    loaded(EVENT)
    loaded.__self__.file.close()
    assert (folder / "log").read_text().endswith("[shop] sold out\n")


@pytest.mark.parametrize("name", ["stdout", "stderr"])
def test_a_stream_of_the_process_is_that_of_the_new_one(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """By its name."""
    loaded = again(FileLogObserver(getattr(sys, name)).emit, "pickle")
    loaded(EVENT)
    assert getattr(capsys.readouterr(), name[3:]).endswith("[shop] sold out\n")


def test_a_file_that_can_be_saved_by_itself_is(folder: Path) -> None:
    """What it is is nobody's business."""
    loaded = again(FileLogObserver(Notes(folder)).emit, "source")
    loaded(EVENT)
    assert (folder / "notes").read_text().endswith("[shop] sold out\n")


class Notes:
    """A file of somebody's own."""

    def __init__(self, folder: Path) -> None:
        self.path = str(folder / "notes")

    def write(self, text: str) -> None:
        """Append it."""
        with open(self.path, "a") as file:  # noqa: PTH123 (a text)
            file.write(text)

    def flush(self) -> None:
        """Do nothing."""


def test_the_runner_opens_it_before_it_changes_anything(folder: Path) -> None:
    """In the place and as the user that it had; what cannot be opened is told in one line."""
    loaded = again(FileLogObserver(LogFile("log", str(folder))).emit, "pickle")
    (folder / "log").unlink()
    assert as_handler(loaded) is not None
    assert (folder / "log").exists()
    loaded.__self__.file.close()
    (folder / "logs").mkdir()
    log = LogFile("log", str(folder / "logs"))
    log.close()
    loaded = again(FileLogObserver(log).emit, "pickle")
    (folder / "logs/log").unlink()
    (folder / "logs").rmdir()
    with pytest.raises(ConfigurationError, match="logs/log cannot be opened: No such file or directory"):
        as_handler(loaded)


def test_one_that_is_loaded_rotates_as_it_did(folder: Path) -> None:
    """By size and on request, without having been written to."""
    log = LogFile("log", str(folder), rotateLength=5)
    log.write("12345\n")
    log.close()
    loaded = again(FileLogObserver(log), "pickle").file
    assert loaded.shouldRotate()
    loaded.write("6\n")
    loaded.close()
    assert (folder / "log.1").read_text() == "12345\n"
    loaded = again(FileLogObserver(log), "pickle").file
    loaded.renew()
    loaded.close()
    assert (folder / "log.1").read_text() == "6\n"
    assert (folder / "log").read_text() == ""


def test_an_application_that_logs_for_itself_goes_on_doing_so(folder: Path) -> None:
    """Saved by the runner, and started from that."""
    tac = (
        "from svcctl.application.log import FileLogObserver, ILogObserver\n"
        "from svcctl.application.logfile import DailyLogFile\n"
        "application.setComponent(ILogObserver, FileLogObserver(DailyLogFile('my.log', '.')).emit)\n"
    )
    environ = {"STATE_DIRECTORY": str(folder)}
    with supervise(folder, tac, "--save", environ=environ) as init:
        init.wait_for("READY")
        assert init.stop() == 0, init.stderr
    command = [sys.executable, "-P", "-m", "svcctl.runtime", "shop-shutdown.tap"]
    with FakeInit(command, folder, environ) as init:
        init.wait_for("READY")
        assert init.stop() == 0, init.stderr
    assert (folder / "my.log").read_text().count("application is ready") == 2
