"""What an init system makes of a service: a state machine without clock, process or socket.

It follows systemd's for ``Type=notify-reload`` without ``Restart=``; ``tests/systemd/test_simulated.py`` holds it to
the real one. Whoever drives it gives the time, and carries out the signals that it returns.

Source: sd_notify(3), systemd.service(5), the behaviour of systemd 252 and 257.
"""

from __future__ import annotations

import enum
import signal
from collections.abc import Mapping
from typing import NamedTuple

#: Signals that end a service as well as exit status 0 does.
CLEAN_SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGHUP", "SIGINT", "SIGTERM", "SIGPIPE") if hasattr(signal, name)
)

_LONGEST_NUMBER = 20


class Limits(NamedTuple):
    """How patient the init system is, in seconds; 0 for without end.

    Attributes:
        start: ``TimeoutStartSec=``: until ``READY=1``; for a reload, too.
        stop: ``TimeoutStopSec=``: from SIGTERM to SIGKILL.
        watchdog: ``WatchdogSec=``: between two ``WATCHDOG=1``.
    """

    start: float = 30.0
    stop: float = 30.0
    watchdog: float = 0.0


class Phase(enum.Enum):
    """The states, named as ``ActiveState=`` names them."""

    INACTIVE = "inactive"
    STARTING = "activating"
    RUNNING = "active"
    RELOADING = "reloading"
    STOPPING = "deactivating"
    FAILED = "failed"


class Order(NamedTuple):
    """Send this signal to the main process."""

    signal: signal.Signals
    reason: str


