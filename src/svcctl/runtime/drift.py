"""Tells the log when the units no longer fit the application that they run."""

from __future__ import annotations

import hashlib
import logging
import os

from svcctl.application.service import Application
from svcctl.errors import SvcctlError
from svcctl.loading.origin import file_of
from svcctl.loading.target import resolve
from svcctl.manifest.codec import FINGERPRINT_LENGTH, fingerprint
from svcctl.manifest.model import Origin
from svcctl.runtime.advice import status_command

_log = logging.getLogger(__name__)

#: Stands for a digest where it has no say: the fingerprint leaves it out.
_UNKNOWN = "0" * 64


def warn_if_changed(application: Application, target: str, installed: str, unit: str | None) -> None:
    """Log a warning if an application has listeners, needs or limits that its units do not know.

    Args:
        application: The application, loaded.
        target: What it was loaded from: see :func:`svcctl.loading.target.resolve`.
        installed: What the units were made from: the first digits of the file's digest, ``-``, and the manifest's
            fingerprint (:func:`svcctl.manifest.codec.fingerprint`).
        unit: Name of the service unit, ``None`` if it is not known.
    """
    origin, _, expected = installed.partition("-")
    try:
        resolved = resolve(target)
        digest = _UNKNOWN
        if resolved.kind != "saved":  # that may have been saved since, and the service may not read its file
            digest = hashlib.sha256(file_of(resolved).read_bytes()).hexdigest()
            if digest[:FINGERPRINT_LENGTH] == origin:
                return
        found = fingerprint(application.describe(Origin(kind=resolved.kind, digest=digest)))
    except (OSError, SvcctlError) as error:
        _log.warning("cannot tell whether the units fit the application", extra={"svcctl_error": str(error)})
        return
    if found != expected:
        _log.warning(
            "the units no longer match the listeners, needs or limits of the application; "
            "%s shows the installation to repeat",
            status_command(unit, os.environ),
        )
