"""Types of endpoints that other distributions bring along, as entry points of the group ``svcctl.endpoints``.

An entry point's name is the type. It leads to a callable that takes the arguments of the description as text, by
position and by name, and returns an endpoint of :mod:`svcctl.endpoints.values` or an object whose
``service(factory)`` makes the service. Source: the entry points specification of the Python packaging guide.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import metadata
from typing import TYPE_CHECKING, Any

from svcctl.endpoints.values import Address
from svcctl.errors import ConfigurationError, SvcctlError, describe_cause

if TYPE_CHECKING:
    from svcctl.endpoints.descriptions import ServiceMaker
    from svcctl.endpoints.values import Endpoint

GROUP = "svcctl.endpoints"


def call(
    text: str, name: str, positional: Sequence[str], named: Mapping[str, str]
) -> Endpoint | ServiceMaker | None:
    """Return what a plug-in makes of a description; ``None`` if no plug-in has the type.

    Args:
        text: The description.
        name: Its type.
        positional: The arguments without a name.
        named: The others.

    Raises:
        ConfigurationError: The plug-in cannot be imported, raised or returned something else, or there are two.
        SvcctlError: The plug-in itself has something to say, an EndpointError mostly.
    """
    found = _find(name)
    if found is None:
        return None
    who = f"the plug-in {name!r} of {_distribution(found)}"
    try:
        made: Any = found.load()(*positional, **named)
    except SvcctlError:
        raise
    except Exception as error:
        raise ConfigurationError(
            f"endpoint {text!r}: {who} failed: {describe_cause(error)}",
            hint="look for a mistake in the arguments, then ask its maintainer",
        ) from error
    if isinstance(made, Address) or callable(getattr(made, "service", None)):
        return made  # type: ignore[no-any-return]  # just tested
    raise ConfigurationError(
        f"endpoint {text!r}: {who} returned {type(made).__name__}, neither an endpoint nor a maker of services",
        hint="ask its maintainer",
    )


def _find(name: str) -> metadata.EntryPoint | None:
    """Return the entry point of that name; a distribution that is seen twice on the path counts once."""
    found = {
        (each.value, _distribution(each)): each for each in metadata.entry_points(group=GROUP, name=name)
    }
    if len(found) > 1:
        owners = " and ".join(sorted(_distribution(each) for each in found.values()))
        raise ConfigurationError(
            f"the endpoint type {name!r} is claimed by {owners}", hint="uninstall one of them"
        )
    return next(iter(found.values()), None)


def _distribution(entry_point: metadata.EntryPoint) -> str:
    return f"{entry_point.dist.name} {entry_point.dist.version}" if entry_point.dist else entry_point.value
