"""Two services: the second is ready only once somebody has put a file into the state folder."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from svcctl.application import strports
from svcctl.application.service import Application, Service


class Gate(Service):
    """Waits for a file while it starts."""

    async def startService(self) -> None:
        """Wait until the file is there."""
        opened = Path(os.environ["STATE_DIRECTORY"]) / "open"
        while not opened.exists():  # noqa: ASYNC110 - the file comes from outside of the process
            await asyncio.sleep(0.02)


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer one connection."""
    writer.write(await reader.readline())


application = Application("NAME")
strports.service("tcp:8000:interface=127.0.0.1", answer).setServiceParent(application)
gate = Gate()
gate.setName("gate")
gate.setServiceParent(application)
