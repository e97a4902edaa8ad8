"""Logs what it is asked to: to the journal, and to a file of its own in its logs folder."""

from __future__ import annotations

import logging
import os
from asyncio import StreamReader, StreamWriter

from svcctl.application import strports
from svcctl.application.log import FileLogObserver, addObserver
from svcctl.application.logfile import LogFile
from svcctl.application.service import Application

log = logging.getLogger("clerk")


async def write_down(reader: StreamReader, writer: StreamWriter) -> None:
    """Log the line of one connection."""
    line = await reader.readline()
    log.warning(line.decode().strip(), extra={"svcctl_path": "NAME/clerk"})
    writer.write(b"written\n")


application = Application("NAME", needs={"directories": ("logs",)})
strports.service("tcp:8000:interface=127.0.0.1", write_down).setServiceParent(application)
if os.environ.get("OWN_FILE") and "LOGS_DIRECTORY" in os.environ:
    addObserver(FileLogObserver(LogFile("clerk.log", os.environ["LOGS_DIRECTORY"])).emit)
