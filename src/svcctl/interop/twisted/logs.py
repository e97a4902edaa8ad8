"""Twisted's log as records of :mod:`logging`: with its severities, and its fields as facts.

The log begins when an application is about to run, with what was logged before. An application that has begun it
by itself, or that has an ``ILogObserver``, keeps its own observers.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from twisted.logger import ILogObserver as NewObserver
from twisted.logger import (
    LegacyLogObserverWrapper,
    LogLevel,
    STDLibLogObserver,
    formatEvent,
    globalLogBeginner,
    globalLogPublisher,
)
from twisted.python.log import ILogObserver as OldObserver
from twisted.python.log import PythonLoggingObserver

from svcctl.errors import ApplicationLoadError

if TYPE_CHECKING:
    from svcctl.interop.twisted.reactor import Driven

_LEVELS = {
    LogLevel.debug: logging.DEBUG,
    LogLevel.info: logging.INFO,
    LogLevel.warn: logging.WARNING,
    LogLevel.error: logging.ERROR,
    LogLevel.critical: logging.CRITICAL,
}

#: What is set in an error that is not to be logged.
_TOLD = "_svcctl_told"

#: Keys of the events that ``twisted.python.log`` makes, beside those that begin with ``log_``.
_LEGACY = {"message", "time", "system", "isError", "format", "logLevel", "failure", "why", "printed"}


def observer_of(application: Any) -> Any:  # noqa: ANN401 (whatever the application has)
    """Return the log observer of an application, as Twisted calls it; ``None`` if it has none.

    Raises:
        ApplicationLoadError: What it has is none.
    """
    component = getattr(application, "getComponent", None)
    found = component and (component(OldObserver, None) or component(NewObserver, None))
    if not found:
        return None
    if not callable(found):
        raise ApplicationLoadError(
            f"the application's ILogObserver is no log observer: {found!r}",
            hint="make it a callable that takes an event",
        )
    return found if NewObserver.providedBy(found) else LegacyLogObserverWrapper(found)


def begin(observer: Any, reactor: Driven) -> None:  # noqa: ANN401 (the same)
    """Begin Twisted's log, unless that was done.

    Args:
        observer: What gets the events; ``None``: they become records.
        reactor: What is asked to stop where code raises ``SystemExit``, which Twisted only logs.
    """
    if getattr(globalLogBeginner, "_temporaryObserver", None) is not None:
        heard = observer or (None if _makes_records() else record)
        said = globalLogBeginner._initialBuffer  # noqa: SLF001 (whoever observes already has heard what is in it)
        globalLogBeginner.beginLoggingTo(
            [heard] if heard else [], discardBuffer=True, redirectStandardIO=False
        )
        if heard:
            said.replayTo(heard)
    elif observer is not None:
        globalLogPublisher.addObserver(observer)
    globalLogPublisher.addObserver(_exits(reactor))


def _makes_records() -> bool:
    """Tell whether the application has an observer that makes records by itself."""
    return any(
        isinstance(getattr(each, "legacyObserver", each), STDLibLogObserver)
        or isinstance(getattr(getattr(each, "legacyObserver", None), "__self__", None), PythonLoggingObserver)
        for each in globalLogPublisher._observers  # noqa: SLF001 (nothing else names them)
    )


def _exits(reactor: Driven) -> Callable[[Mapping[str, Any]], None]:
    def observe(event: Mapping[str, Any]) -> None:
        value = getattr(_failure(event), "value", None)
        if isinstance(value, SystemExit):
            reactor.exit(value.code)

    return observe


def _failure(event: Mapping[str, Any]) -> Any:  # noqa: ANN401 (a Failure, or nothing)
    return event.get("log_failure") or event.get("failure")


def record(event: Mapping[str, Any]) -> None:
    """Log an event of Twisted's as a record, in the name of the module that it comes from."""
    namespace = event.get("log_namespace") or "twisted"
    logger = logging.getLogger("twisted" if namespace == "log_legacy" else namespace)
    level = _LEVELS.get(event.get("log_level"), logging.INFO)
    if not logger.isEnabledFor(level):
        return
    failure = _failure(event)
    value = getattr(failure, "value", None)
    if isinstance(value, SystemExit) or _TOLD in getattr(value, "__dict__", ()):
        return  # no error: the process ends as it was asked to; or the error of a service, which is told as that
    text, cause = formatEvent(event), None
    if failure is not None:
        cause = (failure.type, failure.value, failure.getTracebackObject())
        if "isError" in event:  # of the old log: its words have the traceback in them
            text = str(event.get("why") or "")
        text = text or f"{failure.type.__name__}: {failure.value}"
    made = logger.makeRecord(logger.name, level, "(twisted)", 0, text, (), cause, extra=_facts(event))
    made.created = event.get("log_time", made.created)
    logger.handle(made)


def told(error: BaseException) -> None:
    """Leave an error out of the log: it is told as the failure of a service."""
    with contextlib.suppress(AttributeError):  # of a class that keeps nothing else
        setattr(error, _TOLD, True)


def _facts(event: Mapping[str, Any]) -> dict[str, object]:
    """Return the fields of an event that are plain values, as facts of a record."""
    facts: dict[str, object] = {
        f"svcctl_{key}": value
        for key, value in event.items()
        if not key.startswith("log_") and key not in _LEGACY and isinstance(value, str | int | float)
    }
    system = event.get("log_system") or event.get("system")
    if isinstance(system, str) and system not in ("-", event.get("log_namespace")):
        facts["svcctl_system"] = system
    return facts
