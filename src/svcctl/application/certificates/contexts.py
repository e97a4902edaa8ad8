"""What services take for TLS: a context, or something that makes one."""

from __future__ import annotations

import ssl
from typing import Any

from svcctl.errors import FactoryError

_WRONG_SIDE = {True: ssl.PROTOCOL_TLS_CLIENT, False: ssl.PROTOCOL_TLS_SERVER}


def check_context_factory(given: Any, *, server: bool) -> None:  # noqa: ANN401 (whatever users give)
    """Refuse what is neither an ``ssl.SSLContext`` nor has a ``getContext()``, without calling that.

    Args:
        given: What a service got as its ``contextFactory``.
        server: Whether it is for a server.

    Raises:
        FactoryError: It is neither, or a context for the other side.
    """
    if isinstance(given, ssl.SSLContext):
        _check_side(given, server=server)
        return
    name = getattr(given, "__name__", "") if isinstance(given, type) else ""
    # The value itself is not shown: it may be the text of a key.
    if not callable(getattr(given, "getContext", None)):
        plain = 'tls.Certificate("key.pem", "certificate.pem")' if server else "tls.client_context()"
        raise FactoryError(
            f"{name or type(given).__name__} object makes no TLS context",
            hint=f"give {plain}, an ssl.SSLContext or an object with getContext()",
        )
    if name:
        raise FactoryError(f"{name} is a class", hint=f"give an instance: {name}(…)")


def context_from(given: Any, *, server: bool) -> ssl.SSLContext:  # noqa: ANN401 (the same)
    """Return the context itself; what has a ``getContext()`` is asked anew each time.

    Args:
        given: What :func:`check_context_factory` let pass.
        server: Whether it is for a server.

    Raises:
        ConfigurationError: Certificates that it names cannot be used.
        FactoryError: ``getContext()`` returned something else, or a context for the other side.
    """
    context = given if isinstance(given, ssl.SSLContext) else given.getContext()
    if not isinstance(context, ssl.SSLContext):
        raise FactoryError(
            f"getContext() of {type(given).__name__} returned a {type(context).__module__}.{type(context).__name__}",
            hint="return an ssl.SSLContext of the standard library",
        )
    _check_side(context, server=server)
    return context


def _check_side(context: ssl.SSLContext, *, server: bool) -> None:
    if context.protocol is _WRONG_SIDE[server]:
        side, other = ("server", "client") if server else ("client", "server")
        raise FactoryError(
            f"the TLS context is for {other}s, and this is a {side}",
            hint=f"make it with ssl.PROTOCOL_TLS_{side.upper()}",
        )
