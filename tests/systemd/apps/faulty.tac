"""Answers each line with itself, and goes wrong as its variable or a line asks for.

``FAULT=load``: the file never ends. ``hang``: its store never becomes ready. ``denied``: the store writes where it must
not. ``stuck``: the store blocks its stop. ``slow``: the store's stop takes longer than its budget.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from asyncio import StreamReader, StreamWriter
from pathlib import Path

from svcctl.application import strports
from svcctl.application.service import Application, Service

FAULT = os.environ.get("FAULT", "")


class Store(Service):
    """Goes wrong at its start or its stop."""

    name = "store"

    async def startService(self) -> None:
        """Start, or not."""
        if FAULT == "hang":
            await asyncio.Event().wait()
        if FAULT == "denied":
            self.spoil()

    async def stopService(self) -> None:
        """Stop, or not."""
        if FAULT == "stuck":
            time.sleep(600)  # noqa: ASYNC251 - what the limit is for
        if FAULT == "slow":
            await asyncio.sleep(600)

    def spoil(self) -> None:
        """Write where nobody should."""
        Path("/etc/faulty").write_text("mine")

    async def fail(self) -> None:
        """Fail."""
        raise RuntimeError("the disk is gone")


async def answer(reader: StreamReader, writer: StreamWriter) -> None:
    """Answer one connection."""
    while line := await reader.readline():
        match line.decode().strip():
            case "fail":
                store.spawn(store.fail())
            case "block":
                time.sleep(600)  # noqa: ASYNC251 - what the watchdog is for
            case "spoil":
                store.spoil()
            case "segv":
                os.kill(os.getpid(), signal.SIGSEGV)
            case "eat":
                eaten = [os.urandom(1 << 20) for _ in range(300)]
                writer.write(str(len(eaten)).encode())
        writer.write(line)
        await writer.drain()


if FAULT == "load":
    time.sleep(600)
application = Application("NAME", start_timeout=2.0, stop_timeout=1.0, watchdog_timeout=2.0)
store = Store()
store.setServiceParent(application)
strports.service("tcp:8000:interface=127.0.0.1", answer).setServiceParent(application)
