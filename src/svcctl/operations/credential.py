"""Puts the secrets of applications where systemd takes them from, lists and removes them, and tells which are missing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from svcctl.errors import PermissionDeniedError, SvcctlError, UsageError
from svcctl.generate.systemd.credentials import (
    IMPORTED_SINCE,
    NOT_HANDED_OVER,
    drop_in,
    stored_name,
    takes_encrypted,
)
from svcctl.generate.systemd.names import check_service_name
from svcctl.host import credentials, files, receipts, systemd
from svcctl.host import machine as machines
from svcctl.host.credentials import Stored
from svcctl.host.machine import Machine
from svcctl.manifest import codec
from svcctl.plan.model import Action, Diagnostic, Receipt, Scope

_KEY = re.compile(r"[A-Za-z0-9_@-][A-Za-z0-9._@-]{0,127}")
_BY_HAND = {"LoadCredential", "LoadCredentialEncrypted", "SetCredential", "SetCredentialEncrypted"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """A credential of an application.

    Attributes:
        name: Name of the application.
        key: What the application calls it.
        path: Its file; empty if it is missing.
        encrypted: It is encrypted.
        wanted: The application asks for it; ``None`` if the application is not installed.
    """

    name: str
    key: str
    path: str = ""
    encrypted: bool = False
    wanted: bool | None = None


def set_credential(
    name: str, key: str, value: bytes, *, scope: Scope = "system", root: str = "", plain: bool = False
) -> Credential:
    """Put a credential of an application in place; it takes effect when that starts again.

    Args:
        name: Name of the application, whether or not it is installed.
        key: What the application calls it.
        value: The secret.
        scope: ``system`` or ``user``.
        root: Folder of another system's tree; empty for this machine.
        plain: Do not encrypt it. A user's services, and those of another tree, can have no other.

    Raises:
        UsageError: No application or credential can have that name, or it is too large.
        PermissionDeniedError: The store is root's.
        ConfigurationError: This machine cannot encrypt it.
    """
    machine, receipt = _look(name, key, scope, root)
    if len(value) + len(key) > credentials.MOST_BYTES:
        raise UsageError(
            f"a credential of {len(value)} bytes is too large",
            hint="systemd hands 1 MiB to a service: keep large files elsewhere",
        )
    encrypted = not plain and scope == "system"
    if encrypted and root:
        raise UsageError("only the machine itself can encrypt it", hint="store it as it is there: --plain")
    receipts.need_permission(machine)
    content = credentials.encrypt(key, value) if encrypted else value
    with receipts.locked(machine):
        path = credentials.put(machine, stored_name(name, key), content, encrypted=encrypted)
        _fit_unit(machine, receipt, name, key, encrypted=encrypted)
    return Credential(name=name, key=key, path=path, encrypted=encrypted, wanted=_wanted(receipt, key))


def remove_credential(name: str, key: str, *, scope: Scope = "system", root: str = "") -> Credential:
    """Remove a credential of an application.

    Raises:
        UsageError: There is none.
        PermissionDeniedError: The store is root's.
    """
    machine, receipt = _look(name, key, scope, root)
    receipts.need_permission(machine)
    found = [
        each
        for each in credentials.listed(machine, stored_name(name, key))
        if each.name == stored_name(name, key)
    ]
    if not found:
        raise UsageError(
            f"{name} has no credential {key}",
            hint=f"svcctl credential list{_flag(scope)} {name} shows which it has",
        )
    with receipts.locked(machine):
        for each in found:
            files.remove_tree(machine.root, each.path)
        _fit_unit(machine, receipt, name, key, encrypted=False)
    return Credential(
        name=name, key=key, path=found[0].path, encrypted=found[0].encrypted, wanted=_wanted(receipt, key)
    )


def list_credentials(name: str, *, scope: Scope = "system", root: str = "") -> tuple[Credential, ...]:
    """Return the credentials that an application has or asks for, by name.

    Raises:
        UsageError: No application can have that name.
        PermissionDeniedError: Only root may look.
    """
    check_service_name(name)
    machine = machines.find(scope, root)
    receipt = receipts.read(machine, name)
    prefix = stored_name(name, "")
    there = {each.name.removeprefix(prefix): each for each in credentials.listed(machine, prefix)}
    wanted = _needs(receipt) if receipt else ()
    return tuple(_listed(name, key, there.get(key), receipt, machine) for key in sorted({*there, *wanted}))


def missing(
    keys: Sequence[str],
    name: str,
    machine: Machine,
    settings: Sequence[tuple[str, str, str]] = (),
    *,
    unit: str = "",
) -> Iterator[Diagnostic]:
    """Yield a warning for each credential that systemd would not find.

    Args:
        keys: What the application asks for.
        name: Name of its units.
        machine: Where they are.
        settings: Directives given by hand: one that names a credential says where it comes from.
        unit: The text of the unit, with what was added to it.
    """
    lines = [f"{directive}={value}" for _, directive, value in settings]
    lines += unit.splitlines()
    for key in keys:
        stored = stored_name(name, key)
        if any(_gives(line, key, stored) for line in lines):
            continue
        try:
            if credentials.find(machine, stored) is not None:
                continue
        except PermissionDeniedError:
            return  # root can tell
        message = "is missing: the service finds none of that name when it starts"
        if machine.scope == "user":
            message = "is missing: systemd does not start the service"
        hint = f"svcctl credential set{_flag(machine.scope)} {name} {key}"
        yield Diagnostic(severity="warning", subject=f"credential {key}", message=message, hint=hint)


def missing_of(receipt: Receipt, machine: Machine) -> tuple[Diagnostic, ...]:
    """Return a warning for each credential of an installed application that systemd would not find."""
    keys = _needs(receipt)
    if not keys:
        return ()
    return tuple(missing(keys, receipt.name, machine, unit=_text_of(receipt, machine)))


def refused(exit_status: int, unit: str, journal: str) -> Iterator[Diagnostic]:
    """Yield an error if systemd could not hand a service its credentials. Source: systemd.exec(5), "Process Exit Codes".

    Args:
        exit_status: Status of its last process.
        unit: Name of the service unit.
        journal: The command that shows what systemd says about it.
    """
    if exit_status == NOT_HANDED_OVER:
        message = "was not started: systemd could not hand it its credentials (one is missing, or not for this machine)"
        hint = f"{journal} shows which; svcctl credential set puts one in place"
        yield Diagnostic(severity="error", subject=unit, message=message, hint=hint)


def paths(name: str, machine: Machine) -> tuple[str, ...]:
    """Return the files with credentials of an application, as far as the caller may look."""
    try:
        return tuple(each.path for each in credentials.listed(machine, stored_name(name, "")))
    except PermissionDeniedError:
        return ()


def _look(name: str, key: str, scope: Scope, root: str) -> tuple[Machine, Receipt | None]:
    if "@" in name:
        raise UsageError(
            f"{name} is one instance",
            hint=f"all instances have the same credentials: {name.partition('@')[0]}",
        )
    check_service_name(name)
    if not _KEY.fullmatch(key):
        raise UsageError(
            f"{key!r} cannot name a credential", hint="use up to 128 letters, digits and . _ @ -"
        )
    machine = machines.find(scope, root)
    return machine, receipts.read(machine, name)


def _fit_unit(machine: Machine, receipt: Receipt | None, name: str, key: str, *, encrypted: bool) -> None:
    """Have the unit take what is in the store now: older ones need to be told that it is encrypted."""
    if machine.scope == "user":
        return
    unit = receipt.service if receipt else f"{name}.service"
    path = f"{machine.unit_directory}/{unit}.d/50-credential-{key}.conf"
    if receipt:
        fits = takes_encrypted(_text_of(receipt, machine), name, key)
    else:
        fits = machine.version >= IMPORTED_SINCE
    if encrypted and not fits:
        files.make_folder(machine.root, path.rpartition("/")[0])
        credentials.write(machine, path, drop_in(name, key), 0o644)
    elif files.remove_tree(machine.root, path):
        files.remove_empty_folder(machine.root, path.rpartition("/")[0])
    else:
        return
    if machine.booted:
        systemd.act(machine, Action(kind="daemon-reload"))


def _text_of(receipt: Receipt, machine: Machine) -> str:
    """Return the unit with all that was added to it by hand."""
    added = f"{machine.unit_directory}/{receipt.service}.d"
    unit = [file.path for file in receipt.files if file.path.endswith(f"/{receipt.service}")]
    found = []
    try:
        names = [name for name in files.names(machine.root, added) if name.endswith(".conf")]
        for path in (*unit, *(f"{added}/{name}" for name in names)):
            now = files.read(machine.root, path)
            found.append(now.data.decode(errors="replace") if now else "")
    except SvcctlError:
        pass  # it is told of elsewhere
    return "\n".join(found)


def _gives(line: str, key: str, stored: str) -> bool:
    """Return whether a line of a unit says where a credential comes from, other than from its place in a store."""
    directive, _, value = line.partition("=")
    name, _, source = value.partition(":")
    return directive in _BY_HAND and name == key and source.rpartition("/")[2] != stored


def _listed(
    name: str, key: str, there: Stored | None, receipt: Receipt | None, machine: Machine
) -> Credential:
    if there is None:
        there = credentials.find(machine, stored_name(name, key))
    wanted = _wanted(receipt, key)
    if there is None:
        return Credential(name=name, key=key, wanted=wanted)
    return Credential(name=name, key=key, path=there.path, encrypted=there.encrypted, wanted=wanted)


def _wanted(receipt: Receipt | None, key: str) -> bool | None:
    return key in _needs(receipt) if receipt else None


def _needs(receipt: Receipt) -> tuple[str, ...]:
    return codec.decode(receipt.manifest).needs.credentials


def _flag(scope: Scope) -> str:
    return " --user" if scope == "user" else ""
