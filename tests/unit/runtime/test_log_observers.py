"""Log observers that applications and ``--logger`` bring along."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

import pytest

from svcctl.application.log import FileLogObserver, addObserver, removeObserver
from svcctl.application.logfile import LogFile
from svcctl.errors import (
    ApplicationLoadError,
    UsageError,
)
from svcctl.runtime import logs
from svcctl.runtime.log_files import LogFileOptions
from tests.unit.runtime.outputs import lines, unchanged

__all__ = ["unchanged"]

log = logging.getLogger("shop.counter")


def test_the_application_s_observer_takes_over(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """It is known only when the application has been loaded."""
    output = logs.configure("info", "text", log_file=LogFileOptions(str(tmp_path / "log")))
    log.info("loading")
    file = LogFile("own", str(tmp_path))
    logs.observe(FileLogObserver(file).emit)
    log.info("sold", extra={"svcctl_count": 3})
    output.reopen()
    log.info("closed")
    output.close()
    file.close()
    assert lines(tmp_path / "log") == ["info    shop.counter: loading"]
    assert lines(tmp_path / "own.1") == ["[shop.counter] sold count=3"]
    assert lines(tmp_path / "own") == ["[shop.counter] closed"]
    assert capfd.readouterr().err == ""


def test_a_handler_of_the_logging_module_is_an_observer_too(tmp_path: Path) -> None:
    """With its own form if it has one; a signal has it roll over."""
    plain = RotatingFileHandler(tmp_path / "plain", backupCount=1)
    output = logs.configure("info", "text", observer=plain)
    log.info("one")
    output.reopen()
    assert lines(tmp_path / "plain.1") == ["info    shop.counter: one"]
    formed = logging.FileHandler(tmp_path / "formed")
    formed.setFormatter(logging.Formatter("%(message)s!"))
    logs.observe(formed)
    log.info("two")
    output.close()
    assert (tmp_path / "formed").read_text() == "two!\n"


def test_the_same_handler_may_be_named_twice(tmp_path: Path) -> None:
    """It is not closed in between."""
    handler = logging.FileHandler(tmp_path / "log", mode="w")
    output = logs.configure("info", "text", observer=handler)
    logs.observe(handler)
    log.info("one")
    output.close()
    assert lines(tmp_path / "log") == ["info    shop.counter: one"]


def test_what_others_have_added_while_the_application_was_loaded_stays() -> None:
    """Observers of its own, for example."""
    logs.configure("info", "text")
    first: list[dict[str, Any]] = []
    second: list[dict[str, Any]] = []
    addObserver(first.append)
    logs.observe(second.append)
    log.info("sold")
    removeObserver(first.append)
    assert [event["message"] for event in (*first, *second)] == [("sold",), ("sold",)]


def test_an_observer_that_fails_loses_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    """Its records go to stderr, with the reason before the first."""

    def broken(_event: dict[str, Any]) -> None:
        raise OSError(28, "No space left on device")

    logs.configure("info", "text", observer=broken)
    log.info("one")
    log.info("two")
    said = [line.split(" ", 2)[2] for line in capfd.readouterr().err.splitlines()]
    assert said[0].startswith(
        "error   svcctl.runtime.log_outputs: the log observer fails, its records go to stderr"
    )
    assert "No space left" in said[0]
    assert said[1:] == ["info    shop.counter: one", "info    shop.counter: two"]


@pytest.mark.parametrize("wrong", ["text", 3, LogFile])
def test_what_is_no_observer_is_a_mistake_of_the_application(wrong: object) -> None:
    """With what would be one."""
    logs.configure("info", "text")
    with pytest.raises(ApplicationLoadError, match="ILogObserver is no log observer") as caught:
        logs.observe(wrong)
    assert "logging.Handler" in caught.value.hint


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give the file of a module in the working directory, which is forgotten afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    before = set(sys.modules)
    yield tmp_path / "my.py"
    for name in set(sys.modules) - before:
        del sys.modules[name]


LOGGER = """
from svcctl.application.log import FileLogObserver
def logger():
    return FileLogObserver(open("my.log", "w")).emit
"""


@pytest.mark.filterwarnings(
    "ignore:unclosed file:ResourceWarning"
)  # the manual's example leaves it to the end
def test_a_logger_is_called_for_an_observer(module: Path) -> None:
    """The manual's example, from the working directory; it beats the application's own."""
    module.write_text(LOGGER)
    path = sys.path[:]
    logs.configure("info", "text", logger="my.logger", observer=print)
    logs.observe(print)
    log.info("sold")
    assert lines(module.parent / "my.log") == ["[shop.counter] sold"]
    assert sys.path == path


def test_a_logger_beside_the_application_comes_first(module: Path, tmp_path: Path) -> None:
    """Before one in the working directory."""
    told = "def logger():\n    return logger.told.append\nlogger.told = []\n"
    module.write_text("raise ValueError")
    (tmp_path / "beside").mkdir()
    (tmp_path / "beside/my.py").write_text(told)
    logs.configure("info", "text", logger="my.logger", folders=(str(tmp_path / "beside"),))
    log.info("sold")
    assert sys.modules["my"].logger.told[0]["message"] == ("sold",)


@pytest.mark.parametrize(
    ("name", "message", "hint"),
    [
        ("my", "'my' is no dotted name of a logger", "name a callable"),
        ("my.", "'my.' is no dotted name of a logger", "name a callable"),
        ("my.lo gger", "'my.lo gger' is no dotted name of a logger", "name a callable"),
        (
            "nowhere.logger",
            "there is no module nowhere for the logger nowhere.logger",
            "beside the application",
        ),
        ("my.loger", "there is no loger in my for the logger my.loger", "did you mean logger?"),
        ("my.text", "the logger my.text cannot be called", "name a callable"),
        ("my.fails", "the logger my.fails failed: ZeroDivisionError: division by zero", "name a callable"),
        ("my.nothing", "the logger my.nothing returns no log observer: None", "logging.Handler"),
        (
            "broken.logger",
            "the module broken of the logger cannot be imported: NameError: name 'x' is",
            "name",
        ),
        (
            "needy.logger",
            "the module needy of the logger cannot be imported: ModuleNotFoundError: No",
            "name",
        ),
        ("my.Box.inner.logger", "there is no inner in Box for the logger my.Box.inner.logger", "name"),
    ],
)
def test_a_wrong_logger_is_one_line_with_a_hint(module: Path, name: str, message: str, hint: str) -> None:
    """Nothing is configured."""
    source = "def fails(): 1 / 0\ndef nothing(): pass\ntext = 'x'\nclass Box: pass\n"
    module.write_text(LOGGER + source)
    module.with_name("broken.py").write_text("x")
    module.with_name("needy.py").write_text("import nothing_of_that_name")
    before = logging.getLogger().handlers[:]
    with pytest.raises(UsageError) as caught:
        logs.configure("info", "text", logger=name)
    assert str(caught.value).startswith(message)
    assert hint in caught.value.hint
    assert logging.getLogger().handlers == before


def test_a_logger_may_be_in_a_package_and_in_a_class(module: Path, tmp_path: Path) -> None:
    """The innermost module of the name is imported."""
    assert module.parent == tmp_path
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack/__init__.py").touch()
    (tmp_path / "pack/mod.py").write_text(
        "class Loggers:\n    told = []\n    @classmethod\n    def make(cls): return cls.told.append\n"
    )
    logs.configure("info", "text", logger="pack.mod.Loggers.make")
    log.info("sold")
    assert sys.modules["pack.mod"].Loggers.told[0]["message"] == ("sold",)
