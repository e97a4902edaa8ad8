"""What happens between an init system and a service: the lines of a transcript, as typed values.

Each has the time at which it happened, in seconds of the monotonic clock, and says itself in one line.
"""

from __future__ import annotations

import signal
from collections.abc import Iterable
from typing import NamedTuple, TypeAlias

from svcctl.wording import counted


class Launched(NamedTuple):
    """A process was started.

    Attributes:
        time: When.
        pid: Its number.
        descriptors: Names of what it was handed over, in order from descriptor 3 on.
    """

    time: float
    pid: int
    descriptors: tuple[str, ...]

    def __str__(self) -> str:
        handed = f" with {', '.join(self.descriptors)}" if self.descriptors else ""
        return f"started process {self.pid}{handed}"


class Message(NamedTuple):
    """The main process said something, and was believed.

    Attributes:
        time: When it arrived.
        fields: Its ``KEY=value`` lines; of a repeated key the first one.
        pid: Who sent it.
        descriptors: How many descriptors came along.
    """

    time: float
    fields: dict[str, str]
    pid: int
    descriptors: int = 0

    def __str__(self) -> str:
        attached = f" ({counted(self.descriptors, 'descriptor')})" if self.descriptors else ""
        return f"< {_one_line(self.fields)}{attached}"


class Ignored(NamedTuple):
    """A message, or a part of one, had no effect.

    Attributes:
        time: When it arrived.
        fields: What could be read of it.
        pid: Who sent it.
        reason: Why it was not believed.
    """

    time: float
    fields: dict[str, str]
    pid: int
    reason: str

    def __str__(self) -> str:
        return f"< {_one_line(self.fields)} from process {self.pid} ignored: {self.reason}"


class Stored(NamedTuple):
    """A descriptor was taken into the store."""

    time: float
    name: str

    def __str__(self) -> str:
        return f"stored a descriptor as {self.name}"


class Dropped(NamedTuple):
    """A descriptor left the store, or was not taken into it."""

    time: float
    name: str
    reason: str

    def __str__(self) -> str:
        return f"dropped the descriptor {self.name}: {self.reason}"


class Signalled(NamedTuple):
    """A signal was sent to the main process; SIGKILL of a stop goes to all it has started, too."""

    time: float
    signal: signal.Signals
    pid: int
    reason: str

    def __str__(self) -> str:
        return f"> {self.signal.name} ({self.reason})"


class Exited(NamedTuple):
    """A process ended.

    Attributes:
        time: When that was seen.
        pid: Its number.
        code: Its exit status; the negative number of a signal that killed it; ``None`` if its parent took the
            status away.
        core: It dumped core.
        main: It was the main process.
    """

    time: float
    pid: int
    code: int | None
    core: bool = False
    main: bool = True

    def __str__(self) -> str:
        who = "the main process" if self.main else f"process {self.pid}"
        return f"{who} {how_it_ended(self.code)}"


class Changed(NamedTuple):
    """The service is in another state.

    Attributes:
        time: When.
        state: ``activating``, ``active``, ``reloading``, ``deactivating``, ``inactive`` or ``failed``, as systemd's
            ``ActiveState=`` has it.
        reason: Why; empty if it is what was asked for.
    """

    time: float
    state: str
    reason: str = ""

    def __str__(self) -> str:
        return f"{self.state}: {self.reason}" if self.reason else self.state


Event: TypeAlias = Launched | Message | Ignored | Stored | Dropped | Signalled | Exited | Changed


def how_it_ended(code: int | None) -> str:
    """Return how a process ended, for people.

    Example:
        >>> how_it_ended(70), how_it_ended(-9)
        ('ended with status 70', 'was killed by SIGKILL')
    """
    if code is None:
        return "ended, nobody knows how"
    if code >= 0:
        return f"ended with status {code}"
    known = -code in set(signal.Signals)
    return f"was killed by {signal.Signals(-code).name if known else f'signal {-code}'}"


def render(events: Iterable[Event]) -> str:
    """Return a transcript as text: a line each, with the seconds since the first.

    Example:
        >>> print(render([Launched(5.0, 77, ("web",)), Message(5.25, {"READY": "1"}, 77)]))
           0.000  started process 77 with web
           0.250  < READY=1
    """
    listed = list(events)
    return "\n".join(line(event, listed[0].time) for event in listed)


def line(event: Event, zero: float) -> str:
    """Return the line of one event; ``zero`` is the time to count from."""
    return f"{event.time - zero:8.3f}  {event}"


def _one_line(fields: dict[str, str]) -> str:
    return " ".join(f"{key}={value}" for key, value in fields.items()) or "nothing that can be read"
