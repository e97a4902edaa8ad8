"""A service that keeps a connection: it connects again whenever the connection, or an attempt, has failed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from svcctl.application.arguments import check_callable, check_interval
from svcctl.application.backoff import backoffPolicy
from svcctl.application.clients.connecting import Dialer, client_endpoint, destination_text
from svcctl.application.clients.link import Link, outlast
from svcctl.application.clients.renewing import Renewing
from svcctl.application.clients.waiters import Waiters
from svcctl.application.servers.listening import protocol_maker
from svcctl.application.service import Service
from svcctl.application.tree.record import is_awaitable
from svcctl.endpoints.clients import ClientEndpoint
from svcctl.errors import describe_cause

_log = logging.getLogger(__name__)


class ClientService(Renewing, Service):
    """Connects to an endpoint, and again after each failure, with a delay, for as long as it runs.

    One task goes round, and where it stands is the state of the service::

        stopped ──▶ connecting ──▶ preparing ──▶ connected
                     ▲    │ failed    │ failed      │ lost
                     │    ▼           ▼             │
                     └─ waiting ◀───────────────────┘

    The start does not wait for the connection; whoever needs it awaits :meth:`whenConnected`. A stop gives up the
    attempt, the wait, or the connection, and waits for the end of what it gave up; it cuts off what is left when the
    time is over.

    Args:
        endpoint: A client endpoint's value or description, or an object with an ``async`` method
            ``connect(make_protocol)`` that calls ``make_protocol()``, with the peer's address if it likes, and
            connects the asyncio protocol which that returns.
        factory: A ``Factory``, an ``async def handler(reader, writer)``, or an asyncio protocol's class or maker.
            The hooks of a ``ClientFactory`` are not called.
        retryPolicy: Returns the seconds to wait after a number of failures in a row, from 1 on; ``None`` for
            :func:`~svcctl.application.backoff.backoffPolicy` with its defaults. What it raises is a failure of the
            service, and so is what is no number of seconds from 0 up.
        clock: Something with ``time()`` and ``call_at(when, callback, *args)``; ``None`` for the running loop.
        prepareConnection: Called with the protocol of each new connection, before anybody else gets it; may be
            ``async``. What it raises counts as a failed attempt.

    Raises:
        EndpointError: The description does not parse.
        FactoryError: ``factory`` is of a wrong kind.
        UsageError: ``endpoint`` is nothing to connect to, or a function cannot be called.

    Example:
        >>> async def hello(protocol):
        ...     protocol.transport.write(b"hello")
        >>> from svcctl.application.protocol import Factory
        >>> from svcctl.application.wire import Discard
        >>> from svcctl.endpoints.clients import TcpClient
        >>> endpoint = TcpClient("example.org", 7)
        >>> _ = ClientService(endpoint, Factory.forProtocol(Discard), prepareConnection=hello)
    """

    kind = "stream-client"
    _dialer: Dialer | None = None
    _runs: tuple[asyncio.Task[None], ...] = ()
    _link: Link | None = None
    _waiters: Waiters | None = None

    def __init__(
        self,
        endpoint: Any,  # noqa: ANN401 (values, texts, or objects that connect by themselves)
        factory: Any,  # noqa: ANN401 (three kinds of factory)
        retryPolicy: Callable[[int], float] | None = None,
        clock: Any = None,  # noqa: ANN401 (a clock or loop)
        prepareConnection: Callable[[Any], Any] | None = None,
    ) -> None:
        for function in (retryPolicy, prepareConnection):
            if function is not None:
                check_callable(function)
        protocol_maker(factory)  # a wrong kind is an error here, where the user's line is, not at the start
        self.endpoint = client_endpoint(endpoint)
        self.factory = factory
        self.retryPolicy = retryPolicy if retryPolicy is not None else backoffPolicy()
        self.clock = clock
        self.prepareConnection = prepareConnection

    def privilegedStartService(self) -> None:
        """Read keys and certificates while they may still be read."""
        self._dialer = self._new_dialer()
        self._dialer.renew()

    def startService(self) -> Awaitable[None] | None:
        """Begin to connect, once a former connection is over."""
        if self._waiting.open:
            _log.warning("client started while it runs", extra={"svcctl_path": self.path})
            return super().startService()
        if self._dialer is None:
            self.privilegedStartService()
        assert self._dialer is not None  # noqa: S101 (for the type checker: made just above)
        _call_if_there(self.factory, "doStart")
        self._waiting.start()
        run = asyncio.get_running_loop().create_task(self._run(self._dialer, self._runs))
        run.add_done_callback(self._ended)
        self._runs += (run,)
        return super().startService()

    async def drain(self) -> None:
        """Ask the protocol to finish what is in flight, if it has a ``drain()``; a lost connection comes back."""
        if self._link is not None:
            await self._link.drain()

    def stopService(self) -> Awaitable[None] | None:
        """Give up whatever it is doing; done at the end of that."""
        self._dialer = None
        if self._waiting.open and self._runs:
            self._runs[-1].cancel()  # once: a second time would cut off what it closes
        self._waiting.stop()
        return self._finish(self._runs) if self._runs else super().stopService()

    def release(self) -> None:
        """Forget keys and certificates."""
        self._dialer = None

    def whenConnected(self, failAfterFailures: int | None = None) -> asyncio.Future[Any]:
        """Return the protocol of the connection, or of the next one.

        Args:
            failAfterFailures: After how many failed attempts from now on to fail with what the last one failed
                with; ``None`` to wait for as long as it takes. It does not matter while there is a connection.

        Returns:
            A future of the application's own protocol. It is cancelled when the service stops, and at once if the
            service has been stopped and not started again.

        Raises:
            UsageError: ``failAfterFailures`` is no whole number from 1 up.
        """
        return self._waiting.wait(failAfterFailures)

    @property
    def connected(self) -> bool:
        """Whether there is a connection that is ready for use."""
        return self._waiting.connected

    def connecting_to(self) -> Sequence[ClientEndpoint]:
        """Return where the service connects, for its description; nothing if it is no endpoint of ours."""
        return (self.endpoint,) if isinstance(self.endpoint, ClientEndpoint) else ()

    def _new_dialer(self) -> Dialer:
        return Dialer(self.endpoint)

    @property
    def _waiting(self) -> Waiters:
        # Made late, so that loaded services have them, and those whose class does not call __init__.
        if self._waiters is None:
            self._waiters = Waiters()
        return self._waiters

    async def _finish(self, runs: tuple[asyncio.Task[None], ...]) -> None:
        for run in runs:
            await outlast(run)
        if not self._waiting.open:  # else it was started again meanwhile
            super().stopService()

    async def _run(self, dialer: Dialer, former: tuple[asyncio.Task[None], ...]) -> None:
        if former:
            await asyncio.wait(former)
        make_protocol = protocol_maker(self.factory)
        failures = 0
        while True:
            error = await self._attempt(dialer, Link(make_protocol))
            failures = failures + 1 if error is not None else 1
            delay = self.retryPolicy(failures)
            check_interval(delay, "delay that retryPolicy may return")
            _log.info(
                "scheduling retry",
                extra={
                    "svcctl_path": self.path,
                    "svcctl_destination": destination_text(self.endpoint),
                    "svcctl_failures": failures,
                    "svcctl_seconds": delay,
                    "svcctl_error": describe_cause(error) if error is not None else "connection lost",
                },
            )
            await self._pause(delay)

    async def _attempt(self, dialer: Dialer, link: Link) -> Exception | None:
        """Connect, and return when the connection is over; return what the attempt failed with."""
        try:
            await dialer.connect(link)
            self._link = link
            await self._prepare(link)
            self._waiting.succeed(link.protocol)
            await asyncio.wait({link.ended})
        except asyncio.CancelledError:
            if _is_cancelled():
                raise
            return self._failed(ConnectionAbortedError("the attempt was cancelled, not by the service"))
        except Exception as error:  # noqa: BLE001 (endpoints, factories and preparations may raise anything)
            return self._failed(error)
        finally:
            self._link = None
            self._waiting.lose()
            await link.close()
        return None

    async def _prepare(self, link: Link) -> None:
        if self.prepareConnection is None:
            return
        result = self.prepareConnection(link.protocol)
        if not is_awaitable(result):
            return
        task = asyncio.ensure_future(result)
        try:
            await asyncio.wait({task, link.ended}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            if not task.done():
                task.cancel()
                await outlast(task)
            error = None if task.cancelled() else task.exception()
        if error is not None:
            raise error
        if task.cancelled() or link.ended.done():
            raise ConnectionAbortedError("the connection was lost while it was prepared")

    def _failed(self, error: Exception) -> Exception:
        self._waiting.fail(error)
        return error

    async def _pause(self, delay: float) -> None:
        clock = self.clock or asyncio.get_running_loop()
        over = asyncio.get_running_loop().create_future()
        timer = clock.call_at(clock.time() + delay, _resolve, over)
        try:
            await over
        finally:
            timer.cancel()

    def _ended(self, run: asyncio.Task[None]) -> None:
        self._runs = tuple(each for each in self._runs if each is not run)
        error = None if run.cancelled() else run.exception()
        try:
            _call_if_there(self.factory, "doStop")
        except Exception as failure:  # noqa: BLE001 (users' code may raise anything)
            error = error or failure
        if error is not None:
            self._waiting.stop()
            self.fail(error)

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what belongs to the running process."""
        state = super().__getstate__()
        for name in ("_dialer", "_runs", "_link", "_waiters"):
            state.pop(name, None)
        state["clock"] = None
        return state


def _is_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _call_if_there(factory: Any, hook: str) -> None:  # noqa: ANN401 (three kinds of factory)
    method = getattr(factory, hook, None)
    if method is not None:
        method()


def _resolve(over: asyncio.Future[None]) -> None:
    if not over.done():
        over.set_result(None)
