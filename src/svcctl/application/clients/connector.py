"""What connects a factory to a peer, and tells it how that went."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from typing import Any

from svcctl.application.address import named_address
from svcctl.application.clients.connecting import Dialer, destination, destination_text
from svcctl.application.clients.link import Link, outlast
from svcctl.application.protocol import ConnectionDone
from svcctl.application.servers.listening import protocol_maker
from svcctl.endpoints.clients import ClientEndpoint
from svcctl.errors import ConnectError, LifecycleError, describe_cause

_log = logging.getLogger(__name__)


class Connector:
    """Connects once each time it is told to; the factory's hooks may tell it to do so again.

    Args:
        endpoint: Where to.
        factory: One of the three kinds of factory.
        dialer: Connects; its TLS context has been made.
        failed: Called with what nobody else hears of: an attempt that failed if the factory has no
            ``clientConnectionFailed``, and whatever a hook of the factory raised.

    Attributes:
        state: ``"disconnected"``, ``"connecting"`` or ``"connected"``.
        factory: The factory.
    """

    def __init__(
        self,
        endpoint: ClientEndpoint,
        factory: Any,  # noqa: ANN401 (three kinds of factory)
        dialer: Dialer,
        failed: Callable[[BaseException], object],
    ) -> None:
        self.state = "disconnected"
        self.factory = factory
        self.failed = failed
        self._endpoint = endpoint
        self._make_protocol = protocol_maker(factory)
        self._dialer = dialer
        self._factory_started = False
        self._over = False
        self._task: asyncio.Task[None] | None = None
        self._timer: Any = None
        self._link: Link | None = None

    def getDestination(self) -> Any:  # noqa: ANN401 (an address as the socket module has it)
        """Return where it connects to: host and port, or a path."""
        return named_address(destination(self._endpoint), "TCP")

    def connect(self) -> None:
        """Begin to connect. After the service has stopped, nothing happens.

        Raises:
            LifecycleError: It is connecting or connected.
        """
        if self._over:
            return
        if self.state != "disconnected":
            raise LifecycleError(
                f"the connection to {destination_text(self._endpoint)} is {self.state} already"
            )
        self.call_off()
        self._task = None
        self.state = "connecting"
        try:
            if not self._factory_started:
                self._factory_started = True
                self._tell("doStart")
            self._tell("startedConnecting", self)
        except BaseException:
            self.state = "disconnected"
            self._stop_factory()
            raise
        if self.state == "connecting":
            link = Link(self._make_protocol)
            self._task = asyncio.get_running_loop().create_task(self._dialer.connect(link))
            self._task.add_done_callback(partial(self._attempted, link))
        else:
            self._given_up()

    def connect_later(self, delay: float, clock: Any = None) -> None:  # noqa: ANN401 (a clock or loop)
        """Connect after some seconds, unless it is told to do so before, or the service stops."""
        self.call_off()
        if not self._over:
            clock = clock or asyncio.get_running_loop()
            self._timer = clock.call_at(clock.time() + delay, self._again)

    def call_off(self) -> None:
        """Do not connect later."""
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()

    def stopConnecting(self) -> None:
        """Give the attempt up; it has failed then.

        Raises:
            LifecycleError: There is none.
        """
        if self.state != "connecting":
            raise LifecycleError(f"nothing is connecting to {destination_text(self._endpoint)}")
        if self._task is not None:
            self._task.cancel()
        else:  # the factory says so at the very beginning
            self.state = "disconnected"

    def disconnect(self) -> None:
        """Close the connection once everything written has been sent, or give the attempt up."""
        if self.state == "connecting":
            self.stopConnecting()
        elif self._link is not None:
            self._link.transport.close()

    async def drain(self) -> None:
        """Ask the protocol to finish what is in flight."""
        if self._link is not None:
            await self._link.drain()

    async def close(self) -> None:
        """Disconnect for good and wait until the protocol and the factory know; cancelled, cut off."""
        self._over = True
        self.call_off()
        task = self._task
        if task is not None and not task.done():
            task.cancel()
            await outlast(task)
        await asyncio.sleep(0)  # an attempt that has just succeeded is noticed in the turn after
        if self._link is not None:
            try:
                await self._link.close()
            finally:
                await asyncio.sleep(0)  # so is the end of a connection
        self._stop_factory()  # it may have waited to connect again

    def _attempted(self, link: Link, task: asyncio.Task[None]) -> None:
        if task.cancelled():
            self._given_up()
        elif (error := task.exception()) is not None:
            self._not_connected(error)
            if not hasattr(self.factory, "clientConnectionFailed"):
                self.failed(error)
        else:
            self.state = "connected"
            self._link = link
            link.ended.add_done_callback(self._lost)

    def _given_up(self) -> None:
        self._not_connected(
            ConnectError(destination_text(self._endpoint), ConnectionAbortedError("the attempt was given up"))
        )

    def _not_connected(self, error: BaseException) -> None:
        self.state = "disconnected"
        _log.warning("connection failed", extra={"svcctl_error": describe_cause(error)})
        self._end("clientConnectionFailed", error)

    def _lost(self, ended: asyncio.Future[Exception | None]) -> None:
        self.state = "disconnected"
        self._link = None
        self._end("clientConnectionLost", ended.result() or ConnectionDone("connection was closed cleanly"))

    def _end(self, hook: str, reason: BaseException) -> None:
        try:
            self._tell(hook, self, reason)
            self._stop_factory()
        except Exception as error:  # noqa: BLE001 (users' code may raise anything)
            self.failed(error)

    def _again(self) -> None:
        self._timer = None
        try:
            self.connect()
        except Exception as error:  # noqa: BLE001 (hooks of the factory may raise anything)
            self.failed(error)

    def _stop_factory(self) -> None:
        """Tell the factory that it is not used any more, unless it goes on connecting, or will."""
        if self._factory_started and self.state == "disconnected" and self._timer is None:
            self._factory_started = False
            self._tell("doStop")

    def _tell(self, hook: str, *arguments: Any) -> None:  # noqa: ANN401 (the hooks' own arguments)
        method = getattr(self.factory, hook, None)
        if method is not None:
            method(*arguments)
