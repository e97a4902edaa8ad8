"""Says at once that it has a connection's first line, and answers the second: a request that takes its time."""

from __future__ import annotations

from asyncio import StreamReader, StreamWriter

from svcctl.application import strports
from svcctl.application.service import Application


async def answer(reader: StreamReader, writer: StreamWriter) -> None:
    """Answer one connection."""
    await reader.readline()
    writer.write(b"begun\n")
    await writer.drain()
    writer.write(await reader.readline())
    await writer.drain()


application = Application("NAME", stop_timeout=30.0)
strports.service("tcp:8000:interface=127.0.0.1", answer).setServiceParent(application)
