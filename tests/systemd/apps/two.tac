"""Answers on two addresses: the second is a UNIX socket."""

from __future__ import annotations

from asyncio import StreamReader, StreamWriter

from svcctl.application import strports
from svcctl.application.service import Application


async def answer(reader: StreamReader, writer: StreamWriter) -> None:
    """Answer one connection."""
    writer.write(await reader.readline())


application = Application("NAME")
strports.service("tcp:8000:interface=127.0.0.1", answer).setServiceParent(application)
strports.service("unix:/run/NAME-control", answer).setServiceParent(application)
