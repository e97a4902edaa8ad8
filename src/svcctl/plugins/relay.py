"""Two connections that are passed on to each other."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import struct

from svcctl.posix import reason

_log = logging.getLogger(__name__)

_CHUNK = 65_536


class UnreachableError(OSError):
    """The other side of a connection cannot be reached; the cause is in ``__cause__``."""


async def reach(host: str, port: int, limit: float) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect.

    Args:
        host: A name or an address.
        port: Its TCP port.
        limit: Seconds until the attempt is given up.

    Raises:
        UnreachableError: Nobody answers there.
    """
    try:
        async with asyncio.timeout(limit):
            return await asyncio.open_connection(host, port, happy_eyeballs_delay=0.25)
    except (OSError, UnicodeError) as error:
        _log.warning(
            "destination cannot be reached",
            extra={"svcctl_destination": f"{host}:{port}", "svcctl_error": _reason(error)},
        )
        raise UnreachableError(*error.args) from error


def _reason(error: OSError | UnicodeError) -> str:
    """Return why, in the words of the system: asyncio has its own for what happens most."""
    number = None if isinstance(error, socket.gaierror | UnicodeError) else error.errno
    return reason(number) if number else str(error) or "there is no answer"


def reset(writer: asyncio.StreamWriter) -> None:
    """End a connection in such a way that the client sees it: by a reset, where there is such a thing."""
    connection = writer.get_extra_info("socket")
    with contextlib.suppress(OSError):  # a UNIX socket has none
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def relay(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    other_reader: asyncio.StreamReader,
    other_writer: asyncio.StreamWriter,
) -> None:
    """Pass bytes on in both directions until both sides have ended, or one is lost.

    A side that has nothing more to send may still receive.
    """
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(_pass(reader, other_writer))
            group.create_task(_pass(other_reader, writer))
    except* OSError as lost:
        _log.debug("connection lost", extra={"svcctl_error": str(lost.exceptions[0])})
    finally:
        other_writer.close()


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(_CHUNK):
        writer.write(data)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()
    else:  # TLS cannot end one direction alone
        writer.close()
