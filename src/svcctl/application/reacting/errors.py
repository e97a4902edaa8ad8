"""The errors of the reactor's module, under the names that its users know."""

from __future__ import annotations

from svcctl.errors import SvcctlError


class AlreadyCalled(SvcctlError, ValueError):  # noqa: N818 (the name that users of the framework know)
    """A delayed call was to be changed that has been made already."""

    code = "already-called"


class AlreadyCancelled(SvcctlError, ValueError):  # noqa: N818 (the same)
    """A delayed call was to be changed that has been cancelled already."""

    code = "already-cancelled"


class ReactorNotRunning(SvcctlError, RuntimeError):  # noqa: N818 (the same)
    """The reactor was asked for something that only a running application can do."""

    code = "reactor-not-running"
