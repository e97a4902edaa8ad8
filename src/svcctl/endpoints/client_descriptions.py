"""What people may write of where a client connects, besides the grammar: types of plug-ins."""

from __future__ import annotations

from typing import Any

from svcctl.endpoints.client_grammar import parse_client
from svcctl.endpoints.clients import CLIENT_TYPES
from svcctl.endpoints.grammar import split
from svcctl.errors import EndpointError


def resolve_client(text: str) -> Any:  # noqa: ANN401 (values, or objects that connect by themselves)
    """Return where a description says that a client connects, which a person has written.

    Args:
        text: As for :func:`~svcctl.endpoints.client_grammar.parse_client`, and of types that plug-ins have.

    Returns:
        A value of :mod:`svcctl.endpoints.clients`, or the object of a plug-in, whose ``connect()`` connects.

    Raises:
        EndpointError: It does not parse.
        ConfigurationError: It is for a plug-in that is broken.
    """
    first, *rest = split(text)
    if first.name is not None or first.value.lower() in CLIENT_TYPES or not first.value.isidentifier():
        return parse_client(text)
    from svcctl.endpoints.plugins import CLIENTS, call, types  # noqa: PLC0415 (looks through everything installed)

    made = call(CLIENTS, text, first.value, rest)
    if made is None:
        from svcctl.endpoints.advice import client_type_expected  # noqa: PLC0415 (only an error needs it)

        raise EndpointError(text, 0, client_type_expected(first, types(CLIENTS)))
    return made
