"""What is logged by an application of Twisted's is in the log once."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.contract.twisted.conftest import plain

Ending = Callable[[str], tuple[int | None, str, list[str]]]

LATER = """
Logger("till").warn("three coins")
reactor.callLater(0, Logger("till").error, "two coins")
reactor.callLater(0.1, reactor.stop)
"""


OLD = "from twisted.python import log; log.PythonLoggingObserver().start()"
NEW = "from twisted.logger import STDLibLogObserver as Makes, globalLogPublisher as all; all.addObserver(Makes())"


@pytest.mark.parametrize("observer", [OLD, NEW], ids=["old", "new"])
def test_an_observer_that_makes_records_is_the_only_one(failing: Ending, observer: str) -> None:
    """They come to the same log, so nothing of ours makes them a second time."""
    status, log, _ = failing(observer + LATER)
    assert status == 0
    assert log.count("three coins") == log.count("two coins") == 1


def test_an_observer_of_the_file_gets_what_was_logged_before_the_start_once(failing: Ending) -> None:
    """What is played again is for those who have not heard it."""
    observer = """
from twisted.logger import globalLogPublisher
globalLogPublisher.addObserver(lambda event: event["log_namespace"] == "till" and say(event["log_format"]))
"""
    status, log, said = failing(observer + LATER)
    assert (status, said) == (0, ["three coins", "two coins"])
    assert log.count("three coins") == log.count("two coins") == 1


ENDPOINT = "internet.StreamServerEndpointService(endpoints.TCP4ServerEndpoint(reactor, 7, interface='192.0.2.1'), factory)"


@pytest.mark.parametrize(
    ("broken", "status", "message"),
    [
        (ENDPOINT, 69, "cannot listen on tcp:7:interface=192.0.2.1"),
        ("internet.TimerService(9, lambda: int('coin'))", 70, "invalid literal for int()"),
    ],
    ids=["endpoint", "timer"],
)
def test_a_failure_that_is_a_services_is_told_as_that_alone(
    failing: Ending, broken: str, status: int, message: str
) -> None:
    """Twisted, which would only log it, is not heard."""
    code, log, _ = failing(f"add({broken})")
    assert code == status
    assert sum(message in line for line in log.splitlines() if " error " in line) == 1
    assert "critical" not in log


def test_a_failure_has_its_traceback_once(failing: Ending) -> None:
    """The words of the old log have it in them, too."""
    source = """
from twisted.python import log
def count(*words):
    try:
        int("coin")
    except ValueError:
        log.err(None, *words)
reactor.callLater(0, count)
reactor.callLater(0, count, "counting")
reactor.callLater(0.1, reactor.stop)
"""
    status, log, _ = failing(source)
    assert status == 0
    assert "critical twisted: ValueError: invalid literal" in plain(log)
    assert "critical twisted: counting" in plain(log)
    assert log.count("Traceback (most recent call last)") == 2
