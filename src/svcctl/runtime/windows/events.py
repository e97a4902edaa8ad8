"""The named events that the service host and its application share; only Windows can import this.

The application sets the first three, the host the others. A prefix is new for each start and nobody can guess it, so
that nobody else can have the names first. Source: "Event Objects" on learn.microsoft.com.
"""

from __future__ import annotations

import contextlib
import enum
import secrets
from collections.abc import Callable

from svcctl.runtime.windows import calls

_SYNCHRONIZE_AND_MODIFY = 0x00100000 | 0x0002


class Name(enum.Enum):
    """What an event says; those that stay set are true from then on."""

    READY = "ready"
    PROGRESS = "progress"
    ALIVE = "alive"
    STOP = "stop"
    RELOAD = "reload"


_STAYING = (Name.READY, Name.STOP)


class Events:
    """The handles of one start's events; to be closed.

    Attributes:
        prefix: What their names begin with.
        handles: One for each name.
    """

    def __init__(self, prefix: str, handles: dict[Name, int]) -> None:
        self.prefix = prefix
        self.handles = handles

    def set(self, name: Name) -> None:
        """Say it."""
        calls.set_event(self.handles[name])

    def close(self) -> None:
        """Close the handles; the events go with the last of these."""
        for handle in self.handles.values():
            with contextlib.suppress(OSError):
                calls.close_handle(handle)
        self.handles = {}


def create() -> Events:
    """Make the events for one start.

    Raises:
        OSError: Windows has none to give.
    """
    prefix = f"Local\\svcctl-{secrets.token_hex(16)}"
    return _events(prefix, lambda name, path: calls.create_event(None, name in _STAYING, 0, path))


def join(prefix: str) -> Events:
    """Open the events that a host has made; for the application.

    Raises:
        OSError: There are none of that name.
    """
    return _events(prefix, lambda _name, path: calls.open_event(_SYNCHRONIZE_AND_MODIFY, 0, path))


def _events(prefix: str, handle: Callable[[Name, str], int]) -> Events:
    events = Events(prefix, {})
    try:
        for name in Name:
            events.handles[name] = handle(name, f"{prefix}-{name.value}")
    except OSError:
        events.close()
        raise
    return events
