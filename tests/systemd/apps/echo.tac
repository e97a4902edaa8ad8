"""Answers each line with itself."""

from __future__ import annotations

from asyncio import StreamReader, StreamWriter

from svcctl.application import strports
from svcctl.application.service import Application


async def answer(reader: StreamReader, writer: StreamWriter) -> None:
    """Answer one connection."""
    while line := await reader.readline():
        writer.write(line)
        await writer.drain()


application = Application("NAME")
strports.service("tcp:8000:interface=127.0.0.1", answer).setServiceParent(application)
