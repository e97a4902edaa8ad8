"""The framework's log in front of the logging module."""

from __future__ import annotations

import io
import logging
import pickle
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from svcctl.application import log
from svcctl.application.logfile import LogFile
from svcctl.application.observing.handlers import ObserverHandler, as_handler
from svcctl.application.service import Application

Events = list[dict[str, Any]]


@pytest.fixture(autouse=True)
def root(monkeypatch: pytest.MonkeyPatch) -> logging.Logger:
    """Have a root logger without handlers, as a process has at first, and give it."""
    logger = logging.getLogger()
    monkeypatch.setattr(logger, "handlers", [])
    monkeypatch.setattr(logger, "level", logging.DEBUG)
    logging.getLogger("svcctl")._cache.clear()  # type: ignore[attr-defined]  # levels are remembered
    logging.getLogger("svcctl.application.log")._cache.clear()  # type: ignore[attr-defined]  # the same
    return logger


@pytest.fixture
def events() -> Iterator[Events]:
    """Give the events of which an observer is told."""
    told: Events = []
    log.addObserver(told.append)
    yield told
    log.removeObserver(told.append)


@pytest.fixture
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Be in Greenwich."""
    with monkeypatch.context() as patched:
        patched.setenv("TZ", "UTC")
        time.tzset()
        yield
    time.tzset()


def test_a_message_is_an_event(events: Events) -> None:
    """With the entries that observers expect, and those that were given."""
    log.msg("sold", 3, system="shop", customer="Ada")
    (event,) = events
    assert isinstance(event.pop("time"), float)
    assert event == {"message": ("sold", 3), "system": "shop", "isError": 0, "customer": "Ada"}


def test_a_message_is_a_record(root: logging.Logger, caplog: pytest.LogCaptureFixture) -> None:
    """From the module that logs it, at its line; the system stands for the module."""
    root.addHandler(caplog.handler)
    log.msg("one % of", "all")
    log.msg("two", system="shop")
    log.msg("three", isError=1)
    log.msg("four", logLevel=logging.DEBUG)
    found = [(record.name, record.levelname, record.getMessage()) for record in caplog.records]
    assert found == [
        (__name__, "INFO", "one % of all"),
        ("shop", "INFO", "two"),
        (__name__, "ERROR", "three"),
        (__name__, "DEBUG", "four"),
    ]
    assert {record.pathname for record in caplog.records} == {__file__}


def test_an_exception_is_an_error_with_its_traceback(
    root: logging.Logger, events: Events, caplog: pytest.LogCaptureFixture
) -> None:
    """The one that is given, or the one that is being handled."""
    root.addHandler(caplog.handler)
    try:
        dict[str, int]()["Ada"]
    except KeyError as error:
        log.err()
        log.err(error, "no such customer")
    assert [event["why"] for event in events] == [None, "no such customer"]
    assert all(type(event["failure"]) is KeyError for event in events)
    assert [record.getMessage() for record in caplog.records] == ["Unhandled Error", "no such customer"]
    assert all(record.exc_info and record.exc_info[0] is KeyError for record in caplog.records)
    text = log.textFromEventDict(events[1])
    assert text is not None
    assert text.startswith("no such customer\nTraceback")
    assert text.endswith("KeyError: 'Ada'")


def test_an_error_that_is_no_exception_is_shown(events: Events) -> None:
    """As Python shows it."""
    log.err("a text")
    assert (events[0]["message"], events[0]["isError"]) == (("'a text'",), 1)


@pytest.mark.parametrize(
    ("event", "text"),
    [
        ({"message": ("a", 1)}, "a 1"),
        ({"message": (), "format": "%(x)s!", "x": 1}, "1!"),
        ({"message": (), "format": "%(y)s", "x": 1}, "a log call cannot be formatted ('y'): '%(y)s'"),
        ({"message": ()}, None),
        ({"message": (), "isError": 1}, None),
        ({"message": (), "isError": 1, "failure": "text of a failure"}, "Unhandled Error\ntext of a failure"),
    ],
)
def test_the_text_of_an_event(event: dict[str, Any], text: str | None) -> None:
    """Its message, its format, its failure, or nothing."""
    assert log.textFromEventDict(event) == text


def test_an_event_without_text_is_no_record(root: logging.Logger, caplog: pytest.LogCaptureFixture) -> None:
    """There is nothing to be said."""
    root.addHandler(caplog.handler)
    log.msg(customer="Ada")
    assert caplog.records == []


def test_observers_are_told_of_every_record(events: Events) -> None:
    """Those of the logging module are events, too."""
    logging.getLogger("shop.counter").warning("sold %d", 3)
    try:
        int("closed")
    except ValueError:
        logging.getLogger("shop.counter").exception("no sale")
    first, second = events
    assert first["message"] == ("sold 3",)
    assert (first["system"], first["isError"], first["logLevel"]) == ("shop.counter", 0, logging.WARNING)
    assert second["isError"] == 1
    assert second["message"][0].startswith("no sale\nTraceback")
    assert repr(second["failure"]).startswith("ValueError(")


def test_an_observer_is_told_once_until_it_is_removed(events: Events) -> None:
    """However often it was added; removing another one does nothing."""
    log.addObserver(events.append)
    log.msg("one")
    log.removeObserver(print)
    log.removeObserver(events.append)
    log.msg("two")
    assert [event["message"] for event in events] == [("one",)]


def test_an_observer_that_raises_does_no_harm_to_the_others(
    events: Events, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nor to whoever logs; stderr says so."""

    def broken(_event: dict[str, Any]) -> None:
        raise ValueError("broken observer")

    log.addObserver(broken)
    log.msg("hello")
    assert events[0]["message"] == ("hello",)
    assert "broken observer" in capsys.readouterr().err


