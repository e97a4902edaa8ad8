"""Says in plain words what has happened to an installed application, and what most likely mends it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from svcctl.errors import ConfigurationError, PermissionDeniedError, UsageError
from svcctl.host import addresses, journal, systemd
from svcctl.host import machine as machines
from svcctl.host.journal import Entry
from svcctl.host.machine import Machine
from svcctl.operations import installed
from svcctl.operations.explaining import sandbox, verdict
from svcctl.operations.explaining.facts import Explanation, Facts, Unit
from svcctl.operations.installed import Installed
from svcctl.plan.model import Scope

#: How many of the last entries are looked at: a run that fails at once leaves some twenty of them.
_ENTRIES = 1000
_OF_SOCKET = 50

_PROPERTIES = (
    "LoadState",
    "ActiveState",
    "SubState",
    "Result",
    "StatusText",
    "NRestarts",
    "InvocationID",
    "ExecMainCode",
    "ExecMainStatus",
    "ExecMainStartTimestamp",
    "InactiveEnterTimestamp",
    "ConditionResult",
    "ConditionTimestampMonotonic",
    "StartLimitIntervalUSec",
    "TimeoutStartUSec",
    "TimeoutStopUSec",
    "MemoryMax",
    *sandbox.DIRECTIVES,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainResult:
    """What has happened to an installed application.

    Attributes:
        name: Its name, with the instance if one was named.
        service: Its service unit.
        state: How it is now, in a sentence.
        fault: Something is wrong, or was until systemd started it again by itself.
        explanations: What has happened; the first is the cause, the others follow from it.
        before: What happened in an earlier run, if nothing is wrong now.
        unread: Why the journal could not be read, so that less is known; empty if it was.
        way: How it can be read.
    """

    name: str
    service: str
    state: str
    fault: bool
    explanations: tuple[Explanation, ...]
    before: Explanation | None
    unread: str
    way: str


def explain(name: str, *, scope: Scope = "system") -> ExplainResult:
    """Return what has happened to an installed application: its last failed start, hang, cut stop, crash.

    Args:
        name: Name of the application, or of one instance: ``web@1``.
        scope: ``system`` or ``user``.

    Raises:
        UsageError: There is no such application, or it has instances and none was named.
        SvcctlError: Its receipt is damaged, or systemd does not answer.
    """
    machine = machines.find(scope)
    found = installed.find(machine, name)
    if found.template:
        raise UsageError(
            f"{found.name} has instances",
            hint=f"name one: svcctl explain{found.flag} {found.name}@INSTANCE",
        )
    if not machine.booted:
        raise ConfigurationError(
            "systemd manages no services here, so that nothing is known of this one",
            hint="svcctl run shows on stderr what an application logs",
        )
    facts = _facts(found, machine)
    judged = verdict.judge(facts)
    return ExplainResult(
        name=found.name,
        service=found.service,
        state=judged.state,
        fault=judged.fault,
        explanations=judged.explanations,
        before=judged.before,
        unread=facts.unread,
        way=facts.way,
    )


def _facts(found: Installed, machine: Machine) -> Facts:
    names = (found.service, *found.sockets)
    shown = systemd.show(machine, names, _PROPERTIES)
    units, unread, way = [], "", ""
    for unit in names:
        entries: tuple[Entry, ...] = ()
        try:
            most = _ENTRIES if unit == found.service else _OF_SOCKET
            entries = tuple(journal.entries(unit, machine.scope, lines=most, follow=False))
        except (ConfigurationError, PermissionDeniedError) as error:
            unread, way = error.message, error.hint
        units.append(Unit(unit, shown.get(unit, {}), entries))
    receipt = found.receipt
    # systemctl show has some lists not at all, and of others the last value only.
    text = systemd.systemctl(machine, "cat", "--", found.service, accept=None).stdout
    text = text.replace("%i", found.instance)
    return Facts(
        name=found.name,
        flag=found.flag,
        application=receipt.application,
        python=receipt.python,
        repeat=installed.repeat_command(receipt),
        service=units[0],
        sockets=tuple(units[1:]),
        credentials=tuple(re.findall(r"^LoadCredential(?:Encrypted)?=(\S+)", text, re.MULTILINE)),
        environment_files=tuple(re.findall(r"^EnvironmentFile=(/\S+)", text, re.MULTILINE)),
        holders=_holders(found, shown),
        unread=unread,
        way=way,
    )


def _holders(found: Installed, shown: Mapping[str, Mapping[str, str]]) -> tuple[tuple[str, str], ...]:
    """Return who has the addresses of an application that has none of them itself."""
    if any(unit.get("ActiveState") in {"active", "reloading", "deactivating"} for unit in shown.values()):
        return ()
    held = ((address, addresses.holder(address)) for address in found.receipt.addresses)
    return tuple((address.partition("/udp")[0], who) for address, who in held if who)
