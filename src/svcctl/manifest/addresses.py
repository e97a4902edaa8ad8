"""Whether the listeners of a tree can all be bound, as far as their addresses tell."""

from __future__ import annotations

from collections.abc import Iterator

from svcctl.endpoints.grammar import format_endpoint, parse_endpoint
from svcctl.endpoints.values import Endpoint, Systemd, Tcp6, Udp, Unix, descriptor_name
from svcctl.errors import EndpointError, Problem
from svcctl.manifest.model import Listener, ServiceNode
from svcctl.records.reading import shown

_WILDCARDS = ("", "0.0.0.0", "::")  # noqa: S104 (what they mean is looked at, nothing is bound)


def address_problems(tree: ServiceNode) -> Iterator[Problem]:
    """Yield what is wrong with the endpoints, the names and the addresses of a tree's listeners."""
    names: dict[str, str] = {}
    bound: dict[tuple[str, object], dict[str, str]] = {}
    for where, listener in _listeners(tree, "tree"):
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
        earlier = names.setdefault(listener.name, where)
        if earlier != where:
            yield Problem(f"{where}.name", f"{shown(listener.name)} is the name of {earlier}, too")
            continue
        taken = _taken_by(bound, where, endpoint)
        if taken:
            yield Problem(f"{where}.endpoint", f"{shown(listener.endpoint)} is bound by {taken}, too")


def _listeners(node: ServiceNode, where: str) -> Iterator[tuple[str, Listener]]:
    for place, listener in enumerate(node.listeners):
        yield f"{where}.listeners[{place}]", listener
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


def _taken_by(bound: dict[tuple[str, object], dict[str, str]], where: str, endpoint: Endpoint) -> str:
    """Note an address as bound; return the path of the listener that has it already, empty if none has.

    On Linux a wildcard address and any other of its family exclude each other on one port (ip(7), tcp(7)).
    """
    socket, interface = _socket_of(endpoint)
    if socket is None:
        return ""
    others = bound.setdefault(socket, {})
    key = "" if interface in _WILDCARDS else interface
    taken = others.get(key) or others.get("") or ("" if key else next(iter(others.values()), ""))
    others.setdefault(key, where)
    return taken


def _socket_of(endpoint: Endpoint) -> tuple[tuple[str, object] | None, str]:
    if isinstance(endpoint, Systemd):
        return None, ""
    if isinstance(endpoint, Unix):
        return ("unix", endpoint.address), ""
    if endpoint.port == 0:
        return None, ""
    if isinstance(endpoint, Udp):
        return ("udp6" if ":" in endpoint.interface else "udp", endpoint.port), endpoint.interface
    return ("tcp6" if isinstance(endpoint, Tcp6) else "tcp", endpoint.port), endpoint.interface
