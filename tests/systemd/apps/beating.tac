"""Answers each line with itself. One of its services beats until it is asked to be quiet; the loop goes on."""

from __future__ import annotations

import asyncio
import logging
import time
from asyncio import StreamReader, StreamWriter

from svcctl.application import strports
from svcctl.application.service import Application, Service


class Worker(Service):
    """Beats five times a second, until it hangs."""

    name = "worker"
    heartbeat_timeout = 1.0

    def startService(self) -> None:
        """Begin to work."""
        self.quiet = asyncio.Event()
        self.spawn(self.work())

    async def work(self) -> None:
        """Work, and beat."""
        while not self.quiet.is_set():
            self.heartbeat()
            await asyncio.sleep(0.2)
        await self.hang()

    async def hang(self) -> None:
        """Do nothing for ever."""
        await asyncio.Event().wait()


def block() -> None:
    """Stand still."""
    logging.getLogger("beating").warning("standing still")
    time.sleep(600)


async def answer(reader: StreamReader, writer: StreamWriter) -> None:
    """Answer one connection."""
    while line := await reader.readline():
        if line == b"quiet\n":
            logging.getLogger("beating").warning("being quiet")
            worker.quiet.set()
        if line == b"block\n":
            block()
        writer.write(line)
        await writer.drain()


application = Application("NAME", watchdog_timeout=4.0)
worker = Worker()
worker.setServiceParent(application)
strports.service("tcp:8000:interface=127.0.0.1", answer).setServiceParent(application)
