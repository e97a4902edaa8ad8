"""Looks at running applications again and again."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from svcctl.errors import UsageError
from svcctl.host import machine as machines
from svcctl.host import receipts, systemd
from svcctl.host.machine import Machine
from svcctl.operations import installed, live
from svcctl.operations.live import Live
from svcctl.plan.model import Scope

_PROPERTIES = ("ActiveState", "SubState", "StatusText", "MainPID", "RuntimeDirectory")


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One application at one moment.

    Attributes:
        name: Its name, with the instance if it is one.
        state: systemd's word for its service.
        status: What the application reported last.
        pid: Its main process; 0 if there is none.
        live: What it says of itself; ``None`` if it does not run.
        rates: Connections accepted in a second since the last look, by the path of the server.
    """

    name: str
    state: str
    status: str
    pid: int
    live: Live | None = None
    rates: dict[str, float] = field(default_factory=dict)

    @property
    def connections(self) -> int:
        """How many connections are open in all its servers."""
        services = self.live.services if self.live is not None else ()
        return sum(each.connections or 0 for each in services)


class Top:
    """Looks at one application, or at all that are installed.

    Args:
        name: Its name, or that of one instance; ``None`` for all.
        scope: ``system`` or ``user``.

    Raises:
        UsageError: There is no such application, or it has instances and none is named.
        SvcctlError: A receipt is damaged.
    """

    def __init__(self, name: str | None = None, *, scope: Scope = "system") -> None:
        self._machine = machines.find(scope)
        self._name = name
        self._rates = Rates()
        if name is not None:
            found = installed.find(self._machine, name)
            if found.template:
                raise UsageError(f"{found.name} has instances", hint=f"name one: {found.name}@INSTANCE")

    def look(self) -> tuple[Look, ...]:
        """Return how they are now.

        Raises:
            SvcctlError: systemd does not answer.
        """
        units = _units(self._machine, self._name)
        shown = systemd.show(self._machine, tuple(units), _PROPERTIES) if self._machine.booted else {}
        return tuple(self._look(name, shown.get(unit, {})) for unit, name in units.items())

    def _look(self, name: str, shown: dict[str, str]) -> Look:
        number = shown.get("MainPID", "")
        pid = int(number) if number.isdigit() else 0
        socket = live.socket_below(self._machine, shown.get("RuntimeDirectory", ""))
        found = live.look(socket, pid) if pid else None
        return Look(
            name=name,
            state=shown.get("ActiveState", "unknown"),
            status=shown.get("StatusText", ""),
            pid=pid,
            live=found,
            rates=self._rates.of(name, found),
        )


class Rates:
    """Counts what servers have accepted since they were last looked at."""

    def __init__(self) -> None:
        self._counted: dict[tuple[str, str], tuple[int, float]] = {}

    def of(self, name: str, found: Live | None) -> dict[str, float]:
        """Return connections accepted in a second, by the path of the server, of an application."""
        now = time.monotonic()
        rates = {}
        for each in found.services if found is not None else ():
            if each.accepted is None:
                continue
            before, then = self._counted.get((name, each.path), (each.accepted, 0.0))
            self._counted[name, each.path] = each.accepted, now
            if then and each.accepted >= before:
                rates[each.path] = (each.accepted - before) / (now - then)
        return rates


def _units(machine: Machine, name: str | None) -> dict[str, str]:
    """Return the service units to look at, each with the name of its application."""
    if name is not None:
        found = installed.find(machine, name)
        return {found.service: found.name}
    units = {}
    for receipt in receipts.read_all(machine).receipts:
        if "@." not in receipt.service:
            units[receipt.service] = receipt.name
            continue
        for unit in systemd.instances(machine, receipt.service):
            units[unit] = unit.removesuffix(".service")
    return units
