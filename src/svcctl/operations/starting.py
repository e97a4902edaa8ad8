"""What an installation has to know of the saved application that a service begins with.

It is looked at with the caller's rights, and nothing in it is executed here.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from svcctl.application.persisting import envelope, files, passphrases
from svcctl.errors import UsageError
from svcctl.generate.systemd.hardening.files import HOMES, TEMPORARY, is_below
from svcctl.generate.systemd.state import LARGEST
from svcctl.host.machine import Machine
from svcctl.loading.tac import absolute
from svcctl.loading.target import resolve
from svcctl.operations.request import InstallRequest
from svcctl.plan.model import Diagnostic

_FILE = "file:"


def passphrase_of(request: InstallRequest) -> str | None:
    """Return the passphrase of a saved application, ``None`` if it has none.

    Args:
        request: With its paths made absolute.

    Raises:
        UsageError: There is nothing that it could be for, or its source gives none.
        SvcctlError: The file cannot be used, or that of the passphrase cannot be read.
    """
    if not _is_saved(request):
        if request.passphrase is not None:
            raise UsageError(
                f"{request.application} is not encrypted", hint="only a saved application is: leave it out"
            )
        return None
    if request.passphrase is None and not _claims(request).get("cipher"):
        return None
    return passphrases.resolve(request.passphrase)


def need_file(request: InstallRequest) -> None:
    """Check that a service would find the passphrase of a saved application whenever it starts.

    Raises:
        UsageError: It would not.
        SvcctlError: The file of the application cannot be used.
    """
    encrypted = _is_saved(request) and (request.passphrase is not None or _claims(request).get("cipher"))
    if encrypted and not file_of(request.passphrase):
        raise UsageError(
            f"{request.application} is encrypted, and a service has nobody to ask whenever it starts",
            hint="put the passphrase into a file that only its owner may read: --passphrase file:PATH",
        )


def file_of(source: str | None) -> str:
    """Return the path in a passphrase's source; empty if it comes from elsewhere."""
    return source.removeprefix(_FILE) if source is not None and source.startswith(_FILE) else ""


def absolute_source(source: str | None) -> str | None:
    """Return a passphrase's source with its path made absolute."""
    path = file_of(source)
    return f"{_FILE}{absolute(path)}" if path else source


def problems(request: InstallRequest, machine: Machine) -> Iterator[Diagnostic]:
    """Yield what keeps a service of the system from a saved application, once that has been verified.

    Args:
        request: With its paths made absolute.
        machine: Where it would be installed.
    """
    if machine.scope == "user" or not _is_saved(request):
        return
    size = os.stat(request.application).st_size  # noqa: PTH116 (paths are texts here)
    if size > LARGEST:
        message = f"{request.application} has {size} bytes, and systemd hands over at most {LARGEST}"
        hint = "keep what is large in a database or in files of its own"
        yield Diagnostic(severity="error", subject="application", message=message, hint=hint)
    code = (_claims(request).get("main") or {}).get("file", "")
    if is_below(code, (*HOMES, *TEMPORARY)) and not (request.root and is_below(code, (request.root,))):
        message = f"its classes are defined in {code}, which the service cannot see"
        hint = "move that file to a folder such as /opt, and save the application again"
        yield Diagnostic(severity="error", subject="application", message=message, hint=hint)


def _is_saved(request: InstallRequest) -> bool:
    return resolve(request.application).kind == "saved"


def _claims(request: InstallRequest) -> dict[str, Any]:
    return envelope.facts_of(files.read(request.application))
