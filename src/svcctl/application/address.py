"""Addresses with names for their parts, as the framework's users write them: ``transport.getPeer().host``.

Each is what the socket module has, a tuple or a path, and equal to it.

Example:
    >>> peer = named_address(("127.0.0.1", 8007), "TCP")
    >>> peer.host, peer.port, peer.type, peer == ("127.0.0.1", 8007)
    ('127.0.0.1', 8007, 'TCP', True)
"""

from __future__ import annotations

from typing import Any

_IPV6_PARTS = 4


class IPv4Address(tuple[Any, ...]):  # noqa: SLOT001 (a tuple of any length has none, and the type is kept beside it)
    """``(host, port)``.

    Attributes:
        type: ``TCP`` or ``UDP``.
    """

    type: str

    @property
    def host(self) -> str:
        """The host, in digits."""
        return str(self[0])

    @property
    def port(self) -> int:
        """The port."""
        return int(self[1])


class IPv6Address(IPv4Address):
    """``(host, port, flow, scope)``."""

    @property
    def flowInfo(self) -> int:
        """The flow label."""
        return int(self[2])

    @property
    def scopeID(self) -> int:
        """The index of the link that a link-local address belongs to; 0 for others."""
        return int(self[3])


class UNIXAddress(str):
    """The path of a socket; empty for one without a name."""

    __slots__ = ()

    @property
    def name(self) -> str:
        """The path."""
        return str(self)


def named_address(address: Any, kind: str) -> Any:  # noqa: ANN401 (an address of any family)
    """Return an address of the socket module with names for its parts; one of another family as it is.

    Args:
        address: What the socket module has.
        kind: ``TCP`` or ``UDP``.
    """
    if isinstance(address, str):
        return UNIXAddress(address)
    if not isinstance(address, tuple):
        return address
    named = (IPv6Address if len(address) == _IPV6_PARTS else IPv4Address)(address)
    named.type = kind
    return named
