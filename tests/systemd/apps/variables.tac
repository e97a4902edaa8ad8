"""Answers the name of a variable with its value."""

from __future__ import annotations

import json
import os
from asyncio import StreamReader, StreamWriter

from svcctl.application import strports
from svcctl.application.service import Application


async def answer(reader: StreamReader, writer: StreamWriter) -> None:
    """Answer one connection."""
    name = (await reader.readline()).decode().strip()
    writer.write(json.dumps(os.environ.get(name)).encode() + b"\n")
    await writer.drain()


application = Application("NAME")
strports.service("tcp:8000:interface=127.0.0.1", answer).setServiceParent(application)
