"""Types of endpoints that other distributions bring along, as entry points.

An entry point's name is the type. It leads to a callable that takes the arguments of the description as text, by
position and by name. In the group ``svcctl.endpoints`` it returns an endpoint of :mod:`svcctl.endpoints.values` or an
object whose ``service(factory)`` makes the service; in ``svcctl.client_endpoints`` one of
:mod:`svcctl.endpoints.clients` or an object whose ``connect(make_protocol)`` connects. Source: the entry points
specification of the Python packaging guide.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import metadata
from typing import Any, NamedTuple

from svcctl.endpoints.clients import CLIENT_TYPES
from svcctl.endpoints.grammar import Argument
from svcctl.endpoints.values import Address
from svcctl.errors import ConfigurationError, EndpointError, SvcctlError, describe_cause


class Group(NamedTuple):
    """A group of entry points.

    Attributes:
        name: Its name.
        kinds: The classes of the values that its plug-ins return.
        method: The method of the objects that they may return instead.
        returned: Words for both.
    """

    name: str
    kinds: tuple[type, ...]
    method: str
    returned: str


SERVERS = Group("svcctl.endpoints", (Address,), "service", "neither an endpoint nor a maker of services")
CLIENTS = Group(
    "svcctl.client_endpoints",
    tuple(CLIENT_TYPES.values()),
    "connect",
    "neither an endpoint of clients nor an object that connects",
)


def call(group: Group, text: str, name: str, arguments: Sequence[Argument]) -> Any:  # noqa: ANN401 (what the group says)
    """Return what a plug-in makes of a description; ``None`` if no plug-in has the type.

    Args:
        group: Where to look.
        text: The description.
        name: Its type, in any case.
        arguments: What follows it.

    Raises:
        ConfigurationError: The plug-in cannot be imported, raised or returned something else, or there are two.
        EndpointError: An argument is there twice.
        SvcctlError: The plug-in itself has something to say, an EndpointError mostly.
    """
    positional, named = _as_call(text, arguments)
    found = _find(group, name)
    if found is None:
        return None
    who = f"the plug-in {found.name!r} of {_distribution(found)}"
    try:
        made: Any = found.load()(*positional, **named)
    except SvcctlError:
        raise
    except Exception as error:
        raise ConfigurationError(
            f"endpoint {text!r}: {who} failed: {describe_cause(error)}",
            hint="look for a mistake in the arguments, then ask its maintainer",
        ) from error
    if isinstance(made, group.kinds) or (
        callable(getattr(made, group.method, None)) and not isinstance(made, type)
    ):
        return made
    raise ConfigurationError(
        f"endpoint {text!r}: {who} returned {type(made).__name__}, {group.returned}",
        hint="ask its maintainer",
    )


def types(group: Group) -> tuple[str, ...]:
    """Return the types that plug-ins have, sorted."""
    return tuple(sorted({each.name for each in metadata.entry_points(group=group.name)}))


def _as_call(text: str, arguments: Sequence[Argument]) -> tuple[list[str], Mapping[str, str]]:
    """Return the arguments as a function takes them."""
    positional = [argument.value for argument in arguments if argument.name is None]
    named: dict[str, str] = {}
    for argument in arguments:
        if argument.name in named:
            raise EndpointError(text, argument.position, f"'{argument.name}' once only")
        if argument.name is not None:
            named[argument.name] = argument.value
    return positional, named


def _find(group: Group, name: str) -> metadata.EntryPoint | None:
    """Return the entry point of that name; a distribution that is seen twice on the path counts once."""
    found = {
        (each.value, _distribution(each)): each
        for each in metadata.entry_points(group=group.name)
        if each.name.lower() == name.lower()
    }
    if len(found) > 1:
        owners = " and ".join(sorted(_distribution(each) for each in found.values()))
        raise ConfigurationError(
            f"the endpoint type {name!r} is claimed by {owners}", hint="uninstall one of them"
        )
    return next(iter(found.values()), None)


def _distribution(entry_point: metadata.EntryPoint) -> str:
    return f"{entry_point.dist.name} {entry_point.dist.version}" if entry_point.dist else entry_point.value
