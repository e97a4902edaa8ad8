"""What programs write: the end of the log where tests wait for it."""

from __future__ import annotations

import asyncio
import logging


class Lines(logging.Handler):
    """Keeps the lines that programs write, and lets tests wait for them.

    Attributes:
        records: The log records of the lines.
    """

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []
        self._arrived = asyncio.Event()

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line."""
        self.records.append(record)
        self._arrived.set()

    @property
    def texts(self) -> list[str]:
        """The lines themselves."""
        return [record.getMessage() for record in self.records]

    async def wait_for(self, count: int) -> list[str]:
        """Wait until there are so many lines."""
        while len(self.records) < count:
            self._arrived.clear()
            await self._arrived.wait()
        return self.texts
