"""Finds what has changed under an installed service of Windows since it was installed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from svcctl.errors import ConfigurationError, SvcctlError
from svcctl.host.windows.machine import Machine
from svcctl.manifest import codec
from svcctl.manifest.model import Manifest
from svcctl.operations.windows import describing, preparation
from svcctl.operations.windows.installed import Installed, repeat_command
from svcctl.operations.windows.preview import edited
from svcctl.plan.model import Diagnostic, Severity
from svcctl.plan.windows import WindowsReceipt


def findings(found: Installed, machine: Machine, since: float) -> tuple[Diagnostic, ...]:
    """Return what no longer is as the receipt says: service, folders, interpreter, application.

    Args:
        found: The service.
        machine: Where it is.
        since: When its process was started, in seconds since 1970; 0 if there is none.
    """
    receipt = found.receipt
    interpreter = list(_interpreter(receipt, machine))
    found_out = [*_service(found), *_folders(receipt, machine), *interpreter]
    if not any(item.severity == "error" for item in interpreter):
        found_out += _application(receipt, machine, since)
    return tuple(found_out)


def _service(found: Installed) -> Iterator[Diagnostic]:
    service, now = found.receipt.service, found.found
    for what in edited(service, now):
        if what != "start":  # that may be changed
            message = f"its {what} was changed by hand; the next installation replaces it"
            yield _repeat("warning", service.name, message, found.receipt)
    if now.start == "disabled":
        hint = f"svcctl enable {service.name}"
        message = "is disabled, so that nobody can start it"
        yield Diagnostic(severity="warning", subject=service.name, message=message, hint=hint)


def _folders(receipt: WindowsReceipt, machine: Machine) -> Iterator[Diagnostic]:
    for folder in receipt.folders:
        if not machine.folders.exists(folder):
            yield _repeat("error", folder, "is gone", receipt)


def _interpreter(receipt: WindowsReceipt, machine: Machine) -> Iterator[Diagnostic]:
    service = receipt.service
    for path in dict.fromkeys((service.hosted.python, service.interpreter, service.host)):
        if not machine.folders.exists(path):
            yield _repeat("error", "python", f"{path} is gone", receipt)
            return
    try:
        place = machine.interpreters.look_at(service.hosted.python)
    except ConfigurationError as error:
        yield Diagnostic(severity="error", subject="python", message=error.message, hint=error.hint)
        return
    if receipt.python_version and place.version.split(".")[:2] != receipt.python_version.split(".")[:2]:
        message = f"{service.hosted.python} is now Python {place.version}; it was {receipt.python_version}"
        yield _repeat("warning", "python", message, receipt)


def _application(receipt: WindowsReceipt, machine: Machine, since: float) -> Iterator[Diagnostic]:
    path = receipt.application
    recorded = codec.decode(receipt.manifest)
    if describing.is_file(path):
        try:
            if machine.folders.digest(path) == recorded.origin.digest:
                return
        except OSError as error:
            message = f"{path} cannot be read: {error.strerror}"
            hint = f"put it back, or: svcctl uninstall {receipt.service.name}"
            yield Diagnostic(severity="error", subject="application", message=message, hint=hint)
            return
    try:
        manifest = preparation.describe_again(receipt).manifest
    except SvcctlError as error:
        message = f"{path} has changed and no longer loads: {error}"
        yield Diagnostic(severity="error", subject="application", message=message, hint=error.hint)
        return
    if _comparable(manifest) != _comparable(recorded):
        message = "has changed since it was installed, and the service no longer matches it"
        yield _repeat("warning", "application", message, receipt)
    elif manifest.origin.digest != recorded.origin.digest and since:
        message = (
            "has changed since it was installed; a process that is older takes it up when it is restarted"
        )
        hint = f"svcctl restart {receipt.service.name}"
        yield Diagnostic(severity="note", subject="application", message=message, hint=hint)


def _comparable(manifest: Manifest) -> tuple[object, ...]:
    """Return what a service is made of."""
    return (
        manifest.listeners(),
        replace(manifest.needs, settings=()),
        manifest.lifecycle,
        manifest.application,
    )


def _repeat(severity: Severity, subject: str, message: str, receipt: WindowsReceipt) -> Diagnostic:
    return Diagnostic(severity=severity, subject=subject, message=message, hint=repeat_command(receipt))
