"""The same as ``talk``, with little time to stop."""

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


application = Application("NAME", stop_timeout=2.0)
strports.service("tcp:8000:interface=127.0.0.1", answer).setServiceParent(application)
