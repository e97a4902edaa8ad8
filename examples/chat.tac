"""A chat: whoever connects sees the last lines and everything that others write, on TCP port 8010.

What was said lives in one service that all connections share.

Run it:  svcctl run examples/chat.tac
Talk:    nc localhost 8010   (from two terminals)
"""

import asyncio
from collections import deque

from svcctl.application import internet, service


class Room(service.Service):
    """Who is here, and what was said last."""

    name = "room"

    def startService(self) -> None:
        """Open the room."""
        self.lines = deque(maxlen=20)
        self.guests = set()

    def say(self, line: bytes) -> None:
        """Show a line to everybody."""
        self.lines.append(line)
        for writer in self.guests:
            writer.write(line)


room = Room()


async def guest(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Serve one connection until it says goodbye."""
    writer.writelines(room.lines)
    room.guests.add(writer)
    try:
        while line := await reader.readline():
            room.say(line)
    finally:
        room.guests.discard(writer)


application = service.Application("chat", description="A chat for whoever connects")
room.setServiceParent(application)
internet.TCPServer(8010, guest).setServiceParent(application)
