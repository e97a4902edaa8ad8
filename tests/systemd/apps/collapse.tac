"""Three services, of which the last cannot start; the first says when it is started and stopped."""

from __future__ import annotations

import sys
from asyncio import StreamReader, StreamWriter

from svcctl.application import strports
from svcctl.application.service import Application, Service


class Witness(Service):
    """Says what happens to it."""

    def startService(self) -> None:
        """Say so."""
        sys.stderr.write("witness started\n")

    def stopService(self) -> None:
        """Say so."""
        sys.stderr.write("witness stopped\n")


class Database(Service):
    """Cannot start."""

    async def startService(self) -> None:
        """Fail."""
        raise RuntimeError("the database is on fire")


async def answer(reader: StreamReader, writer: StreamWriter) -> None:
    """Answer one connection."""
    writer.write(await reader.readline())


application = Application("NAME")
witness = Witness()
witness.setName("witness")
witness.setServiceParent(application)
strports.service("tcp:8000:interface=127.0.0.1", answer).setServiceParent(application)
database = Database()
database.setName("database")
database.setServiceParent(application)
