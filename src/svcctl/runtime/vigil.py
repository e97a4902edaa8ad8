"""What the watchdog of a process looks at and whom it tells. Loaded only where an init system watches, after READY."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

from svcctl.application.tree import heartbeat
from svcctl.application.tree.record import record_of
from svcctl.runtime import logs
from svcctl.runtime.machine import Phase, status_line
from svcctl.runtime.watching import Silent, Watchdog

if TYPE_CHECKING:
    from svcctl.runtime.runner import Process

_log = logging.getLogger(__name__)

#: What the records about it have as their ``svcctl_code``.
CODE = "watchdog"

_WATCHED = (Phase.READY, Phase.RELOADING)


def begin(process: Process, limit: float) -> None:
    """Watch over a process, from now until it ends.

    Args:
        process: The process.
        limit: Seconds within which the init system wants a ping.
    """
    watchdog = Watchdog(limit, process.loop, Vigil(process, limit))

    def begun() -> None:
        with contextlib.suppress(RuntimeError):  # the loop is gone: a thread beats longer than anybody looks
            process.loop.call_soon_threadsafe(watchdog.hasten)

    def end(_: object) -> None:
        heartbeat.begun.remove(begun)
        watchdog.end()

    heartbeat.begun.append(begun)
    process.ended.add_done_callback(end)
    watchdog.begin()


class Vigil:
    """The process around a watchdog: its tree, its init system, its journal.

    Args:
        process: The process.
        limit: Seconds within which the init system wants a ping.
    """

    def __init__(self, process: Process, limit: float) -> None:
        self._process = process
        self._limit = limit
        self._thread = threading.get_ident()

    def ping(self) -> None:
        """Say that all is well."""
        self._process.notifier.send("WATCHDOG=1")

    def look(self) -> tuple[Sequence[heartbeat.Silence], float]:
        """Return the services that are silent, and the seconds until another one may be."""
        default = self._process.application.watchdog_timeout or self._limit
        return heartbeat.look(record_of(self._process.root), default)

    def condemn(self, silent: Sequence[Silent], lag: float) -> None:
        """Tell where everything stands and have the init system end the application now."""
        if self._process.state.phase in _WATCHED:
            reason = "; ".join(map(str, silent)) or self._standstill(lag)
            self._tell(reason, silent[0].path if silent else "")
            self._process.notifier.send("WATCHDOG=trigger")

    def blocked(self, lasted: float, left: float) -> None:
        """Tell where everything stands, from another thread, since the loop is about to miss its limit."""
        if self._process.state.phase in _WATCHED:
            from svcctl.runtime import stacks  # noqa: PLC0415 (only when something hangs)

            where = stacks.place(self._thread)
            self._tell(f"{self._standstill(lasted)} and is at {where}; {left:.2g} s are left", "")

    def recovered(self, lasted: float) -> None:
        """Take back what was told last: all is well again."""
        _log.warning("the application answers again", extra={"svcctl_seconds": round(lasted, 3)})
        if self._process.state.phase is Phase.READY:
            self._process.notifier.send(self._process.state.serving.partition("\n")[2])

    def _standstill(self, lasted: float) -> str:
        return f"the event loop has not answered for {lasted:.3g} s (limit {self._limit:g} s)"

    def _tell(self, reason: str, path: str) -> None:
        self._process.notifier.send(status_line(f"watchdog: {reason}"))
        message = f"watchdog: {reason}\n{self._stacks()}"
        extra = {"svcctl_code": CODE} | ({"svcctl_path": path} if path else {})
        record = _log.makeRecord(_log.name, logging.CRITICAL, __file__, 0, message, (), None, extra=extra)
        for handler in tuple(logging.getLogger().handlers):
            if not (isinstance(handler.formatter, logs.PriorityFormatter) and self._sent(record)):
                handler.handle(record)

    def _stacks(self) -> str:
        from svcctl.runtime import stacks  # noqa: PLC0415 (only when something hangs)

        try:
            return stacks.text(self._process.loop, record_of(self._process.root))
        except Exception as error:  # noqa: BLE001 (the tree is read while others may change it; the reason is told all the same)
            return f"where everything stands cannot be told: {type(error).__name__}: {error}"

    def _sent(self, record: logging.LogRecord) -> bool:
        """Send a record to the journal as one entry; lines on stderr would be an entry each."""
        from svcctl.runtime import entries  # noqa: PLC0415 (only for records of several lines)

        facts = {name.upper(): str(value) for name, value in logs.facts(record).items()}
        name = self._process.application.name
        known = {"SYSLOG_IDENTIFIER": name, "PRIORITY": str(logs.priority(record))}
        return entries.send({"MESSAGE": record.getMessage(), **known, **facts})
