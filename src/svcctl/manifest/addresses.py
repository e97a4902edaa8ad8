"""Whether the listeners of a tree can all be bound, as far as their addresses tell."""

from __future__ import annotations

from collections.abc import Iterator

from svcctl.endpoints.grammar import format_endpoint, parse_endpoint
from svcctl.endpoints.rare import Stdio, Tls, Unixgram
from svcctl.endpoints.values import Endpoint, Ssl, Systemd, Tcp, Tcp6, Udp, Unix, descriptor_name, unwrapped
from svcctl.errors import EndpointError, Problem
from svcctl.manifest.model import Listener, ServiceNode
from svcctl.records.reading import shown

_WILDCARDS = ("", "0.0.0.0", "::")  # noqa: S104 (what they mean is looked at, nothing is bound)


def address_problems(tree: ServiceNode) -> Iterator[Problem]:
    """Yield what is wrong with the endpoints, the names and the addresses of a tree's listeners."""
    names: dict[str, str] = {}
    bound: dict[tuple[str, object], dict[str, str]] = {}
    for where, service, listener in _listeners(tree, "tree"):
        endpoint = None
        try:
            endpoint = parse_endpoint(listener.endpoint)
        except EndpointError as error:
            yield Problem(
                f"{where}.endpoint", f"expected {error.expected}, at character {error.position + 1}"
            )
        if endpoint is None:
            continue
        yield from _form_problems(where, listener, endpoint)
        earlier = "" if is_shared(endpoint) else names.get(listener.name, "")
        names.setdefault(listener.name, service)
        taken = _taken_by(bound, service, endpoint)
        if taken:
            message = (
                f"{shown(service)} listens on {shown(listener.endpoint)}, which {shown(taken)} has already"
            )
            yield Problem(f"{where}.endpoint", message)
        elif earlier:
            message = f"{shown(service)} has a listener named {shown(listener.name)}, as {shown(earlier)} has"
            yield Problem(f"{where}.name", message)


def _listeners(node: ServiceNode, where: str) -> Iterator[tuple[str, str, Listener]]:
    for place, listener in enumerate(node.listeners):
        yield f"{where}.listeners[{place}]", node.path, listener
    for place, child in enumerate(node.children):
        yield from _listeners(child, f"{where}.children[{place}]")


def _form_problems(where: str, listener: Listener, endpoint: Endpoint) -> Iterator[Problem]:
    text, name = format_endpoint(endpoint), descriptor_name(endpoint)
    if listener.endpoint != text:
        yield Problem(
            f"{where}.endpoint", f"expected its shortest form {shown(text)}, not {shown(listener.endpoint)}"
        )
    if listener.name != name:
        yield Problem(f"{where}.name", f"expected {shown(name)}, not {shown(listener.name)}")


def _taken_by(bound: dict[tuple[str, object], dict[str, str]], service: str, endpoint: Endpoint) -> str:
    """Note an address as bound; return the path of the service that has it already, empty if none has.

    On Linux a wildcard address and any other of its family exclude each other on one port (ip(7), tcp(7)), unless
    both are shared.
    """
    found = ""
    for (kind, place), interface in _sockets_of(endpoint):
        shared = is_shared(endpoint)
        key = "" if interface in _WILDCARDS else interface
        for rivals in (kind,) if shared else (kind, f"shared {kind}"):
            others = bound.get((rivals, place), {})
            taken = others.get(key) or others.get("") or ("" if key else next(iter(others.values()), ""))
            found = found or taken
        bound.setdefault((f"shared {kind}" if shared else kind, place), {}).setdefault(key, service)
    return found


def _sockets_of(endpoint: Endpoint) -> Iterator[tuple[tuple[str, object], str]]:
    """Yield what an endpoint excludes others from: a path, or a port of a protocol on an interface."""
    match unwrapped(endpoint):
        case Unix(path) | Unixgram(path):
            yield ("unix", path), ""
        case Udp(port, interface, _) if port:
            yield ("udp6" if ":" in interface else "udp", port), interface
        case Tls() as both if both.port:
            yield ("tcp6" if ":" in both.interface else "tcp", both.port), both.interface
            if both.interface == "::":  # which takes IPv4, too
                yield ("tcp", both.port), ""
        case Tcp6() as six if six.port:
            yield ("tcp6", six.port), six.interface
        case Tcp() | Ssl() as four if four.port:
            yield ("tcp", four.port), four.interface


def is_shared(endpoint: Endpoint) -> bool:
    """Return whether others may have the endpoint's port, too."""
    return isinstance(endpoint, Udp) and endpoint.shared


def is_local(text: str) -> bool:
    """Return whether an endpoint is none of a network; one that does not parse may be one."""
    try:
        endpoint = unwrapped(parse_endpoint(text))
    except EndpointError:
        return False
    domain = endpoint.domain if isinstance(endpoint, Systemd) else ""
    return domain == "UNIX" or isinstance(endpoint, Unix | Unixgram | Stdio)
