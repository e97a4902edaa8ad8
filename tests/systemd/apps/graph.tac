"""Two services that come after nothing wait for a file each; a third comes after both, and the server after that."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from svcctl.application import strports
from svcctl.application.service import Application, Service


class Gate(Service):
    """Waits while it starts for a file of its name in the state folder."""

    after = ()

    async def startService(self) -> None:
        """Wait until the file is there."""
        opened = Path(os.environ["STATE_DIRECTORY"]) / self.name
        sys.stderr.write(f"{self.name} begins\n")
        while self.name != os.environ.get("OPENED") and not opened.exists():  # noqa: ASYNC110 - the file comes from outside of the process
            await asyncio.sleep(0.02)
        sys.stderr.write(f"{self.name} is ready\n")

    def stopService(self) -> None:
        """Say so."""
        sys.stderr.write(f"{self.name} stops\n")


class Web(Service):
    """Says what happens to it."""

    name = "web"
    after = ("db", "cache")

    def startService(self) -> None:
        """Say so."""
        sys.stderr.write("web begins\n")

    def stopService(self) -> None:
        """Say so."""
        sys.stderr.write("web stops\n")


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer one connection."""
    writer.write(await reader.readline())


application = Application("NAME", start_timeout=float(os.environ.get("START_TIMEOUT", "90")))
server = strports.service("tcp:8000:interface=127.0.0.1", answer)
server.after = ("web",)
server.setServiceParent(application)
Web().setServiceParent(application)
for name in ("db", "cache"):
    gate = Gate()
    gate.setName(name)
    gate.setServiceParent(application)
