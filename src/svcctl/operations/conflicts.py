"""Looks for what is in an application's way on a machine."""

from __future__ import annotations

import errno
from collections.abc import Iterator

from svcctl.errors import ConfigurationError, PermissionDeniedError, UsageError
from svcctl.host import addresses, files, receipts, systemd
from svcctl.host.machine import Machine
from svcctl.operations import planning
from svcctl.operations.installed import refuse_packaged, removal_command
from svcctl.operations.preparation import Prepared
from svcctl.plan.model import Diagnostic, Receipt


def refuse_conflicts(
    prepared: Prepared, before: Receipt | None, directories: tuple[str, ...], machine: Machine
) -> None:
    """Refuse to take what belongs to somebody else: a name, an address, a folder.

    Args:
        prepared: What is to be installed.
        before: The receipt of its earlier installation, if there is one.
        directories: Folders of state, logs and so on it would have.
        machine: Where.

    Raises:
        ConfigurationError: One of them is taken; the message names its owner.
    """
    name = prepared.options.name
    if before is not None:
        hint = f"apt install ./{before.package}_NEWER.deb upgrades it; or choose another --name"
        refuse_packaged(before, "install", hint)
    if before is not None and before.application != prepared.application:
        raise UsageError(
            f"{name} is installed already, from {before.application}",
            hint=f"choose another --name, or {removal_command(before)} first",
        )
    _refuse_foreign_units(prepared, before, machine)
    for other in receipts.read_all(machine).receipts:
        if other.name != name:
            _refuse_shared(prepared, other, directories)
    if before is None:
        _refuse_foreign_folders(prepared, directories, machine)
    _refuse_folders_of_other_kind(prepared, directories, machine)


def port_problems(prepared: Prepared, before: Receipt | None, machine: Machine) -> Iterator[Diagnostic]:
    """Yield a warning for each address that a process of this machine has now, or that cannot be had.

    Raises:
        ConfigurationError: It is to be started at once.
        PermissionDeniedError: The caller's own services cannot have that port.
    """
    if machine.root or prepared.options.instances:
        return
    ours = before is not None and any(systemd.active(machine, (before.service, *before.sockets)).values())
    for address in prepared.addresses:
        if ours and before is not None and address in before.addresses:
            continue
        problem = addresses.obstacle(address)
        if problem is not None and problem.errno == errno.EACCES:
            if machine.scope == "user":
                raise PermissionDeniedError(
                    f"your own services cannot listen on {address}: {problem.strerror}",
                    hint="choose a port above 1023, or install for the system with sudo",
                )
        elif problem is not None:
            yield _in_use(address, now=prepared.request.now)


def _in_use(address: str, *, now: bool) -> Diagnostic:
    who = addresses.holder(address) or "another process"
    message = f"{address} is in use by {who}"
    hint = "stop it before starting the service"
    if now:
        raise ConfigurationError(
            f"{message}, so the service cannot start", hint="stop it, or leave --now out"
        )
    return Diagnostic(severity="warning", subject="address", message=message, hint=hint)


def _refuse_foreign_units(prepared: Prepared, before: Receipt | None, machine: Machine) -> None:
    ours = {before.service, *before.sockets} if before else set()
    for unit in (prepared.units.service, *prepared.units.sockets):
        for folder in machine.unit_path:
            if unit in ours and folder == machine.unit_directory:
                continue
            if files.exists(machine.root, f"{folder}/{unit}"):
                raise ConfigurationError(
                    f"there is a {unit} already that svcctl did not install: {machine.root}{folder}/{unit}",
                    hint=f"choose another --name, or remove {machine.root}{folder}/{unit}",
                )


def _refuse_shared(prepared: Prepared, other: Receipt, directories: tuple[str, ...]) -> None:
    for address in prepared.addresses:
        if any(addresses.overlap(address, theirs) for theirs in other.addresses):
            raise ConfigurationError(
                f"{address} belongs to the installed application {other.name} ({other.application})",
                hint=f"choose another address (--listen NAME=ADDRESS), or {removal_command(other)}",
            )
    for directory in directories:
        if directory in other.directories:
            raise ConfigurationError(
                f"the folder {directory} belongs to the installed application {other.name} ({other.application})",
                hint='give Application("…") another name: it names the folders',
            )


def _refuse_foreign_folders(prepared: Prepared, directories: tuple[str, ...], machine: Machine) -> None:
    for directory in directories:
        # Configuration may be there before the service, made by its administrator.
        if directory.startswith(f"{machine.directories['config']}/"):
            continue
        if planning.is_foreign(directory, prepared, machine):
            raise ConfigurationError(
                f"the folder {machine.root}{directory} is there already and belongs to something else",
                hint='give Application("…") another name: it names the folders; or move that folder away',
            )


def _refuse_folders_of_other_kind(prepared: Prepared, directories: tuple[str, ...], machine: Machine) -> None:
    wanted = "instances" if prepared.options.instances else "one service"
    for directory in directories:
        found = files.made_for(machine.root, directory)
        if found not in {"", wanted}:
            above, _, name = directory.rpartition("/")
            path, private = machine.root + directory, f"{machine.root}{above}/private/{name}"
            raise ConfigurationError(
                f"the folder {path} was made for {found}, and {wanted} could not start with it",
                hint=f"stop what uses it, move {private} away, and remove {path}",
            )
