"""Compares what should be on a machine with what is there, and says what to do about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from svcctl.generate.systemd import render
from svcctl.generate.systemd.defaults import defaults
from svcctl.generate.systemd.names import directory_name
from svcctl.generate.systemd.options import SystemdOptions
from svcctl.host import files, receipts
from svcctl.host import machine as machines
from svcctl.host.apply import digest
from svcctl.host.machine import Machine
from svcctl.manifest import codec
from svcctl.manifest.model import Manifest
from svcctl.operations import generations, transition
from svcctl.operations.preparation import Prepared
from svcctl.operations.request import to_options
from svcctl.plan.model import Diagnostic, File, InstalledFile, Plan, Receipt

#: What is put behind the name of a file that somebody edited by hand, before it is replaced or removed.
SAVED = ".svcctl-saved"


class Planned(NamedTuple):
    """A plan and what it is based on.

    Attributes:
        plan: What to do.
        present: Paths of the plan's files that exist already.
        diagnostics: What was found on the machine.
        changes: There is anything to do.
    """

    plan: Plan
    present: frozenset[str]
    diagnostics: tuple[Diagnostic, ...]
    changes: bool


def plan_install(
    prepared: Prepared, before: Receipt | None, machine: Machine, *, fresh: Sequence[str] = ()
) -> Planned:
    """Return what to do so that the machine has the application as prepared.

    Files that are as they should be are left out, so that a repeated installation has nothing to do.

    Args:
        prepared: The application.
        before: Receipt of its earlier installation.
        machine: Where.
        fresh: Folders that were made a moment ago, for the lock.

    Raises:
        ConfigurationError: There is something else in the place of one of its files.
    """
    receipt = _receipt(prepared, before, machine, fresh)
    known = {file.path: file.digest for file in before.files} if before else {}
    write: list[File] = []
    present: set[str] = set()
    diagnostics: list[Diagnostic] = []
    reopen: list[str] = []
    for file in prepared.rendering.files:
        now = files.read(machine.root, file.path)
        if now is None:
            write.append(file)
            continue
        edited = digest(now.data) not in {known.get(file.path), digest(file.content)}
        if (now.data, now.mode) == (file.content, file.mode):
            continue
        if edited and file.conffile:
            diagnostics.append(_note(file.path, "was edited and is kept as it is"))
            continue
        if edited:
            write.append(File(path=file.path + SAVED, content=now.data, mode=now.mode))
            diagnostics.append(_edited(file.path))
        write.append(file)
        present.add(file.path)
        if transition.opens_otherwise(now.data, file.content):
            reopen.append(file.path.rpartition("/")[2])
    write += _defaults(prepared, machine)
    removals = tuple(file for file in before.files if file.path not in _paths(receipt)) if before else ()
    receipt = generations.remember(receipt, before, machine, changed=bool(write or removals))
    wanted = _wanted(prepared)
    actions = tuple(
        transition.actions(wanted, before, machine, write=write, removals=removals, reopen=reopen)
    )
    plan = Plan(files=tuple(write), removals=removals, actions=actions, receipt=receipt)
    changes = bool(write or removals or actions or receipt != before)
    return Planned(plan, frozenset(present), tuple(diagnostics), changes)


def _defaults(prepared: Prepared, machine: Machine) -> list[File]:
    """Return the file for the settings if nobody has made one: from then on it is the administrator's alone."""
    name = prepared.options.name
    content = defaults(prepared.description.manifest, prepared.options)
    system = machine.scope == "system"
    path = f"/etc/default/{name}" if system else f"{machine.directories['config']}/{name}.env"
    folder = path.rpartition("/")[0]
    if not content or not files.exists(machine.root, folder) or files.exists(machine.root, path):
        return []
    return [File(path=path, content=content, mode=0o644 if system else 0o600)]


def _wanted(prepared: Prepared) -> transition.Wanted:
    return transition.Wanted(
        service=prepared.units.service,
        sockets=prepared.units.sockets,
        sysusers=prepared.options.sysusers_directory,
        enable=prepared.request.enable,
        now=prepared.request.now,
    )


def directories(manifest: Manifest, options: SystemdOptions, roots: Mapping[str, str]) -> tuple[str, ...]:
    """Return the folders that systemd makes for a service and that outlive it, as absolute paths.

    Args:
        manifest: The application.
        options: What its units are made with.
        roots: For each root of the manifest's directories, the folder that systemd makes them in.
    """
    name = directory_name(manifest, options)
    wanted = (root for root in manifest.needs.directories if root != "runtime")
    return tuple(f"{roots[root]}/{name}" for root in wanted)


def is_foreign(path: str, prepared: Prepared, machine: Machine) -> bool:
    """Return whether a folder that the service would have is there already and somebody else's."""
    if machine.scope == "user":
        return False
    user = render.service_user(prepared.description.manifest, prepared.options)
    return files.is_occupied(machine.root, path, owner=machines.uid_of(machine, user))


def _receipt(prepared: Prepared, before: Receipt | None, machine: Machine, fresh: Sequence[str]) -> Receipt:
    described = prepared.description
    kept = before.directories if before else ()
    # What root made before the first installation stays the administrator's, also at a purge.
    made = [
        path
        for path in directories(described.manifest, prepared.options, machine.directories)
        if path in kept or not is_foreign(path, prepared, machine)
    ]
    return Receipt(
        name=prepared.options.name,
        scope=machine.scope,
        application=prepared.application,
        python=prepared.options.python,
        python_version=described.interpreter.version,
        service=prepared.units.service,
        sockets=prepared.units.sockets,
        addresses=prepared.addresses,
        files=tuple(
            InstalledFile(path=file.path, digest=digest(file.content), conffile=file.conffile)
            for file in prepared.rendering.files
        ),
        directories=tuple(dict.fromkeys((*kept, *made))),
        manifest_digest=codec.digest(described.manifest),
        manifest=codec.encode(described.manifest),
        options=to_options(prepared.request),
        folders=_made_folders(prepared, before, machine, fresh),
    )


def _made_folders(
    prepared: Prepared, before: Receipt | None, machine: Machine, fresh: Sequence[str]
) -> tuple[str, ...]:
    """Return the folders that are there for our files only: to be made now, or made by an earlier installation."""
    found = list(before.folders) if before else []
    # Those that were made for several applications go with the last of them.
    made = {path for receipt in receipts.read_all(machine).receipts for path in receipt.folders} | set(fresh)
    paths = [file.path for file in prepared.rendering.files]
    for file in (*paths, receipts.path_of(machine, prepared.options.name)):
        parts = file.split("/")[1:-1]
        for path in (f"/{'/'.join(parts[:depth])}" for depth in range(1, len(parts) + 1)):
            if path not in found and (path in made or not files.exists(machine.root, path)):
                found.append(path)
    return tuple(found)


def _paths(receipt: Receipt) -> set[str]:
    return {file.path for file in receipt.files}


def _edited(path: str) -> Diagnostic:
    message = f"was edited by hand; what it was is kept as {path}{SAVED}"
    hint = "put changes into a drop-in (systemctl edit) or --set, where they survive"
    return Diagnostic(severity="warning", subject=path, message=message, hint=hint)


def _note(path: str, message: str) -> Diagnostic:
    return Diagnostic(severity="note", subject=path, message=message)
