"""Finds what has changed under an installed application since it was installed."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from svcctl.errors import CommandError, SvcctlError
from svcctl.host import commands, files, systemd
from svcctl.host.apply import digest
from svcctl.host.machine import Machine, unprivileged_user
from svcctl.manifest import codec
from svcctl.manifest.model import Manifest
from svcctl.operations import preparation
from svcctl.operations.installed import removal_command, repeat_command
from svcctl.operations.request import from_options
from svcctl.plan.model import Diagnostic, Receipt, Severity

_ASK_VERSION = "import sys, svcctl; sys.stdout.write('.'.join(map(str, sys.version_info[:3])))"
_TIME_LIMIT = 30.0


def findings(receipt: Receipt, machine: Machine, services: Sequence[str]) -> tuple[Diagnostic, ...]:
    """Return what no longer is as the receipt says: units, interpreter, application.

    Each has the command that mends it. Code of the application and its interpreter only ever run as an
    unprivileged user.

    Args:
        receipt: Of the installed application.
        machine: Where it is installed.
        services: Its service units, each instance's by its own name.
    """
    found = list(_changed_files(receipt, machine))
    interpreter = list(_interpreter(receipt, machine))
    found += interpreter
    if not any(item.severity == "error" for item in interpreter):
        found += _application(receipt, machine, services)
    return tuple(found)


def _changed_files(receipt: Receipt, machine: Machine) -> Iterator[Diagnostic]:
    for file in receipt.files:
        try:
            now = files.read(machine.root, file.path)
        except SvcctlError as error:
            yield Diagnostic(severity="error", subject=file.path, message=error.message, hint=error.hint)
            continue
        if now is None:
            yield _repeat("error", file.path, "is gone", receipt)
        elif digest(now.data) != file.digest and not file.conffile:
            message = "was edited by hand; the next installation replaces it"
            hint = f"put changes into a drop-in: systemctl edit {receipt.name}"
            yield Diagnostic(severity="warning", subject=file.path, message=message, hint=hint)


def _interpreter(receipt: Receipt, machine: Machine) -> Iterator[Diagnostic]:
    python = _here(receipt.python, machine)
    if not os.access(python, os.X_OK):
        hint = f"make it again there, or: {_with_python(receipt)}"
        message = f"the interpreter {python} is gone"
        yield Diagnostic(severity="error", subject="python", message=message, hint=hint)
        return
    try:
        asked = commands.run(
            (python, "-P", "-c", _ASK_VERSION), time_limit=_TIME_LIMIT, user=unprivileged_user()
        )
    except CommandError as error:
        reason = error.output.strip().splitlines()[-1:] or ["it does not run"]
        missing = "No module named 'svcctl'" in reason[0]
        what = "can no longer import svcctl" if missing else f"does not work: {reason[0]}"
        hint = f"install svcctl into it again, or: {_with_python(receipt)}"
        yield Diagnostic(severity="error", subject="python", message=f"{python} {what}", hint=hint)
        return
    version = asked.stdout.strip()
    if version.split(".")[:2] != receipt.python_version.split(".")[:2]:
        message = (
            f"{python} is now Python {version}; the application was installed with {receipt.python_version}"
        )
        yield _repeat("warning", "python", message, receipt)


def _application(receipt: Receipt, machine: Machine, services: Sequence[str]) -> Iterator[Diagnostic]:
    path = _here(receipt.application, machine)
    recorded = codec.decode(receipt.manifest)
    if recorded.origin.kind in {"tac", "saved"}:
        try:
            now = digest(Path(path).read_bytes())
        except OSError as error:
            if recorded.origin.kind == "saved" and isinstance(error, PermissionError):
                return  # it may hold secrets, so its owner alone can tell
            hint = f"put it back, or: {removal_command(receipt)}"
            message = f"{path} cannot be read: {error.strerror}"
            yield Diagnostic(severity="error", subject="application", message=message, hint=hint)
            return
        if now == recorded.origin.digest:
            return
    try:
        request = from_options(receipt.options, scope=receipt.scope)
        manifest = preparation.describe_requested(request).manifest
    except (SvcctlError, ValueError) as error:
        hint = getattr(error, "hint", "")
        message = f"{path} has changed and no longer loads: {error}"
        yield Diagnostic(severity="error", subject="application", message=message, hint=hint)
        return
    differing = [name for name, same in _parts(recorded, manifest) if not same]
    if differing:
        message = (
            f"has changed since it was installed, and the units no longer match its {', '.join(differing)}"
        )
        yield _repeat("warning", "application", message, receipt)
    elif recorded.origin.digest != manifest.origin.digest and recorded.origin.kind == "saved":
        message = "has changed since it was installed, and no service starts from it before that is repeated"
        yield _repeat("warning", "application", message, receipt)
    elif recorded.origin.digest != manifest.origin.digest:
        yield from _old_processes(receipt, machine, services)


def _old_processes(receipt: Receipt, machine: Machine, services: Sequence[str]) -> Iterator[Diagnostic]:
    """Yield a note for each service whose process is older than the file it was made from."""
    since = systemd.started(machine, services)
    user = " --user" if receipt.scope == "user" else ""
    if "/" not in receipt.application:
        # Where the file of a module is, only its interpreter could tell.
        if since:
            message = (
                "has changed since it was installed; a process that is older takes it up when it is restarted"
            )
            yield Diagnostic(severity="note", subject="application", message=message)
        return
    changed = _changed_at(Path(_here(receipt.application, machine)))
    for unit in (unit for unit, at in since.items() if at < changed):
        message = "was started before its application was changed; that takes effect at the next restart"
        hint = f"svcctl restart{user} {unit.removesuffix('.service')}"
        yield Diagnostic(severity="note", subject=unit, message=message, hint=hint)


def _changed_at(path: Path) -> float:
    """Return when a file, or a link on the way to it, became what it is, in seconds since 1970.

    The time of the last change of the content is not asked for: a copy may keep that of its original.
    """
    links = [each.lstat() for each in (path, *path.parents) if each.is_symlink()]
    return max(info.st_ctime for info in (path.stat(), *links))


def _parts(recorded: Manifest, manifest: Manifest) -> Iterator[tuple[str, bool]]:
    yield "listeners", recorded.listeners() == manifest.listeners()
    # Units name no defaults.
    yield "needs", replace(recorded.needs, settings=()) == replace(manifest.needs, settings=())
    yield "user", recorded.identity == manifest.identity
    yield "limits", recorded.lifecycle == manifest.lifecycle
    yield "name", recorded.application.name == manifest.application.name


def _here(path: str, machine: Machine) -> str:
    """Return a path of the installed system as this machine sees it."""
    below = f"{machine.root}{path}"
    return below if path.startswith("/") and machine.root and Path(below).exists() else path


def _repeat(severity: Severity, subject: str, message: str, receipt: Receipt) -> Diagnostic:
    return Diagnostic(severity=severity, subject=subject, message=message, hint=repeat_command(receipt))


def _with_python(receipt: Receipt) -> str:
    request = from_options(receipt.options, scope=receipt.scope)
    command = repeat_command(receipt)
    if request.python is None:
        return f"{command} --python PYTHON"
    return command.replace(request.python, "PYTHON")
