"""Answers on a socket that the init system hands over under the name of the ready-made socket unit."""

from __future__ import annotations

from asyncio import StreamReader, StreamWriter

from svcctl.application import strports
from svcctl.application.service import Application


async def answer(reader: StreamReader, writer: StreamWriter) -> None:
    """Answer one connection."""
    writer.write(await reader.readline())


application = Application("NAME")
strports.service("systemd:domain=UNIX:name=svcctl", answer).setServiceParent(application)