class Unit:
    """One service in the eyes of its init system.

    Attributes:
        phase: Its state.
        result: The first thing that went wrong in this run, as ``Result=`` has it; ``success`` if nothing did.
        reason: Why it is in this state; empty if that is what was asked for.
        reload_failed: Why the last reload failed; empty if it did not.
        status: Its last status text.
        errno: The last error number it sent; 0 if there is none.
    """

    def __init__(self, limits: Limits, *, notifies: bool = True) -> None:
        self._limits = limits
        self._notifies = notifies
        self._begin_anew()

    def _begin_anew(self) -> None:
        self.phase = Phase.INACTIVE
        self.result = "success"
        self.reason = ""
        self.reload_failed = ""
        self.status = ""
        self.errno = 0
        self._deadline: float | None = None
        self._watchdog = self._limits.watchdog
        self._ping_due: float | None = None
        self._asked_to_reload: float | None = None
        self._last_resort = False

    @property
    def due(self) -> float | None:
        """The time at which :meth:`tick` wants to be called next."""
        times = [time for time in (self._deadline, self._ping_due) if time is not None]
        return min(times, default=None)

    @property
    def ended(self) -> bool:
        """Whether no process of it is left."""
        return self.phase in {Phase.INACTIVE, Phase.FAILED}

    def launched(self, now: float) -> None:
        """Take note that its process was started."""
        self._begin_anew()
        if self._notifies:
            self._enter(Phase.STARTING, _after(now, self._limits.start))
        else:
            self._enter(Phase.RUNNING)

    def message(self, now: float, fields: Mapping[str, str]) -> Order | None:
        """Take in what the main process said, and return what that leads to."""
        for state in ("STOPPING", "READY", "RELOADING"):  # the first of them counts
            if fields.get(state) == "1":
                self._state_told(now, state, fields)
                break
        self.status = fields.get("STATUS", self.status)
        self.errno = _number(fields.get("ERRNO")) or self.errno
        if (more := _number(fields.get("EXTEND_TIMEOUT_USEC"))) is not None:
            self._extend(now + more / 1_000_000)
        if (limit := _number(fields.get("WATCHDOG_USEC"))) is not None:
            self._watchdog = limit / 1_000_000
            self._ping(now)
        if fields.get("WATCHDOG") == "1":
            self._ping(now)
        elif fields.get("WATCHDOG") == "trigger" and not self.ended:
            return self._abort(now, "the service asked for it")
        return None

    def stop(self, now: float) -> Order | None:
        """Ask it to stop."""
        if self.ended or self.phase is Phase.STOPPING:
            return None
        return self._end(now, signal.SIGTERM, "stop")

    def reload(self, now: float) -> Order | None:
        """Ask it to reload, if it runs."""
        if self.phase is not Phase.RUNNING:
            return None
        self.reload_failed = ""
        self._asked_to_reload = now
        self.phase = Phase.RELOADING
        self._deadline = _after(now, self._limits.start)
        return Order(signal.SIGHUP, "reload")

    def main_ended(self, code: int | None, *, core: bool) -> None:
        """Take note that its main process has ended, ``None`` for nobody knows how; others may be left."""
        unannounced = self.phase is Phase.STARTING
        if code is not None and code != 0 and -code not in CLEAN_SIGNALS:
            killed = "core-dump" if core else "signal"
            self._fail("exit-code" if code > 0 else killed)
        elif unannounced:
            self._fail("protocol")
        self._enter(Phase.STOPPING)

    def all_ended(self) -> None:
        """Take note that nothing of it is left."""
        failed = self.result != "success"
        self._enter(Phase.FAILED if failed else Phase.INACTIVE)
        self.reason = self.result if failed else ""

    def tick(self, now: float) -> Order | None:
        """Look at the clock; return what that leads to."""
        if self._ping_due is not None and now >= self._ping_due:
            return self._abort(now, f"no sign of life for {self._watchdog:g} s")
        if self._deadline is None or now < self._deadline:
            return None
        match self.phase:
            case Phase.STARTING:
                self._fail("timeout")
                return self._end(now, signal.SIGTERM, "start limit")
            case Phase.RELOADING:
                self.reload_failed = "it took longer than the limit"
                self._deadline = None
                if self._asked_to_reload is not None:  # else it has said that it reloads, and is believed
                    self._enter_running()
                return None
            case _:
                return self._kill()

    def _kill(self) -> Order | None:
        self._deadline = None
        self._fail("timeout")
        return Order(signal.SIGKILL, "stop limit")

    def _state_told(self, now: float, state: str, fields: Mapping[str, str]) -> None:
        match state, self.phase:
            case "READY", Phase.STARTING:
                self._enter_running()
                self._ping(now)
            case "READY", Phase.RELOADING if self._reload_begun(fields) or self._asked_to_reload is None:
                self._enter_running()
            case "RELOADING", Phase.RUNNING:
                self.phase = Phase.RELOADING
                self._deadline = _after(now, self._limits.start)
            case "RELOADING", Phase.RELOADING if self._reload_begun(fields):
                self._asked_to_reload = None
                self._deadline = _after(now, self._limits.start)
            case "STOPPING", Phase.RUNNING | Phase.RELOADING:
                self._enter(Phase.STOPPING, _after(now, self._limits.stop))

    def _reload_begun(self, fields: Mapping[str, str]) -> bool:
        """Return whether a message says that the reload that was asked for has begun."""
        if self._asked_to_reload is None or fields.get("RELOADING") != "1":
            return False
        stamp = _number(fields.get("MONOTONIC_USEC"))
        return stamp is not None and stamp >= int(self._asked_to_reload * 1_000_000)

    def _enter(self, phase: Phase, deadline: float | None = None) -> None:
        """Enter a state in which it is not expected to say that it is alive."""
        self.phase = phase
        self.reason = ""
        self._deadline = deadline
        self._ping_due = None
        self._asked_to_reload = None

    def _enter_running(self) -> None:
        self.phase = Phase.RUNNING
        self._deadline = None
        self._asked_to_reload = None

    def _end(self, now: float, number: signal.Signals, reason: str) -> Order:
        self._enter(Phase.STOPPING, _after(now, self._limits.stop))
        return Order(number, reason)

    def _abort(self, now: float, reason: str) -> Order:
        self._fail("watchdog")
        return self._end(now, signal.SIGABRT, f"watchdog: {reason}")

    def _ping(self, now: float) -> None:
        if self._watchdog and self.phase in {Phase.RUNNING, Phase.RELOADING}:
            self._ping_due = now + self._watchdog

    def _extend(self, until: float) -> None:
        if self._deadline is not None:
            self._deadline = max(self._deadline, until)
        if self._ping_due is not None:
            self._ping_due = max(self._ping_due, until)

    def _fail(self, result: str) -> None:
        if self.result == "success":
            self.result = result


def _after(now: float, limit: float) -> float | None:
    return now + limit if limit else None


def _number(text: str | None) -> int | None:
    """Return a number of a message; ``None`` if it is none that systemd takes."""
    if text is None or not (text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER):
        return None
    value = int(text)
    return value if value < 2**64 - 1 else None
