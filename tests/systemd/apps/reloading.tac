"""Answers with the content of a file in its state folder as it was at the last start or reload."""

from __future__ import annotations

import os
from asyncio import StreamReader, StreamWriter
from pathlib import Path

from svcctl.application import strports
from svcctl.application.service import Application, Service


class Settings(Service):
    """What the file says; nothing if there is none."""

    def startService(self) -> None:
        """Read the file."""
        self.text = self._read()

    def reload(self) -> None:
        """Read the file again; an empty one is a mistake, and what was read before stays."""
        text = self._read()
        if not text:
            raise ValueError("the settings are empty")
        self.text = text

    def _read(self) -> str:
        """Return the file's text."""
        file = Path(os.environ["STATE_DIRECTORY"]) / "settings"
        return file.read_text() if file.exists() else "nothing"


async def answer(reader: StreamReader, writer: StreamWriter) -> None:
    """Answer one connection."""
    await reader.readline()
    writer.write(f"{settings.text}\n".encode())


application = Application("NAME")
settings = Settings()
settings.setName("settings")
settings.setServiceParent(application)
strports.service("tcp:8000:interface=127.0.0.1", answer).setServiceParent(application)
