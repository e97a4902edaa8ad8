"""Answers a line with itself and hangs up; ``version`` with its own version, ``pid`` with its process."""

from __future__ import annotations

import os
from asyncio import StreamReader, StreamWriter

from svcctl.application import strports
from svcctl.application.service import Application

VERSION = "1.0.0"


async def answer(reader: StreamReader, writer: StreamWriter) -> None:
    """Answer one connection."""
    line = (await reader.readline()).decode()
    known = {"version\n": f"{VERSION}\n", "pid\n": f"{os.getpid()}\n"}
    writer.write(known.get(line, line).encode())
    await writer.drain()


application = Application(
    "NAME",
    description="Repeats what it is told",
    version=VERSION,
    maintainer="Ann Example <ann@example.org>",
    needs={"directories": ["state"], "environment": ["GREETING"]},
)
strports.service("tcp:8000:interface=127.0.0.1", answer).setServiceParent(application)
