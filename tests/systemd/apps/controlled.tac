"""A server and what it comes after; a service that fails when a file says so; and one that keeps a socket."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from svcctl.application import strports
from svcctl.application.service import Application, IService, Service
from svcctl.application.supervision import Supervision


class Part(Service):
    """Fails while it runs when there is a file of its name in the state folder."""

    def startService(self) -> None:
        """Look for the file from now on."""
        self.spawn(self.look())

    async def look(self) -> None:
        """Fail when it is there."""
        file = Path(os.environ["STATE_DIRECTORY"]) / self.name
        while not file.exists():  # noqa: ASYNC110 - the file comes from outside of the process
            await asyncio.sleep(0.05)
        file.unlink()
        raise RuntimeError(f"{self.name} was told to")

    def reload(self) -> None:
        """Have something to reload."""


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer every line of a connection."""
    while line := await reader.readline():
        writer.write(line)


application = Application("NAME", needs={"directories": ("state",)})
IService(application).supervision = Supervision(backoff=lambda _: 3600.0)
db = Part()
db.setName("db")
db.after = ()
db.setServiceParent(application)
server = strports.service("tcp:8000:interface=127.0.0.1", answer)
server.setName("web")
server.after = ("db",)
server.setServiceParent(application)
