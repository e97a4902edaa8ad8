"""Says what an application is, without running it."""

from __future__ import annotations

from svcctl.manifest.model import Manifest
from svcctl.operations import preparation
from svcctl.operations.request import InstallRequest


def describe_application(request: InstallRequest) -> Manifest:
    """Return the manifest of an application.

    Its file is executed in a process of its own, as an unprivileged user where the caller is root.

    Args:
        request: The application, its interpreter and its variables; the rest has no say.

    Raises:
        SvcctlError: The application does not load or cannot be described.
    """
    return preparation.describe_requested(preparation.absolute(request)).manifest
