r"""Names of units, users and folders: what systemd allows, and how ours are made.

Source: systemd.unit(5): letters, digits, ``:-_.\`` and at most 255 bytes with the suffix; sysusers.d(5).
"""

from __future__ import annotations

import hashlib
import re
from typing import NamedTuple

from svcctl.errors import UsageError
from svcctl.generate.systemd.directives import INSTANCE, Parts
from svcctl.generate.systemd.options import SystemdOptions
from svcctl.manifest.model import Listener, Manifest

_LONGEST = 255
#: The private ``/tmp`` of a service is ``systemd-private-``, 32 digits, ``-``, its unit and 7 characters in one name.
_LONGEST_SERVICE = _LONGEST - 16 - 32 - 1 - 7
#: What somebody has edited is kept beside it, under a longer name.
_LONGEST_SOCKET = _LONGEST - len(".svcctl-saved")
_LONGEST_USER = 31
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\-]*")  # no colon: systemd-analyze reads FILE:ALIAS
_SUFFIXES = "service|socket|target|mount|automount|swap|path|timer|device|slice|scope"
_UNIT = re.compile(rf"[A-Za-z0-9:_\-.\\]+(@[A-Za-z0-9:_\-.\\@]*)?\.({_SUFFIXES})")
_USER = re.compile(r"[a-z_][a-z0-9_-]*")


class UnitNames(NamedTuple):
    """Names of the units of one application.

    Attributes:
        service: The service unit, such as ``echo.service``.
        sockets: The socket units in the order of their listeners; none without socket activation.
    """

    service: str
    sockets: tuple[str, ...]


def check_service_name(name: str) -> str:
    """Return the name if units can have it.

    Raises:
        UsageError: It has a character that systemd does not allow or that means something else, starts with
            ``-`` or ``.``, holds ``..``, or is too long; the hint proposes a name.
    """
    if not _NAME.fullmatch(name) or ".." in name:
        rule = "letters, digits and _ . - are allowed, not at its start - or ., and no .."
        raise UsageError(f"service name {_shown(name)} cannot be used: {rule}", hint=_proposal(name))
    if re.search(rf"\.({_SUFFIXES})\Z", name):
        hint = f"use --name {name.rpartition('.')[0]}"
        raise UsageError(
            f"service name {_shown(name)} cannot be used: it ends like the name of a unit", hint=hint
        )
    if len(f"{name}@.service") > _LONGEST_SERVICE:
        rule = (
            f"it is longer than {_LONGEST_SERVICE - len('@.service')} bytes, and systemd could not start it"
        )
        raise UsageError(f"service name {_shown(name)} cannot be used: {rule}", hint=_proposal(name))
    return name


def check_unit_name(name: str) -> str:
    """Return the full name of a unit; one without a suffix is a service, as systemctl reads it.

    Raises:
        UsageError: No unit can have that name.
    """
    full = name if re.search(rf"\.({_SUFFIXES})\Z", name) else f"{name}.service"
    if not _UNIT.fullmatch(full) or len(full) > _LONGEST:
        hint = "name it as systemctl does, such as postgresql.service"
        raise UsageError(f"{_shown(name)} is not the name of a unit", hint=hint)
    return full


def service_unit(options: SystemdOptions) -> str:
    """Return the file name of the service unit."""
    return f"{options.name}@.service" if options.instances else f"{options.name}.service"


def socket_unit(options: SystemdOptions, listener: Listener, number: int = 1, *, alone: bool) -> str:
    """Return the file name of a listener's socket unit.

    Args:
        options: The target's options.
        listener: The listener.
        number: Which one it is, from 1, of those that share its address.
        alone: It is the only one.
    """
    stem = options.name if alone else f"{options.name}-{listener.name}"
    suffix = "@.socket" if options.instances else ".socket"
    if number > 1:
        suffix = f"_{number}{suffix}"  # no address is written like this, see descriptor_name()
    if len(stem) + len(suffix) > _LONGEST_SOCKET:
        # Two long names may be alike where they are cut.
        mark = hashlib.sha256(listener.name.encode()).hexdigest()[:12]
        stem = f"{stem[: _LONGEST_SOCKET - len(suffix) - len(mark) - 1]}-{mark}"
    return stem + suffix


def instance_of(unit: str) -> Parts:
    """Return the unit's name as one of its own instance refers to it.

    Example:
        >>> instance_of("echo@.socket")
        ('echo@', Specifier(letter='i'), '.socket')
    """
    before, template, after = unit.partition("@")
    return (f"{before}@", INSTANCE, after) if template else unit


def directory_name(manifest: Manifest, options: SystemdOptions) -> str:
    """Return the name of the application's folder under ``/var/lib``, ``/var/log`` and so on.

    It is the application's name as far as a folder can have it (``/`` and blanks become ``-``), else the unit's;
    with instances, each has a folder of its own name below it.
    """
    cleaned = re.sub(r"[^A-Za-z0-9_.\-]+", "-", manifest.application.name).strip("-.")[:200]
    return cleaned or options.name.strip("-.")


def user_name(name: str) -> str:
    """Return a system user's name made from a service's, at most 31 characters.

    The underscore at its start keeps it apart from people and from the distribution's own users, so that no
    service called ``mail`` or ``backup`` becomes one of them. Source: Debian policy, section 9.2.1.

    Example:
        >>> user_name("Echo.v2")
        '_echo-v2'
    """
    cleaned = "_" + re.sub(r"[^a-z0-9_-]+", "-", name.lower())
    if len(cleaned) > _LONGEST_USER:
        mark = hashlib.sha256(name.encode()).hexdigest()[:8]
        cleaned = f"{cleaned[: _LONGEST_USER - len(mark) - 1]}-{mark}"
    return cleaned


def is_user_name(name: str) -> bool:
    """Return whether sysusers.d and ``User=`` take the name of a user or group."""
    return len(name) <= _LONGEST_USER and bool(_USER.fullmatch(name))


def _proposal(name: str) -> str:
    cleaned = re.sub(r"[^A-Za-z0-9_.\-]+", "-", name)
    cleaned = re.sub(r"\.\.+", ".", cleaned).strip("-.")[:64].strip("-.")
    return f"use --name {cleaned or 'app'}"


def _shown(name: str) -> str:
    return repr(name if len(name) <= 60 else name[:57] + "…")  # noqa: PLR2004 (one line of a terminal)
