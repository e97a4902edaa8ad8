"""Hands out numbers, each once; its state is the next one."""

from __future__ import annotations

from asyncio import StreamReader, StreamWriter

from svcctl.application import internet
from svcctl.application.service import Application


class Keys:
    """Knows the next number."""

    def __init__(self) -> None:
        self.next = 0

    async def answer(self, reader: StreamReader, writer: StreamWriter) -> None:
        """Answer each line of a connection with a number."""
        while await reader.readline():
            writer.write(b"%d\n" % self.next)
            self.next += 1
            await writer.drain()


application = Application("NAME")
internet.TCPServer(8000, Keys().answer, interface="127.0.0.1").setServiceParent(application)
