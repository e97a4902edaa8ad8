"""Socket units: one for each listener, since the name of a descriptor belongs to the unit.

Source: systemd.socket(5).
"""

from __future__ import annotations

from svcctl.endpoints.values import unwrapped
from svcctl.generate.systemd.addresses import Address
from svcctl.generate.systemd.directives import (
    INSTANCE,
    Duration,
    Number,
    Octal,
    Part,
    Parts,
    RawPath,
    Text,
    Words,
)
from svcctl.generate.systemd.hardening.guards import YES
from svcctl.generate.systemd.listeners import Bound
from svcctl.generate.systemd.names import instance_of
from svcctl.generate.systemd.options import SystemdOptions
from svcctl.generate.systemd.unit import Line, title

_LIMIT = "A service that cannot start is not started again without end by the clients that wait for it."


def socket_lines(bound: Bound, address: Address, service: str, options: SystemdOptions) -> tuple[Line, ...]:
    """Return the lines of the socket unit of one listener.

    Args:
        bound: The listener.
        address: Where it listens.
        service: File name of the service unit.
        options: The target's options.
    """
    lines = [
        Line("Unit", "Description", Text(title(f"{bound.node.path}, {bound.listener.endpoint}"))),
        *_listen(bound, address, options),
        *_permissions(bound, address),
        Line("Socket", "FileDescriptorName", Text(bound.listener.name), "The service finds it by this name."),
        Line("Socket", "Service", Words((instance_of(service),))),
        Line("Socket", "TriggerLimitIntervalSec", Duration(10_000), _LIMIT),
        Line("Socket", "TriggerLimitBurst", Number(10), _LIMIT),
        Line("Install", "WantedBy", Words(("sockets.target",))),
    ]
    return tuple(lines)


def _listen(bound: Bound, address: Address, options: SystemdOptions) -> list[Line]:
    endpoint = unwrapped(bound.endpoint)
    directive = "ListenDatagram" if bound.datagrams or endpoint.datagrams else "ListenStream"
    text = instance_parts(address.text) if options.instances else address.text
    lines = [Line("Socket", directive, RawPath(text), f"Where {bound.node.path} listens.")]
    if address.family == "inet6":
        lines.append(_families(both=endpoint.both_families and address.text.startswith("[::]:")))
    backlog: int | None = getattr(endpoint, "backlog", None)  # not every type has one
    if backlog is not None:
        lines.append(
            Line("Socket", "Backlog", Number(backlog), "As many connections wait as the endpoint says.")
        )
    return lines


def _families(*, both: bool) -> Line:
    if both:
        return Line("Socket", "BindIPv6Only", Words(("both",)), "The endpoint takes IPv4, too.")
    return Line("Socket", "BindIPv6Only", Words(("ipv6-only",)), "IPv4 is a listener of its own.")


def _permissions(bound: Bound, address: Address) -> list[Line]:
    lines = []
    permissions = getattr(unwrapped(bound.endpoint), "mode", None)  # only those in the file system have them
    if permissions is not None:
        mode = Octal(permissions)
        lines.append(Line("Socket", "SocketMode", mode, "Who may connect, as the endpoint says."))
    if address.family == "unix":
        lines.append(Line("Socket", "RemoveOnStop", YES, "No file stays behind that nobody serves."))
    return lines


def instance_parts(text: str) -> Parts:
    """Return the text with each ``%i`` as the specifier for the instance."""
    pieces = text.split("%i")
    parts: list[Part] = [pieces[0]]
    for piece in pieces[1:]:
        parts += [INSTANCE, piece]
    return tuple(parts)
