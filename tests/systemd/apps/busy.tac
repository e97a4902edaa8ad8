"""Answers one request per connection with the request's own token, after five milliseconds of work."""

from __future__ import annotations

import asyncio

from svcctl.application import strports
from svcctl.application.service import Application


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer one connection."""
    token = await reader.readline()
    await asyncio.sleep(0.005)
    writer.write(token)
    await writer.drain()


application = Application("NAME")
strports.service("tcp:8000:interface=127.0.0.1", answer).setServiceParent(application)
