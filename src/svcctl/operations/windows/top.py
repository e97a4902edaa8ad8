"""Looks at running services of Windows again and again."""

from __future__ import annotations

from svcctl.host.windows.machine import Machine
from svcctl.operations import live
from svcctl.operations.top import Look, Rates
from svcctl.operations.windows import installed
from svcctl.operations.windows.status import STATES
from svcctl.windows.names import control_pipe


class WindowsTop:
    """Looks at one service, or at all that are installed.

    Args:
        name: Its name; ``None`` for all.
        machine: Where they are.

    Raises:
        UsageError: There is no such application.
    """

    def __init__(self, name: str | None, machine: Machine) -> None:
        self._machine = machine
        self._name = None if name is None else installed.find(machine, name).name
        self._rates = Rates()

    def look(self) -> tuple[Look, ...]:
        """Return how they are now.

        Raises:
            SvcctlError: Windows does not answer.
        """
        names = self._machine.services.names() if self._name is None else (self._name,)
        return tuple(self._look(name) for name in names)

    def _look(self, name: str) -> Look:
        status = self._machine.services.query(name)
        pid = status.pid if status is not None else 0
        found = live.look(control_pipe(name), pid) if pid else None
        return Look(
            name=name,
            state=STATES[status.state] if status is not None else "unknown",
            status="",
            pid=pid,
            live=found,
            rates=self._rates.of(name, found),
        )
