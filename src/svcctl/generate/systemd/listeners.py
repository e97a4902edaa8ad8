"""The listeners of a manifest with what the target needs to know of each: its node, its endpoint, its unit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import count
from typing import NamedTuple

from svcctl.endpoints.grammar import parse_endpoint
from svcctl.endpoints.rare import Stdio
from svcctl.endpoints.values import Endpoint, Systemd, Udp, unwrapped
from svcctl.generate.systemd.addresses import Address, AddressError, family_of, of_endpoint, of_text
from svcctl.generate.systemd.names import socket_unit
from svcctl.generate.systemd.options import SystemdOptions
from svcctl.manifest.model import Listener, Manifest, ServiceNode
from svcctl.plan.model import Diagnostic


class Bound(NamedTuple):
    """One listener.

    Attributes:
        node: The service that listens.
        listener: The manifest's entry.
        endpoint: Its description, parsed.
        unit: File name of its socket unit; empty without socket activation.
    """

    node: ServiceNode
    listener: Listener
    endpoint: Endpoint
    unit: str

    @property
    def datagrams(self) -> bool:
        """It receives datagrams instead of accepting connections."""
        return self.node.kind == "datagram-server"

    @property
    def shared(self) -> bool:
        """Others may have its port, too."""
        return isinstance(self.endpoint, Udp) and self.endpoint.shared


def collect(manifest: Manifest, options: SystemdOptions) -> tuple[Bound, ...]:
    """Return the listeners in the order in which they are bound.

    Raises:
        EndpointError: A description does not parse.
    """
    found = [(node, listener) for node in manifest.tree.walk() for listener in node.listeners]
    alone = len(found) == 1
    numbers = Counter[str]()
    bounds = []
    for node, listener in found:
        numbers[listener.name] += 1
        unit = socket_unit(options, listener, numbers[listener.name], alone=alone) if options.sockets else ""
        bounds.append(Bound(node, listener, parse_endpoint(listener.endpoint), unit))
    return tuple(bounds)


def inherited(bounds: tuple[Bound, ...], options: SystemdOptions) -> tuple[tuple[Bound, Address], ...]:
    """Return the listeners that systemd can open, each with its address."""
    given, several = dict(options.listen), _ports(bounds) > 1
    opened = []
    for bound in bounds:
        try:
            opened.append((bound, _address(bound, options, given, several=several)))
        except AddressError:
            continue
    return tuple(opened)


def problems(bounds: tuple[Bound, ...], options: SystemdOptions) -> list[Diagnostic]:
    """Return what keeps systemd from opening the listeners, or the service from binding them."""
    found = _unknown_names(bounds, options) + [
        problem for bound in bounds for problem in _without_input(bound)
    ]
    bounds = tuple(bound for bound in bounds if not isinstance(bound.endpoint, Stdio))
    if not options.sockets:
        return found + [problem for bound in bounds for problem in _unopened(bound)]
    given, several = dict(options.listen), _ports(bounds) > 1
    missing: list[tuple[Bound, AddressError]] = []
    taken: set[str] = set()
    for bound in bounds:
        try:
            taken.add(_address(bound, options, given, several=several).text.rpartition(":")[2])
        except AddressError as error:
            missing.append((bound, error))
    hint = _proposal(tuple(bound for bound, _ in missing), options, taken)
    found += [
        _error(bound.node.path, f"{bound.listener.endpoint}: {error}", hint) for bound, error in missing
    ]
    return found + _repeated(bounds) + _indexed(bounds)


def _address(bound: Bound, options: SystemdOptions, given: dict[str, str], *, several: bool) -> Address:
    instances = options.instances
    text = given.get(bound.listener.name)
    if text is not None:
        return of_text(text, bound.endpoint, instances=instances)
    address = of_endpoint(bound.endpoint, instances=instances)
    if instances and several and address.family != "unix":
        raise AddressError("%i can replace the port of one listener only")
    return address


def _ports(bounds: tuple[Bound, ...]) -> int:
    return sum(family_of(bound.endpoint) != "unix" for bound in bounds)


def _unknown_names(bounds: tuple[Bound, ...], options: SystemdOptions) -> list[Diagnostic]:
    known = {bound.listener.name for bound in bounds}
    hint = f"the listeners are {', '.join(sorted(known))}" if known else "the application has no listeners"
    unknown = [name for name, _ in options.listen if name not in known]
    if options.listen and not options.sockets:
        return [_error("--listen", "only socket units have addresses, and none are made", "")]
    return [_error(f"--listen {name}", "no listener has this name", hint) for name in unknown]


def _without_input(bound: Bound) -> list[Diagnostic]:
    if not isinstance(bound.endpoint, Stdio):
        return []
    message = f"{bound.listener.endpoint} a service has no standard input that anybody could write to"
    return [_error(bound.node.path, message, "start it with svcctl run, or listen on unix:PATH instead")]


def _unopened(bound: Bound) -> list[Diagnostic]:
    if not isinstance(unwrapped(bound.endpoint), Systemd):
        return []
    message = f"{bound.listener.endpoint} is handed over by a socket unit, and none is made"
    return [_error(bound.node.path, message, "leave socket activation on, or listen on tcp:PORT instead")]


def _repeated(bounds: tuple[Bound, ...]) -> list[Diagnostic]:
    first: dict[str, Bound] = {}
    found = []
    for bound in bounds:
        before = first.setdefault(bound.listener.name, bound)
        if before is not bound and not bound.shared:
            message = f"{bound.listener.endpoint} is what {before.node.path} already listens on"
            found.append(_error(bound.node.path, message, "give each service an address of its own"))
    return found


def _indexed(bounds: tuple[Bound, ...]) -> list[Diagnostic]:
    if len(bounds) == 1:
        return []
    message = "the order of sockets from several units is undefined, so an index does not find one"
    endpoints = [(bound, unwrapped(bound.endpoint)) for bound in bounds]
    return [
        _error(bound.node.path, f"{bound.listener.endpoint}: {message}", "write name=NAME instead of index=N")
        for bound, endpoint in endpoints
        if isinstance(endpoint, Systemd) and endpoint.name is None
    ]


def _proposal(bounds: tuple[Bound, ...], options: SystemdOptions, taken: set[str]) -> str:
    """Return options that give addresses to listeners, such that no two of them are in each other's way.

    Args:
        bounds: The listeners.
        options: The target's options.
        taken: The ports that other listeners have, as they are written.
    """
    ports = (port for port in _ports_to_try(options) if port not in taken)
    alone = len(bounds) == 1
    words = [
        f"--listen {bound.listener.name}={_sample(bound, options, ports, alone=alone)}" for bound in bounds
    ]
    if alone:
        return f"give its address: {words[0]}"
    return f"give each an address, no two of them with the same port: {' '.join(words)}"


def _ports_to_try(options: SystemdOptions) -> Iterator[str]:
    if options.instances:
        yield "%i"
        yield from (f"{digit}%i" for digit in count(1))
    else:
        yield from map(str, count(8000))


def _sample(bound: Bound, options: SystemdOptions, ports: Iterator[str], *, alone: bool) -> str:
    family = family_of(bound.endpoint)
    if family == "unix":
        stem = options.name if alone else f"{options.name}-{bound.listener.name}"
        return f"/run/{stem}{'-%i' if options.instances else ''}.sock"
    host = "[::]" if family == "inet6" else "0.0.0.0"  # noqa: S104 (the framework's meaning of no address)
    return f"{host}:{next(ports)}"


def _error(subject: str, message: str, hint: str) -> Diagnostic:
    return Diagnostic(severity="error", subject=subject, message=message, hint=hint)
