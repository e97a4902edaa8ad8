"""Opening a connection to an endpoint: names, addresses, TLS, one time limit for all of it."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
from typing import TYPE_CHECKING, Any

from svcctl.application.certificates.renewal import Renewal
from svcctl.application.clients.dialing import dial, race, resolve
from svcctl.application.clients.link import Link
from svcctl.application.servers.listening import Connection
from svcctl.endpoints.clients import ClientEndpoint, SslClient, TlsClient, UnixClient
from svcctl.errors import ConnectError, UsageError
from svcctl.posix import O_CLOEXEC, O_NOFOLLOW, O_NONBLOCK, unix_family

if TYPE_CHECKING:
    import ssl

#: Turns of the loop in which it takes a connected socket over, with some to spare.
_TURNS = 5

#: Seconds that the transport of a failed attempt has to close its socket, which it does in some turns of the loop.
_GRACE = 1.0


class Dialer(Renewal["ssl.SSLContext"]):
    """Connects to one endpoint as often as asked.

    Args:
        endpoint: A client endpoint's value, or an object with an ``async`` method ``connect(make_protocol)``, which
            calls ``make_protocol()``, with the peer's address if it likes, and connects what that returns.
        context_source: Makes the TLS context; ``None`` for what the endpoint says.
        local_port: The port to connect from; 0 to let the system choose.

    Attributes:
        reads_files: Whether renewing the TLS context may change anything.
    """

    def __init__(self, endpoint: Any, context_source: Any = None, local_port: int = 0) -> None:  # noqa: ANN401 (see above)
        self._endpoint = endpoint
        self._source = context_source if context_source is not None else _Files.of(endpoint)
        self._local_port = local_port

    @property
    def reads_files(self) -> bool:
        """Whether the TLS context is made from something that may change."""
        return hasattr(self._source, "getContext")

    def renew(self) -> None:
        """Make the TLS context, if there is one, for the connections from now on.

        Raises:
            ConfigurationError: A file of it cannot be used.
            FactoryError: It is no context for clients.
        """
        if self._source is not None:
            super().renew()

    def make(self) -> ssl.SSLContext:
        """Make the TLS context of an endpoint that has one; the errors are those of :meth:`renew`."""
        from svcctl.application.certificates.contexts import context_from  # noqa: PLC0415 (only for TLS)

        return context_from(self._source, server=False)

    async def connect(self, link: Link) -> None:
        """Make one attempt; return when the protocol's ``connection_made`` has been called.

        When it fails or is cancelled, nothing is left of it.

        Raises:
            ConnectError: The peer cannot be reached or refuses, or the time is over.
            Exception: Whatever the factory, or an endpoint of another kind, raises.
        """
        try:
            if isinstance(self._endpoint, ClientEndpoint):
                await self._attempt(self._endpoint, link)
            else:
                await self._endpoint.connect(link)
        except BaseException:
            await link.close()
            raise

    async def _attempt(self, endpoint: ClientEndpoint, link: Link) -> None:
        try:
            async with asyncio.timeout(endpoint.timeout):
                connection = await self._open(endpoint)
                await _attach(connection, link, self.current, _server_name(endpoint))
        except OSError as error:
            cause = error
            if isinstance(error, TimeoutError) and error.errno is None:
                cause = TimeoutError(f"no answer within {endpoint.timeout:g} s")
            raise ConnectError(destination_text(endpoint), cause, hint=_hint(error)) from error

    async def _open(self, endpoint: ClientEndpoint) -> Connection:
        if isinstance(endpoint, TlsClient) and endpoint.endpoint is not None:
            endpoint = endpoint.endpoint
        if isinstance(endpoint, UnixClient):
            if endpoint.checkPID:
                _check_lock(endpoint.path)
            return await dial((unix_family(), endpoint.path), None)
        local = (endpoint.bindAddress, self._local_port)
        addresses = await resolve(endpoint.host, endpoint.port)
        return await race(addresses, local if any(local) else None)


class _Files:
    """What makes the TLS context of an endpoint from the files that it names."""

    def __init__(self, **files: str) -> None:
        self._files = files

    @classmethod
    def of(cls, endpoint: object) -> _Files | None:
        """Return it for an endpoint; ``None`` for one without TLS."""
        match endpoint:
            case SslClient():
                names = ("privateKey", "certKey", "caCertsDir")
                return cls(**{name: getattr(endpoint, name) for name in names})
            case TlsClient():
                key = endpoint.privateKey or endpoint.certificate
                return cls(privateKey=key, certKey=endpoint.certificate, trustRoots=endpoint.trustRoots)
        return None

    def getContext(self) -> ssl.SSLContext:
        """Read the files."""
        from svcctl.application.certificates.clients import client_context  # noqa: PLC0415 (only for TLS)

        return client_context(**self._files)


def client_endpoint(endpoint: Any) -> Any:  # noqa: ANN401 (values, or objects that connect by themselves)
    """Return what a :class:`Dialer` takes, from that or from a description.

    Raises:
        EndpointError: The description does not parse.
        ConfigurationError: It is for a plug-in that is broken.
        UsageError: It is neither.
    """
    if isinstance(endpoint, str):
        from svcctl.endpoints.client_descriptions import resolve_client  # noqa: PLC0415 (only for texts)

        return resolve_client(endpoint)
    if isinstance(endpoint, ClientEndpoint) or (
        callable(getattr(endpoint, "connect", None)) and not isinstance(endpoint, type)
    ):
        return endpoint
    raise UsageError(
        f"{endpoint!r} is nothing to connect to",
        hint='give a description such as "tcp:host=example.org:port=80", or an object with connect()',
    )


def destination(endpoint: ClientEndpoint) -> Any:  # noqa: ANN401 (an address as the socket module has it)
    """Return where an endpoint is: host and port, or a path."""
    if isinstance(endpoint, TlsClient) and endpoint.endpoint is not None:
        endpoint = endpoint.endpoint
    return endpoint.path if isinstance(endpoint, UnixClient) else (endpoint.host, endpoint.port)


def destination_text(endpoint: Any) -> str:  # noqa: ANN401 (endpoints of any kind)
    """Return the same as one line for people."""
    if not isinstance(endpoint, ClientEndpoint):
        return repr(endpoint)
    where = destination(endpoint)
    if isinstance(where, str):
        return where
    host, port = where
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


async def _attach(connection: Connection, link: Link, tls: ssl.SSLContext | None, name: str) -> None:
    """Have a connected socket watched by its protocol, once TLS is agreed upon."""
    task = asyncio.get_running_loop().create_task(_hand_over(connection, link, tls, name))
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        # uvloop bears no cancellation until it has taken the socket over: the protocol would never be told of its
        # end, or the descriptor be closed twice. TLS begins after that, and everything else is done by then.
        _cancel_after(_TURNS, task)
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError:
            link.abort()  # as soon as there is something
            raise
        if not task.cancelled():
            task.exception()  # it has been cut off: whatever became of it does not matter
        raise


def _cancel_after(turns: int, task: asyncio.Task[None]) -> None:
    if turns:
        asyncio.get_running_loop().call_soon(_cancel_after, turns - 1, task)
    else:
        task.cancel()


async def _hand_over(connection: Connection, link: Link, tls: ssl.SSLContext | None, name: str) -> None:
    loop = asyncio.get_running_loop()
    closed = loop.create_future()

    def over(_: Connection) -> None:
        if not loop.is_closed():
            closed.set_result(None)
            loop.call_soon(link.gone)  # after the protocol has been told, which TLS does in the next turn

    connection.over = over
    try:
        peer = connection.getpeername()
        await loop.create_connection(
            lambda: link(peer), sock=connection, ssl=tls, server_hostname=name if tls is not None else None
        )
    except BaseException:
        if link.transport is None:
            if link.protocol is not None:  # a transport has the socket, and closes it after some turns
                await asyncio.wait({closed}, timeout=_GRACE)
            connection.close()
        raise


def _server_name(endpoint: ClientEndpoint) -> str:
    """Return the name that the server's certificate has to have."""
    if isinstance(endpoint, UnixClient):
        return ""
    return (isinstance(endpoint, SslClient) and endpoint.hostname) or endpoint.host


def _check_lock(path: str) -> None:
    """Refuse to connect while no server holds its lock; where only others may look at that, connecting shows it."""
    import fcntl  # noqa: PLC0415 (few ask for it)

    try:
        lock = os.open(f"{path}.lock", os.O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
    except PermissionError:
        return
    except FileNotFoundError as error:
        raise ConnectionRefusedError(errno.ECONNREFUSED, "its server holds no lock") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    finally:
        os.close(lock)
    raise ConnectionRefusedError(errno.ECONNREFUSED, "its server holds no lock")


def _hint(error: OSError) -> str:
    if isinstance(error, socket.gaierror):
        return "look for a mistake in the host's name, then ask this machine: `getent hosts NAME`"
    if isinstance(error, FileNotFoundError):
        return "there is no such socket: is the server running?"
    if isinstance(error, ConnectionRefusedError):
        return "nobody answers there: is the server running?"
    if isinstance(error, PermissionError):
        return "look at the rights of the socket and of its folders; an installation grants what `needs` declares"
    return ""
