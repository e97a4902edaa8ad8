"""Answers each line with itself; asked to, it blocks its event loop for good."""

from __future__ import annotations

import time
from asyncio import StreamReader, StreamWriter

from svcctl.application import strports
from svcctl.application.service import Application


async def answer(reader: StreamReader, writer: StreamWriter) -> None:
    """Answer one connection."""
    while line := await reader.readline():
        if line == b"block\n":
            time.sleep(600)  # noqa: ASYNC251 - what the watchdog is for
        writer.write(line)
        await writer.drain()


application = Application("NAME", watchdog_timeout=2.0)
strports.service("tcp:8000:interface=127.0.0.1", answer).setServiceParent(application)
