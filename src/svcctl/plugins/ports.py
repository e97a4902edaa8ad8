"""Where plug-ins listen: an endpoint's description, or the number of a port."""

from __future__ import annotations

from svcctl.endpoints.descriptions import resolve


def listening(text: str) -> str:
    """Return the description of an endpoint; a number alone is a TCP port.

    Raises:
        EndpointError: It is no description.

    Example:
        >>> listening("8007")
        'tcp:8007'
    """
    description = f"tcp:{text}" if text.isascii() and text.isdigit() else text
    resolve(description)
    return description


listening.coerceDoc = "a number, or an endpoint such as tcp:80:interface=127.0.0.1 or unix:/run/x"  # type: ignore[attr-defined]  # the framework's way
