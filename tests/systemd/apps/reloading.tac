"""Answers with the content of a file in its state folder as it was at the last start or reload.

A text that is empty is refused by the check; one that begins with "bad" is found out when it has been applied
already; one that begins with "slow" takes its time, one that begins with "stuck" all there is.
"""

from __future__ import annotations

import asyncio
import os
from asyncio import StreamReader, StreamWriter
from pathlib import Path

from svcctl.application import strports
from svcctl.application.service import Application, Service

words: list[str] = []


def check_reload() -> None:
    """Take note that the application itself is asked first."""
    words.append("checked")


class Settings(Service):
    """What the file says; nothing if there is none."""

    text = before = "nothing"

    def startService(self) -> None:
        """Read the file."""
        self.text = self._read()

    def check_reload(self) -> None:
        """Refuse an empty file."""
        assert words
        if not self._read():
            raise ValueError("the settings are empty")

    async def reload(self) -> None:
        """Read the file again."""
        self.before, self.text = self.text, self._read()
        if self.text.startswith("slow"):
            await asyncio.sleep(1)

    def revert_reload(self) -> None:
        """Go back to what was read before."""
        self.text = self.before

    def _read(self) -> str:
        """Return the file's text."""
        file = Path(os.environ["STATE_DIRECTORY"]) / "settings"
        return file.read_text() if file.exists() else "nothing"


class User(Service):
    """Finds out what the settings are worth only when it uses them."""

    async def reload(self) -> None:
        """Use them."""
        if settings.text.startswith("bad"):
            raise ValueError("the settings do not work")
        if settings.text.startswith("stuck"):
            await asyncio.Event().wait()


async def answer(reader: StreamReader, writer: StreamWriter) -> None:
    """Answer one connection."""
    await reader.readline()
    writer.write(f"{settings.text}\n".encode())


application = Application("NAME", start_timeout=10.0)
settings = Settings()
settings.setName("settings")
settings.setServiceParent(application)
user = User()
user.setName("user")
user.setServiceParent(application)
strports.service("tcp:8000:interface=127.0.0.1", answer).setServiceParent(application)
