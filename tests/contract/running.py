"""A .tac file for tests and the runner on it, under a fake init system."""

from __future__ import annotations

import socket
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.fakes.init import FakeInit

HEAD = """
import asyncio, errno, os, sys
from svcctl.application import service
from svcctl.application.service import Application, MultiService, Service
from svcctl.errors import ServiceFailedError
application = Application("shop", stop_timeout=5.0)
def note(text):
    with open("notes", "a") as file:
        file.write(text + "\\n")
class Named(Service):
    def __init__(self, name):
        self.setName(name)
        self.setServiceParent(application)
    def startService(self):
        note(f"start {self.name}")
    def stopService(self):
        note(f"stop {self.name}")
"""

ECHO = """
from svcctl.application.internet import TCPServer
async def echo(reader, writer):
    writer.write(await reader.read(100))
    writer.close()
TCPServer(0, echo, interface="127.0.0.1").setServiceParent(application)
"""


def supervise(
    folder: Path,
    tac: str,
    *options: str,
    environ: Mapping[str, str] | None = None,
    sockets: Sequence[socket.socket] = (),
    notify: bool = True,
) -> FakeInit:
    """Start the runner on a .tac file of this text."""
    (folder / "shop.tac").write_text(HEAD + tac)
    command = [sys.executable, "-P", "-m", "svcctl.runtime", *options, "shop.tac"]
    return FakeInit(command, folder, environ, sockets, notify=notify)


def notes(folder: Path) -> list[str]:
    """Return what the services have noted."""
    path = folder / "notes"
    return path.read_text().splitlines() if path.exists() else []
