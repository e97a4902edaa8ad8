"""What to type when the units of an application are not what they should be."""

from __future__ import annotations

from collections.abc import Mapping


def status_command(unit: str | None, environ: Mapping[str, str]) -> str:
    """Return the command that shows how to mend an installation, in backticks.

    The command to repeat is not named itself: only the receipt has its options, and without them it would make
    other units.

    Args:
        unit: Name of the service unit, ``None`` if it is not known.
        environ: The environment. A user's manager gives ``MANAGERPID`` to its services; source: systemd.exec(5).
    """
    command = "svcctl status --user" if "MANAGERPID" in environ else "svcctl status"
    if unit is None:
        return f"`{command}` for this application"
    return f"`{command} {unit.removesuffix('.service')}`"
