"""An ASGI application (Starlette, FastAPI, Django …) as a service, served by uvicorn's protocols.

Needs the ``web`` extra. The sockets are bound or inherited like those of every other server, and no accepted
connection is lost at a stop: uvicorn's own server is not used, only its protocol for a single connection.
"""

from __future__ import annotations

import asyncio
import time
from email.utils import formatdate
from typing import Any

from svcctl.application.internet import StreamServerEndpointService
from svcctl.endpoints.values import Endpoint
from svcctl.errors import ConfigurationError

try:
    from uvicorn.config import Config
    from uvicorn.server import ServerState
except ModuleNotFoundError as error:
    if error.name is None or error.name.partition(".")[0] != "uvicorn":
        raise
    raise ConfigurationError(
        "ASGI applications need uvicorn, which is not installed",
        hint="install svcctl with its extra: svcctl[web]",
    ) from error

#: Seconds that a connection without a request yet may take to send one while the server stops.
_PATIENCE = 1.0
#: Seconds between two looks at the connections while the server stops.
_LOOK = 0.02


class ASGIService(StreamServerEndpointService):
    """Serves an ASGI application.

    At a stop, responses in progress are finished and connections without a request are closed; a connection that
    has just been accepted may still send its request.

    Args:
        endpoint: An endpoint's value or description.
        app: The ASGI application (version 3).
        access_log: Log a line for each request, to ``uvicorn.access``.

    Example:
        >>> async def app(scope, receive, send):
        ...     await send({"type": "http.response.start", "status": 204, "headers": []})
        ...     await send({"type": "http.response.body", "body": b""})
        >>> ASGIService("tcp:8080", app).endpoint
        Tcp(port=8080, interface='', backlog=50)
    """

    kind = "asgi-server"
    _config: Config
    _lifespan: Any = None
    _clock: asyncio.TimerHandle | None = None
    _state: ServerState

    def __init__(self, endpoint: Endpoint | str, app: Any, *, access_log: bool = True) -> None:  # noqa: ANN401 (any ASGI application)
        super().__init__(endpoint, self._make_protocol)
        self.app = app
        self.access_log = access_log

    async def startService(self) -> None:
        """Run the application's start-up, then accept.

        Raises:
            ConfigurationError: The application's own start-up failed; it has logged why.
        """
        self._config = Config(self.app, log_config=None, access_log=self.access_log)
        self._config.load()
        self._state = ServerState()
        self._lifespan = self._config.lifespan_class(self._config)
        await self._lifespan.startup()
        if self._lifespan.should_exit:
            raise ConfigurationError(
                "the ASGI application failed to start", hint="its own message is in the log"
            )
        self._tell_time()
        super().startService()

    async def drain(self) -> None:
        """Accept no more, finish what is in progress; cancelled, cut off what is left."""
        closing = asyncio.get_running_loop().create_task(self._close_idle())
        try:
            await super().drain()
            if self._state.tasks:
                await asyncio.wait(self._state.tasks)
        finally:
            closing.cancel()

    async def stopService(self) -> None:
        """Close the port and run the application's shutdown."""
        if self.connections:
            await self.drain()
        if self._clock is not None:
            self._clock.cancel()
        try:
            if self._lifespan is not None:
                await self._lifespan.shutdown()
        finally:
            self._lifespan = None
            self._close()

    def _make_protocol(self) -> asyncio.BaseProtocol:
        protocol: asyncio.BaseProtocol = self._config.http_protocol_class(  # type: ignore[call-arg]  # uvicorn types it as bare asyncio.Protocol
            config=self._config, server_state=self._state, app_state=self._lifespan.state
        )
        return protocol

    def _tell_time(self) -> None:
        """Keep the Date header of all responses right, as uvicorn's own server does."""
        date = formatdate(time.time(), usegmt=True).encode()
        self._state.default_headers = [(b"date", date), *self._config.encoded_headers]
        self._clock = asyncio.get_running_loop().call_later(1.0, self._tell_time)

    async def _close_idle(self) -> None:
        loop = asyncio.get_running_loop()
        patience_ends = loop.time() + _PATIENCE
        while True:
            for protocol in tuple(self._state.connections):
                waiting = getattr(protocol, "cycle", protocol) is None and loop.time() < patience_ends
                if not waiting and not protocol.transport.is_closing():
                    protocol.shutdown()
            await asyncio.sleep(_LOOK)

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what belongs to the running process."""
        state = super().__getstate__()
        for name in ("_config", "_lifespan", "_clock", "_state"):
            state.pop(name, None)
        return state
