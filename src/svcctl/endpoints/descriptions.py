"""What people may write besides the grammar: spellings of early documents, and types of plug-ins.

:func:`svcctl.endpoints.grammar.parse_endpoint` and :func:`svcctl.endpoints.client_grammar.parse_client` read what
svcctl itself has written, manifests above all, and load nobody's code for that. What stands in an application's own
file comes here.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Mapping
from typing import Any, Protocol

from svcctl.endpoints.grammar import Argument, is_type, parse_endpoint, split
from svcctl.endpoints.values import Address, Endpoint
from svcctl.errors import EndpointError, UsageError

_MOST_PORT_DIGITS = 5


class ServiceMaker(Protocol):
    """What a plug-in's type returns if none of svcctl's own endpoints will do."""

    def service(self, factory: Any) -> Any:  # noqa: ANN401 (whatever it takes, and a service of any class)
        """Return the service that listens and gives connections to a factory."""


def resolve(text: str, *, default: str = "tcp") -> Endpoint | ServiceMaker:
    """Return what a description means that a person has written.

    Args:
        text: As for :func:`~svcctl.endpoints.grammar.parse_endpoint`; also ``8080`` and ``port=80``, with a
            ``DeprecationWarning`` that points at the line outside of svcctl, and types of plug-ins.
        default: The type of descriptions without one.

    Raises:
        EndpointError: It does not parse.
        ConfigurationError: It is for a plug-in that is broken.
    """
    first, *_ = arguments = split(text)
    if first.name is None and is_type(first.value):
        return parse_endpoint(text)
    if _lacks_type(arguments, default):
        endpoint = _with_type(text, default)
        _warn(f"the endpoint {text!r} has no type: write '{default}:{text}'")
        return endpoint
    if first.name is None and first.value.isidentifier():
        return _of_plugin(text, arguments)
    return parse_endpoint(text)  # which says what would have been right


def resolve_endpoint(text: str) -> Endpoint:
    """Return the endpoint that a description means that a person has written.

    Raises:
        EndpointError: It does not parse.
        ConfigurationError: It is for a plug-in that is broken.
        UsageError: It is for a plug-in that makes services of its own.
    """
    made = resolve(text)
    if isinstance(made, Address):
        return made
    raise UsageError(f"{text!r} is for a service of its plug-in's own", hint="use strports.service")


def _lacks_type(arguments: list[Argument], default: str) -> bool:
    """Return whether these are arguments alone: named ones, or a single one that is a port or means one."""
    first, *rest = arguments
    if first.name is not None:
        return all(argument.name is not None for argument in rest)
    is_port = first.value.isascii() and first.value.isdigit() and len(first.value) <= _MOST_PORT_DIGITS
    return not rest and (is_port or (default != "tcp" and first.value != ""))


def _with_type(text: str, default: str) -> Endpoint:
    added = len(default) + 1
    try:
        return parse_endpoint(f"{default}:{text}")
    except EndpointError as error:
        raise EndpointError(text, max(error.position - added, 0), error.expected) from None


def _of_plugin(text: str, arguments: list[Argument]) -> Endpoint | ServiceMaker:
    from svcctl.endpoints.plugins import SERVERS, call, types  # noqa: PLC0415 (looks through everything installed)

    first, *rest = arguments
    made: Endpoint | ServiceMaker | None = call(SERVERS, text, first.value, rest)
    if made is None:
        from svcctl.endpoints.advice import type_expected  # noqa: PLC0415 (only an error needs it)

        raise EndpointError(text, 0, type_expected(first, types(SERVERS)))
    return made


def _warn(message: str) -> None:
    level, frame = 1, sys._getframe()  # noqa: SLF001 (the way to look at the stack that the warnings module has, too)
    while frame.f_back is not None and _is_ours(frame.f_globals):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, DeprecationWarning, stacklevel=level)


def _is_ours(names: Mapping[str, Any]) -> bool:
    return str(names.get("__name__")).partition(".")[0] == "svcctl"
