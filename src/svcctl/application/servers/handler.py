"""Serving a connection with an ``async def handler(reader, writer)``, as ``asyncio.start_server`` does."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

_log = logging.getLogger(__name__)

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, object]]


class HandlerProtocol(asyncio.StreamReaderProtocol):
    """Runs a handler for one connection; the connection ends with it.

    A handler that raises costs its own connection alone; what it raised is logged. When the connection is lost,
    the handler learns it from its reader and writer, as usual; when a stop cuts the connection off, it is cancelled.

    Args:
        handler: Serves the connection.

    Attributes:
        running: The handler's task, once there is a connection; the connection is in flight until it ends.
    """

    def __init__(self, handler: Handler) -> None:
        loop = asyncio.get_running_loop()
        super().__init__(asyncio.StreamReader(loop=loop), self._begin, loop=loop)
        self._handler = handler
        self.running: asyncio.Task[None] | None = None

    def _begin(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.running = asyncio.get_running_loop().create_task(self._serve(reader, writer))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._handler(reader, writer)
        except ConnectionError as error:
            _log.debug("connection lost in its handler", extra={"svcctl_error": str(error)})
        except Exception:  # noqa: BLE001 (users' code may raise anything; it costs this connection alone)
            _log.exception("handler failed; connection closed")
        finally:
            writer.close()
