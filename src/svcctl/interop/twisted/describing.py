"""What Twisted's own services say of themselves: where they listen and connect, and what they call.

It is read from the objects, before they start. What they keep under a private name is read with care: whatever is
not there is not described.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from twisted.application import internet
from twisted.application.service import IServiceCollection

from svcctl.endpoints.clients import SslClient, TcpClient, UnixClient
from svcctl.errors import SvcctlError
from svcctl.interop.twisted.addresses import endpoints_of, tcp_of, text_of, unix_of
from svcctl.interop.twisted.adopting import SystemdEndpoint

if TYPE_CHECKING:
    from svcctl.endpoints.clients import ClientEndpoint
    from svcctl.endpoints.values import Endpoint

#: Classes of Twisted's that are known, and what the manifest calls them.
_KINDS: tuple[tuple[str, str], ...] = (
    ("TCPServer", "stream-server"),
    ("SSLServer", "stream-server"),
    ("UNIXServer", "stream-server"),
    ("StreamServerEndpointService", "stream-server"),
    ("UDPServer", "datagram-server"),
    ("MulticastServer", "datagram-server"),
    ("UNIXDatagramServer", "datagram-server"),
    ("TCPClient", "stream-client"),
    ("SSLClient", "stream-client"),
    ("UNIXClient", "stream-client"),
    ("ClientService", "stream-client"),
    ("TimerService", "timer"),
    ("CooperatorService", "cooperator"),
)

_CLIENT_ARGUMENTS = {
    "TCP": ("host", "port", "factory", "timeout", "bindAddress"),
    "SSL": ("host", "port", "factory", "contextFactory", "timeout", "bindAddress"),
    "UNIX": ("address", "factory", "timeout"),
}


def kind_of(service: Any) -> str:  # noqa: ANN401 (services need no common class)
    """Return what the manifest calls a service; ``opaque`` for what is not Twisted's own."""
    for name, kind in _KINDS:
        if isinstance(service, getattr(internet, name, ())):
            return kind
    return "collection" if is_collection(service) else "opaque"


def is_collection(service: object) -> bool:
    """Tell whether a service holds others."""
    return IServiceCollection.providedBy(service) and hasattr(type(service), "__iter__")


def listening_on(service: Any) -> Sequence[Endpoint]:  # noqa: ANN401 (the same)
    """Return where a service listens; nothing if that cannot be told."""
    if isinstance(service, internet.StreamServerEndpointService):
        return _endpoints_of(service.endpoint)
    if kind_of(service) in ("stream-server", "datagram-server"):
        return endpoints_of(service.method, *service.args, **service.kwargs)
    return ()


def _endpoints_of(endpoint: Any) -> Sequence[Endpoint]:  # noqa: ANN401 (endpoints need no common class)
    inner = getattr(endpoint, "_wrappedEndpoint", None)
    if inner is not None:
        return _endpoints_of(inner)
    said = vars(endpoint) if hasattr(endpoint, "__dict__") else {}
    if isinstance(endpoint, SystemdEndpoint):
        return (endpoint.value,)
    if isinstance(said.get("_port"), int):
        return (tcp_of(said["_port"], text_of(said.get("_interface") or ""), said.get("_backlog", 50)),)
    if "_address" in said:
        return (unix_of(said["_address"], said.get("_mode", 0o666), said.get("_backlog", 50)),)
    return ()


def connecting_to(service: Any) -> Sequence[ClientEndpoint]:  # noqa: ANN401 (the same)
    """Return where a client connects; nothing if that cannot be told."""
    if isinstance(service, internet.ClientService):
        return _clients_of(_held(service))
    if kind_of(service) != "stream-client":
        return ()
    said = dict(zip(_CLIENT_ARGUMENTS[service.method], service.args, strict=False)) | service.kwargs
    if service.method == "UNIX":
        return (UnixClient(text_of(said["address"])),)
    kind = TcpClient if service.method == "TCP" else SslClient
    return (kind(text_of(said["host"]), said["port"]),)


def _held(service: Any) -> Any:  # noqa: ANN401 (an endpoint)
    """Return the endpoint of a client service, which keeps it in another place from version to version."""
    machine = getattr(service, "_machine", None)
    old, new = getattr(machine, "_endpoint", None), getattr(machine, "__automat_core__", None)
    return old or getattr(new, "endpoint", None)


def _clients_of(endpoint: Any) -> Sequence[ClientEndpoint]:  # noqa: ANN401 (endpoints need no common class)
    inner = getattr(endpoint, "_wrappedEndpoint", None)
    if inner is not None:
        return _clients_of(inner)
    said = vars(endpoint) if hasattr(endpoint, "__dict__") else {}
    if "_path" in said:
        return (UnixClient(text_of(said["_path"])),)
    host = said.get("_hostText") or said.get("_host")
    return (TcpClient(text_of(host), said["_port"]),) if host and isinstance(said.get("_port"), int) else ()


def calling(service: Any) -> Sequence[tuple[float, Callable[..., Any]]]:  # noqa: ANN401 (the same)
    """Return what a timer calls, with its interval in seconds."""
    if isinstance(service, internet.TimerService):
        return ((service.step, service.call[0]),)
    return ()


def told(error: Any) -> BaseException:  # noqa: ANN401 (Twisted's errors are unknown to the type checker)
    """Return the error for a port that cannot be listened on, as every other service has it; others as they are."""
    from twisted.internet.error import CannotListenError  # noqa: PLC0415 (only for errors)

    if not isinstance(error, CannotListenError) or not isinstance(error.socketError, OSError):
        return error  # type: ignore[no-any-return]  # the same
    from svcctl.application.servers.hints import hint_for  # noqa: PLC0415 (only for errors)
    from svcctl.endpoints.grammar import format_endpoint  # noqa: PLC0415 (the same)
    from svcctl.errors import BindError  # noqa: PLC0415 (the same)

    endpoint = (
        tcp_of(error.port, text_of(error.interface or ""), 50)
        if isinstance(error.port, int)
        else unix_of(error.port, 0o666, 50)
    )
    try:
        text = format_endpoint(endpoint)
    except SvcctlError:
        return error  # type: ignore[no-any-return]  # the same
    return BindError(text, error.socketError, hint=hint_for(error.socketError, endpoint))