@pytest.mark.usefixtures("utc")
def test_events_are_lines_of_a_file() -> None:
    """Further lines are indented; what has no text is left out; nothing commands a terminal."""
    file = io.StringIO()
    observer = log.FileLogObserver(file)
    for message in (("one\ntwo",), (), ("\x1b[2J",)):
        observer.emit({"message": message, "time": 0.0, "system": "a\nb", "isError": 0})
    observer.timeFormat = "%H:%M"
    observer.emit({"message": ("three",), "time": 60.0})
    assert file.getvalue() == (
        "1970-01-01 00:00:00+0000 [a b] one\n\ttwo\n1970-01-01 00:00:00+0000 [a b] ?[2J\n00:01 [-] three\n"
    )


def test_a_file_observer_can_be_started_and_stopped() -> None:
    """By itself, as others are added."""
    file = io.StringIO()
    observer = log.FileLogObserver(file)
    observer.start()
    log.msg("one")
    observer.stop()
    log.msg("two")
    assert file.getvalue().endswith("[-] one\n")


def test_logging_can_be_started_with_what_is_printed(
    root: logging.Logger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Line by line, stderr as errors."""
    monkeypatch.setattr(sys, "stdout", sys.stdout)
    monkeypatch.setattr(sys, "stderr", sys.stderr)
    monkeypatch.setattr(root, "level", logging.WARNING)
    monkeypatch.setattr(root, "handlers", [])  # without those of pytest
    file, told = io.StringIO(), Events()
    log.startLogging(file)
    log.addObserver(told.append)
    print("one\ntwo", end="")  # noqa: T201 (that is what is tested)
    print(" three")  # noqa: T201 (the same)
    print("four", file=sys.stderr)  # noqa: T201 (the same)
    logging.getLogger("shop").info("five")
    assert [line.split("] ")[1] for line in file.getvalue().splitlines()] == [
        "Log opened.",
        "one",
        "two three",
        "four",
        "five",
    ]
    assert [event["isError"] for event in told] == [0, 0, 1, 0]


def test_logging_that_writes_to_what_it_has_replaced_ends(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An observer that fails is reported on stderr, which is the log: on the one that was there before."""
    monkeypatch.setattr(sys, "stdout", sys.stdout)
    monkeypatch.setattr(sys, "stderr", sys.stderr)
    calls = Events()

    def broken(event: dict[str, Any]) -> None:
        calls.append(event)
        raise ValueError("broken observer")

    log.startLoggingWithObserver(broken)
    print("one")  # noqa: T201 (that is what is tested)
    assert [event["message"] for event in calls] == [("Log opened.",), ("one",)]
    assert capsys.readouterr().err.count("ValueError: broken observer") == 2


def test_a_component_is_a_handler_a_callable_or_an_observer() -> None:
    """Anything else is none."""

    class Legacy:
        """An observer of the oldest kind."""

        def __init__(self) -> None:
            self.told = Events()

        def emit(self, event: dict[str, Any]) -> None:
            """Be told."""
            self.told.append(event)

    handler, legacy = logging.NullHandler(), Legacy()
    assert as_handler(handler) is handler
    made = as_handler(legacy)
    assert isinstance(made, ObserverHandler)
    made.handle(logging.makeLogRecord({"msg": "hello", "levelno": logging.INFO}))
    assert legacy.told[0]["message"] == ("hello",)
    assert isinstance(as_handler(print), ObserverHandler)
    assert [as_handler(wrong) for wrong in (None, "log", 3, Legacy)] == [None] * 4


def test_the_observer_of_an_application_is_found_by_its_interface(tmp_path: Path) -> None:
    """And saved with it."""
    application = Application("shop")
    file = LogFile("log", str(tmp_path))
    application.setComponent(log.ILogObserver, log.FileLogObserver(file).emit)
    observer = application.getComponent(log.ILogObserver)
    assert isinstance(observer, log.ILogObserver)
    file.close()
    loaded = pickle.loads(pickle.dumps(observer))  # noqa: S301 (our own)
    loaded({"message": ("hello",), "time": 0.0, "isError": 0})
    loaded.__self__.file.close()
    assert (tmp_path / "log").read_text().endswith(" [-] hello\n")


def test_a_request_reaches_the_observer_s_file(tmp_path: Path) -> None:
    """If it can be rotated at all."""
    file = LogFile("log", str(tmp_path))
    handler = as_handler(log.FileLogObserver(file).emit)
    assert isinstance(handler, ObserverHandler)
    handler.renew()
    assert file.listLogs() == [1]
    file.close()
    for other in (log.FileLogObserver(io.StringIO()).emit, print):
        plain = as_handler(other)
        assert isinstance(plain, ObserverHandler)
        plain.renew()
