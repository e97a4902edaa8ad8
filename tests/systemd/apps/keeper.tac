"""Answers with what it has kept, keeps what it is told, and has a new process take over when it is asked to.

A line is answered with itself, but: ``pid``, ``keep TEXT``, ``kept``, ``slow SECONDS`` and ``upgrade``.
"""

from __future__ import annotations

import asyncio
import gc
import os
import tempfile
from asyncio import StreamReader, StreamWriter

from svcctl.application import strports
from svcctl.application.service import Application, Service
from svcctl.errors import SvcctlError


class Keeper(Service):
    """Keeps a text and a file."""

    name = "keeper"

    def startService(self) -> None:
        """Take back what was kept; begin with nothing."""
        found = self.kept("text")
        self.text = found.decode() if isinstance(found, bytes) else ""
        file = self.kept("file")
        if isinstance(file, int):
            self.text += f" {os.pread(file, 100, 0).decode()}"
            os.close(file)
            self.drop("file")

    def remember(self, text: str) -> bool:
        """Keep a text, and a file without a name that has its length in it."""
        self.text = text
        with tempfile.TemporaryFile(buffering=0) as file:
            file.write(str(len(text)).encode())
            return self.keep("text", text.encode()) and self.keep("file", file)


async def answer(reader: StreamReader, writer: StreamWriter) -> None:
    """Answer one connection."""
    if line := (await reader.readline()).decode().strip():
        verb, _, rest = line.partition(" ")
        said = line
        if verb == "pid":
            said = str(os.getpid())
        elif verb == "keep":
            said = str(keeper.remember(rest))
        elif verb == "kept":
            said = keeper.text or "nothing"
        elif verb == "upgrade":
            said = await upgrade()
        elif verb == "slow":
            await asyncio.sleep(float(rest))
        writer.write(f"{said}\n".encode())
        await writer.drain()


async def upgrade() -> str:
    """Have a new process take over, as the control socket does, and return its id or why it has not."""
    from svcctl.runtime import runner, upgrading  # noqa: PLC0415 (only then)

    process = next(each for each in gc.get_objects() if isinstance(each, runner.Process))
    try:
        return str(await upgrading.upgrade(process))
    except SvcctlError as error:
        return str(error)


application = Application("NAME", needs={"descriptors": 2}, stop_timeout=10.0)
keeper = Keeper()
keeper.setServiceParent(application)
strports.service("tcp:8000:interface=127.0.0.1", answer).setServiceParent(application)
