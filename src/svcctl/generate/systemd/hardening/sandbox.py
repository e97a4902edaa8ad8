"""The whole sandbox of a service."""

from __future__ import annotations

from svcctl.generate.systemd.context import Context
from svcctl.generate.systemd.hardening.files import files
from svcctl.generate.systemd.hardening.guards import CONSTANT, UNPRIVILEGED, Guard
from svcctl.generate.systemd.hardening.network import network
from svcctl.generate.systemd.hardening.rights import rights


def sandbox(context: Context) -> tuple[Guard, ...]:
    """Return the lines of the sandbox, the tight set where the manifest says nothing.

    In user scope these are the lines that act there; :func:`left_out` names the others.
    """
    guards = _all(context)
    return guards if context.system else tuple(guard for guard in guards if guard.directive in UNPRIVILEGED)


def left_out(context: Context) -> tuple[str, ...]:
    """Return the directives that a user's manager cannot apply without privileges."""
    if context.system:
        return ()
    found = (guard.directive for guard in _all(context) if guard.directive not in UNPRIVILEGED)
    return tuple(dict.fromkeys(found))


def _all(context: Context) -> tuple[Guard, ...]:
    return (*network(context), *rights(context), *files(context), *CONSTANT)
