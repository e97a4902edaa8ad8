"""Handlers of the logging module that pass records on to the observers of legacy applications, as event dicts."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

#: Attribute of a record that came as an event: the event itself.
EVENT = "legacy_event"

EventDict = dict[str, Any]
Observer = Callable[[EventDict], object]


class ObserverHandler(logging.Handler):
    """Calls an observer with an event dict for each record.

    Records of ``msg`` and ``err`` arrive as the events they were. Of all others, ``message`` is the whole text as
    the handler's formatter has it, ``system`` the name of the logger, ``isError`` 1 from ERROR on, ``failure`` the
    exception if there is one.

    Args:
        observer: Called with one argument. What it raises is handled as an error of any handler is.

    Raises:
        SvcctlError: It is the observer of an application that was saved, and its file cannot be opened.
    """

    def __init__(self, observer: Observer) -> None:
        super().__init__()
        self.observer = observer
        # Now, while paths and rights are those that its file was saved with.
        open_again = self._hook("open_again")
        if open_again is not None:
            open_again()

    def emit(self, record: logging.LogRecord) -> None:
        """Pass a record on."""
        try:
            self.observer(self._event(record))
        except Exception:  # noqa: BLE001 (an observer is the application's)
            self.handleError(record)

    def renew(self) -> None:
        """Have the observer's log file rotated, or opened again if somebody else has rotated it."""
        renew = self._hook("renew")
        if renew is not None:
            renew()

    def _hook(self, name: str) -> Callable[[], object] | None:
        """Return a method of the object that the observer is, or is a method of."""
        hook = getattr(getattr(self.observer, "__self__", self.observer), name, None)
        return hook if callable(hook) else None

    def _event(self, record: logging.LogRecord) -> EventDict:
        event = getattr(record, EVENT, None)
        if event is not None:
            return dict(event)
        found = {
            "message": (self.format(record),),
            "time": record.created,
            "system": record.name,
            "isError": int(record.levelno >= logging.ERROR),
            "logLevel": record.levelno,
        }
        if record.exc_info:
            found["failure"] = record.exc_info[1]
        return found


def as_handler(component: object) -> logging.Handler | None:
    """Return the handler for what an application, or ``--logger``, gives as its log.

    Args:
        component: A handler of the logging module, a callable that takes an event dict, or an object with a method
            ``emit`` that does.

    Returns:
        The handler itself, or one that passes records on; ``None`` if it is nothing of the kind.
    """
    if isinstance(component, logging.Handler):
        return component
    emit = component if callable(component) else getattr(component, "emit", None)
    # A class, or the interface itself, is called to make an observer, not to observe.
    return ObserverHandler(emit) if callable(emit) and not isinstance(component, type) else None
