"""Clients for tests of servers."""

from __future__ import annotations

import asyncio
import socket
from typing import Any


async def connect(address: Any) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:  # noqa: ANN401 (an address of any family)
    """Connect to an address as the socket module has it."""
    if isinstance(address, str):
        return await asyncio.open_unix_connection(address)
    return await asyncio.open_connection(*address[:2])


async def talk(address: Any, data: bytes = b"") -> bytes:  # noqa: ANN401 (the same)
    """Connect, send, say that this was all, and return everything that comes back."""
    reader, writer = await connect(address)
    try:
        writer.write(data)
        writer.write_eof()
        return await reader.read()
    finally:
        await close(writer)


async def close(writer: asyncio.StreamWriter) -> None:
    """Close a connection and wait until it is closed, whatever the other side did."""
    writer.close()
    try:
        await writer.wait_closed()
    except OSError:
        return


def dial(address: Any) -> socket.socket:  # noqa: ANN401 (the same)
    """Connect without the loop; the connection waits in the listener's backlog until the loop accepts it."""
    family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
    client = socket.socket(family, socket.SOCK_STREAM)
    client.settimeout(10.0)
    client.connect(address)
    return client


def read_all(client: socket.socket) -> bytes:
    """Read until the other side closes."""
    chunks = []
    while chunk := client.recv(65536):
        chunks.append(chunk)
    return b"".join(chunks)


async def until(condition: Any) -> None:  # noqa: ANN401 (a function that tells whether it is so)
    """Let the loop turn until something is so; the test's own time limit ends it otherwise."""
    while not condition():  # noqa: ASYNC110 (what happens sets no event for the test's sake)
        await asyncio.sleep(0.001)
