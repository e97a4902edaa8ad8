"""Says how units get from what they are to what they will be, without disturbing a service that runs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from svcctl.host import analyze, systemd
from svcctl.host.machine import Machine
from svcctl.plan.model import Action, ActionKind, File, InstalledFile, Receipt

#: What a socket unit says about the socket it opens; all else takes effect without opening it again.
_OPENING = re.compile(
    rb"^(?:Listen\w+|BindIPv6Only|SocketMode|SocketUser|SocketGroup|Backlog)=.*$", re.MULTILINE
)


class Wanted(NamedTuple):
    """What is to be there.

    Attributes:
        service: The service unit.
        sockets: Its socket units.
        sysusers: Folder of the files that declare users.
        enable: Start it at boot.
        now: Start it at once.
    """

    service: str
    sockets: tuple[str, ...]
    sysusers: str = "/etc/sysusers.d"
    enable: bool = False
    now: bool = False


def opens_otherwise(old: bytes, new: bytes) -> bool:
    """Return whether two versions of a socket unit open different sockets."""
    return _OPENING.findall(old) != _OPENING.findall(new)


def actions(
    wanted: Wanted,
    before: Receipt | None,
    machine: Machine,
    *,
    write: Sequence[File],
    removals: Sequence[InstalledFile],
    reopen: Sequence[str],
) -> Iterator[Action]:
    """Yield what to do beside writing and removing files.

    systemd drops the socket of a unit whose address has changed, and opens no socket while its service runs. So
    such a socket is closed; a service that runs keeps its own hold of it, and its restart, which requires the
    socket unit, opens the new one. Where no service runs, it is opened at once. Source: systemd.socket(5), and
    seen on systemd 257.

    Args:
        wanted: The application.
        before: Receipt of its earlier installation.
        machine: Where.
        write: Files that will be written.
        removals: Files that will be removed.
        reopen: Socket units whose socket has to be opened anew.
    """
    old = (*before.sockets, before.service) if before else ()
    new = (*wanted.sockets, wanted.service)
    vanished = tuple(unit for unit in old if unit not in new)
    was_enabled = systemd.enabled(machine, old)
    if any(was_enabled[unit] for unit in vanished):
        yield Action(kind="disable", units=tuple(unit for unit in vanished if was_enabled[unit]))
    users = tuple(file.path for file in write if file.path.startswith(f"{wanted.sysusers}/"))
    if users:
        yield Action(kind="sysusers", units=users)
    if machine.booted and (_any_unit(write) or _any_unit(removals)):
        yield Action(kind="daemon-reload")
    # An application that starts at boot does so with the sockets that are new in it, too.
    if wanted.enable or any(was_enabled.values()):
        yield from _action(
            "enable", (unit for unit, done in systemd.enabled(machine, new).items() if not done)
        )
    if machine.booted:
        yield from _moves(wanted, old, vanished, reopen, machine)


def _moves(
    wanted: Wanted, old: Sequence[str], vanished: Sequence[str], reopen: Sequence[str], machine: Machine
) -> Iterator[Action]:
    sockets, service = wanted.sockets, wanted.service
    # The sockets of instances have their template's files, but states of their own.
    changed = dict(_with_services(machine, [unit for unit in sockets if unit in reopen], service))
    gone = dict(_with_services(machine, vanished, service))
    states = systemd.active(machine, _named((*old, *sockets, service, *changed, *changed.values(), *gone)))
    closing = [unit for unit in (*gone, *changed) if states[unit]]
    yield from _action("stop", closing)
    opening = [unit for unit, owner in changed.items() if unit in closing and not states[owner]]
    if "@." not in service and not states[service]:
        if wanted.now:
            opening += [unit for unit in (*sockets, service) if not states[unit]]
        elif any(states[unit] for unit in _named(old)):
            opening += [unit for unit in sockets if not states[unit]]
    yield from _action("start", dict.fromkeys(opening))


def _with_services(machine: Machine, units: Sequence[str], service: str) -> Iterator[tuple[str, str]]:
    for unit in units:
        if "@." not in unit:
            yield unit, service
            continue
        for instance in systemd.instances(machine, unit):
            name = instance.partition("@")[2].rpartition(".")[0]
            yield instance, service.replace("@.", f"@{name}.")


def _named(units: Iterable[str]) -> tuple[str, ...]:
    """Return the units that can be active: all but templates."""
    return tuple(dict.fromkeys(unit for unit in units if "@." not in unit))


def _any_unit(items: Iterable[File | InstalledFile]) -> bool:
    return any(analyze.is_unit(item.path) for item in items)


def _action(kind: ActionKind, units: Iterable[str]) -> Iterator[Action]:
    chosen = tuple(units)
    if chosen:
        yield Action(kind=kind, units=chosen)
