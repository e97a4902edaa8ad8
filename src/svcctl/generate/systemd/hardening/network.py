"""The lines about networks: what is shut when every socket is handed over, and what opening one costs."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from svcctl.generate.systemd.addresses import is_loopback
from svcctl.generate.systemd.context import Context
from svcctl.generate.systemd.directives import Words
from svcctl.generate.systemd.hardening.guards import NO, YES, Guard
from svcctl.manifest.model import connections_of

_CLOSED = "Connections to and from addresses of its own are refused; sockets handed to it are not affected."


def network(context: Context) -> Iterator[Guard]:
    """Yield the lines that decide what the service can reach."""
    yield _private_network(context)
    yield from _addresses(context)
    yield _families(context)


def outbound(context: Context) -> bool:
    """Return whether the application connects to others by IP."""
    return context.needs.network == "outbound"


def own_network(context: Context) -> str:
    """Return why the service needs the host's network; empty if it does not."""
    if context.own_ports:
        bound = context.own_ports[0]
        more = f" (and {len(context.own_ports) - 1} more)" if len(context.own_ports) > 1 else ""
        return f"{bound.node.path} opens {bound.listener.endpoint}{more} itself; handed over through a .socket unit, it would need no network."
    if not outbound(context):
        return ""
    if context.needs.connects_to:
        return (
            f"{context.name} connects to {', '.join(context.needs.connects_to)}; everything else is refused."
        )
    connections = connections_of(context.manifest.tree)
    if connections:
        more = f" (and {len(connections) - 1} more)" if len(connections) > 1 else ""
        return f"{connections[0][0]} connects to {connections[0][1]}{more}."
    return f"{context.name} connects to addresses known only at run time."


def _private_network(context: Context) -> Guard:
    reason = own_network(context)
    if not reason and context.needs.abstract_sockets:
        reason = f"{context.name} talks to abstract UNIX sockets, which a private network hides."
    if reason:
        return Guard("PrivateNetwork", NO, reason)
    if not context.bounds:
        return Guard(
            "PrivateNetwork", YES, "It listens nowhere and connects to nothing, so it has no network."
        )
    return Guard("PrivateNetwork", YES, _inherits(context))


def _inherits(context: Context) -> str:
    units = [bound.unit for bound in context.bounds if bound.unit]
    if not units:
        return "It talks over UNIX sockets by path, which needs no network."
    through = units[0] if len(units) == 1 else f"{units[0]} and {len(units) - 1} more"
    return f"It listens through {through}; the service itself has no network."


def _addresses(context: Context) -> Iterator[Guard]:
    reason = own_network(context)
    if not reason:
        yield Guard("IPAddressDeny", Words(("any",)), _CLOSED)
        return
    allowed = _allowed(context)
    if allowed is None:
        yield Guard("IPAddressDeny", Words(), reason)
        return
    yield Guard("IPAddressDeny", Words(("any",)), "Only the addresses below are reached.")
    yield Guard("IPAddressAllow", Words(allowed), reason)


def _allowed(context: Context) -> tuple[str, ...] | None:
    remote_clients = any(not is_loopback(bound.endpoint) for bound in context.own_ports)
    if remote_clients or (outbound(context) and not context.needs.connects_to):
        return None
    targets = context.needs.connects_to if outbound(context) else ()
    if not all(is_network(target) for target in targets):
        return None
    # The stub resolver of systemd-resolved answers on the loopback address.
    return ("localhost", *targets)


def is_network(text: str) -> bool:
    """Return whether the text is an IP address or a network with its prefix length."""
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return True


def _families(context: Context) -> Guard:
    families, reasons = ["AF_UNIX"], ["UNIX sockets carry its readiness and its log."]
    reason = own_network(context)
    if reason:
        families += ["AF_INET", "AF_INET6"]
        reasons = [reason]
    extra = [family for family in context.needs.address_families if family not in families]
    if extra:
        reasons.append(f"{context.name} needs {', '.join(extra)}.")
    elif not reason:
        reasons.append("It opens no others; those handed to it stay usable.")
    return Guard("RestrictAddressFamilies", Words((*families, *extra)), " ".join(reasons))
