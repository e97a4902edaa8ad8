"""Answers with what its secret and its settings come to; without a secret it does not start."""

from __future__ import annotations

import hashlib
from asyncio import StreamReader, StreamWriter

from svcctl.application import strports
from svcctl.application.credentials import credential
from svcctl.application.service import Application
from svcctl.application.settings import Duration, Settings


class Vault(Settings):
    """What can be set."""

    greeting: str = "hello world"
    attempts: int = 3
    patience: Duration = 90.0


settings = Vault()
password = credential("db-password")


def reload() -> None:
    """Read the secret again."""
    global password  # noqa: PLW0603 (a .tac is a script)
    password = credential("db-password")


async def answer(reader: StreamReader, writer: StreamWriter) -> None:
    """Answer one connection."""
    asked = (await reader.readline()).decode().strip()
    said = hashlib.sha256(password.encode()).hexdigest() if asked == "secret" else str(settings)
    writer.write(f"{said}\n".encode())


application = Application("NAME")
strports.service("tcp:8000:interface=127.0.0.1", answer).setServiceParent(application)
