"""From the name of a host to a connected socket."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from itertools import chain, zip_longest
from typing import Any

from svcctl.application.servers.listening import Connection
from svcctl.posix import reason

#: Seconds that one address has before the next is tried as well. Source: RFC 8305, section 5.
_HEAD_START = 0.25

#: Family and address, as the socket module has it.
Address = tuple[int, Any]


async def resolve(host: str, port: int) -> list[Address]:
    """Return the addresses of a host in the order in which to try them: the families take turns."""
    try:  # what is an address already needs no thread to be looked up in
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except (socket.gaierror, UnicodeError):
        loop = asyncio.get_running_loop()
        try:
            found = list(await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except UnicodeError as error:  # a name that IDNA has no form for
            raise socket.gaierror(socket.EAI_NONAME, f"not a host name: {error}") from error
    first = found[0][0]
    same = [each for each in found if each[0] == first]
    other = [each for each in found if each[0] != first]
    turns = chain.from_iterable(zip_longest(same, other))
    return [(each[0], each[4]) for each in turns if each is not None]


async def race(addresses: Sequence[Address], local: tuple[str, int] | None) -> Connection:
    """Connect to the first address that answers, each with a head start on the next. Source: RFC 8305.

    Args:
        addresses: At least one.
        local: Address and port to connect from; ``None`` lets the system choose.

    Raises:
        OSError: None of them answered; this is what the first failure was.
    """
    running: set[asyncio.Task[Connection]] = set()
    winner = None
    try:
        winner = await _first(addresses, local, running)
        await _call_off(running)
    except BaseException:
        if winner is not None:
            winner.close()
        await _call_off(running)
        raise
    return winner


async def _first(
    addresses: Sequence[Address], local: tuple[str, int] | None, running: set[asyncio.Task[Connection]]
) -> Connection:
    errors: list[OSError] = []
    for address in addresses:
        running.add(asyncio.get_running_loop().create_task(dial(address, local)))
        if (winner := await _winner(running, errors, _HEAD_START)) is not None:
            return winner
    while running:
        if (winner := await _winner(running, errors, None)) is not None:
            return winner
    raise errors[0]


async def _winner(
    running: set[asyncio.Task[Connection]], errors: list[OSError], limit: float | None
) -> Connection | None:
    done, _ = await asyncio.wait(running, timeout=limit, return_when=asyncio.FIRST_COMPLETED)
    for task in done:
        running.discard(task)
        error = task.exception()
        if error is None:
            return task.result()
        if not isinstance(error, OSError):
            raise error
        errors.append(error)
    return None


async def _call_off(running: set[asyncio.Task[Connection]]) -> None:
    for task in running:
        task.cancel()
        task.add_done_callback(_close_unused)
    if running:
        await asyncio.wait(running)


def _close_unused(task: asyncio.Task[Connection]) -> None:
    if not task.cancelled() and task.exception() is None:
        task.result().close()


async def dial(address: Address, local: tuple[str, int] | None) -> Connection:
    """Connect to one address.

    Args:
        address: Its family and itself, no name.
        local: Address and port to connect from; ``None`` lets the system choose.

    Raises:
        OSError: It does not answer, or refuses.
    """
    family, where = address
    connection = Connection(family, socket.SOCK_STREAM)
    connection.over = None
    try:
        connection.setblocking(False)  # noqa: FBT003 (the standard library's signature)
        if local is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            connection.bind(local)
        await asyncio.get_running_loop().sock_connect(connection, where)
        connection.getpeername()  # raises where the loop mistakes a UNIX socket's full backlog for a success
    except OSError as error:
        connection.close()
        if not error.errno:
            raise
        # The loop's own text says which call failed, not why.
        text = reason(error.errno)
        named = family == getattr(socket, "AF_UNIX", None)  # Windows has none
        raise OSError(error.errno, text if named else f"{text} ({where[0]})") from error
    except BaseException:
        connection.close()
        raise
    return connection
