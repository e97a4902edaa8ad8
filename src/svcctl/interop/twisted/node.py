"""The reactor as a service: it comes first in the tree that needs it, so it is the last to go."""

from __future__ import annotations

import asyncio
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.tcp import Server

from svcctl.application import lifecycle
from svcctl.application.interfaces import IService
from svcctl.application.service import MultiService, Service
from svcctl.application.tree.record import record_of, root_of, walk
from svcctl.interop.twisted import importing, logs
from svcctl.interop.twisted.calls import Call
from svcctl.interop.twisted.mirror import Mirror
from svcctl.interop.twisted.reactor import Driven, accepted, installed

#: Seconds between two signs of life, and after how many without one the watchdog acts.
_BEAT, _SILENCE = 5.0, 30.0

#: Seconds that whoever is connected when all has stopped may still take, and between two looks at that.
_LINGER, _LOOK = 1.0, 0.01


class TwistedReactor(Service):
    """Runs Twisted's reactor from the start of the tree to its stop, and has it beat for the watchdog.

    Args:
        reactor: The reactor.
        observer: What gets Twisted's log; ``None``: the log of the process.
    """

    kind = "service"
    heartbeat_timeout = _SILENCE

    def __init__(self, reactor: Driven, observer: Any = None) -> None:  # noqa: ANN401 (log observers have no common class)
        self.reactor = reactor
        self.observer = observer
        self._logging = False
        self._gate: Any = None
        self._down: Call | None = None

    def prepare(self) -> None:
        """Begin the log."""
        if not self._logging:
            self._logging = True
            logs.begin(self.observer, self.reactor)

    def privilegedStartService(self) -> None:
        """Begin the log."""
        self.prepare()

    def startService(self) -> None:
        """Fire the events of the start, unless that was done."""
        self.reactor.begin()
        self._beat()

    def _beat(self) -> None:
        if self.reactor.running:
            self.heartbeat()
            self.reactor.callLater(_BEAT, self._beat)

    def fire(self) -> None:
        """Begin the shutdown: what is to be done before it goes on until this service is stopped."""
        if self._down is None:
            self._gate, down, self._down = Deferred(), Deferred(), Call()
            self._down.make(lambda: down)
            self.reactor.addSystemEventTrigger("before", "shutdown", lambda: self._gate)
            self.reactor.addSystemEventTrigger("after", "shutdown", down.callback, None)
            self.reactor.fireSystemEvent("shutdown")

    async def stopService(self) -> None:
        """Wait for what is to be done before, during and after the shutdown, which closes what is still open."""
        self.fire()
        await self._drain()
        gate, self._gate = self._gate, None
        if gate is not None:
            gate.callback(None)
        assert self._down is not None  # noqa: S101 (for the type checker: fire() has made it)
        await self._down.end()
        self._down = None

    async def _drain(self) -> None:
        """Give those who have asked already a moment to get their answer; nobody new is accepted."""
        loop = asyncio.get_running_loop()
        end = loop.time() + _LINGER
        while self._serving() and loop.time() < end:  # noqa: ASYNC110 (connections tell nobody of their end)
            await asyncio.sleep(_LOOK)

    def _serving(self) -> bool:
        """Tell whether a client is connected to a port of the reactor's."""
        watched = (*self.reactor.getReaders(), *self.reactor.getWriters())
        return any(isinstance(each, Server) for each in watched)


def needed() -> Driven:
    """Return the reactor, installed now if it is not.

    Raises:
        ForeignReactorError: It was there before anybody looked, and cannot be run.
    """
    from twisted.internet import reactor  # noqa: PLC0415 (importing it installs it)

    return accepted(reactor, importing.wanted)


def attach(root: Any) -> None:  # noqa: ANN401 (an Application, or a service of any class)
    """Put the reactor into a tree that is about to be bound, or described, if it is not in it."""
    top = root_of(record_of(IService(root))).service  # type: ignore[misc,call-arg]  # the interface adapts
    reactor = installed()
    if reactor is None or not isinstance(top, MultiService) or node_of(top) is not None:
        return
    if not (
        reactor.on_running_loop() or any(isinstance(each.service, Mirror) for each in walk(record_of(top)))
    ):
        return  # somebody else in this process has imported it
    top.addService(TwistedReactor(reactor))
    top.services.insert(0, top.services.pop())


def node_of(top: MultiService) -> TwistedReactor | None:
    """Return the reactor in a tree."""
    return next((each for each in top.services if isinstance(each, TwistedReactor)), None)


lifecycle.joining.append(attach)
