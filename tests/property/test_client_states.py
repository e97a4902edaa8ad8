"""A client that keeps its connection, under whatever happens in whatever order."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from svcctl.application.clients.service import ClientService
from svcctl.application.protocol import Factory, Protocol
from tests.fakes.clock import Clock, settle
from tests.fakes.loop import run
from tests.fakes.peer import Peer

STEPS = ("start", "stop", "accept", "refuse", "lose", "advance", "wait", "turn", "settle")


class World:
    """A client, and what it ought to be doing."""

    def __init__(self, *, obliging: bool, prepared: bool) -> None:
        self.peer = Peer(obliging=obliging)
        self.clock = Clock()
        prepare = (lambda _protocol: asyncio.sleep(0)) if prepared else None
        self.factory = Factory.forProtocol(Protocol)
        self.client = ClientService(self.peer, self.factory, lambda _failures: 10.0, self.clock, prepare)
        self.wanted = False
        self.stops: list[asyncio.Future[None]] = []
        self.waiters: list[asyncio.Future[object]] = []

    @property
    def open(self) -> int:
        """How many connections there are."""
        return sum(not pipe.is_closing() for pipe in self.peer.pipes)

    async def step(self, step: str) -> None:
        """Do one thing."""
        match step:
            case "start":
                self.client.startService()
                self.wanted = True
            case "stop":
                hook = self.client.stopService()
                assert hook is not None
                self.stops.append(asyncio.ensure_future(hook))
                self.wanted = False
            case "accept" if self.peer.waiting:
                self.peer.accept()
            case "refuse" if self.peer.waiting:
                self.peer.refuse()
            case "lose" if self.peer.pipes:
                self.peer.pipes[-1].lose()
            case "advance":
                await self.clock.advance(10)
            case "wait":
                self.waiters.append(self.client.whenConnected())
            case "turn":
                await asyncio.sleep(0)
            case "settle":
                await settle()

    def check(self) -> None:
        """Look at what must hold at any time."""
        assert self.open <= 1
        assert len(self.clock.waiting) <= 1
        # Two of them while it restarts: the one that ends, and the one that waits for that.
        assert self.factory.numPorts <= 2 + len(self.stops)

    async def end(self) -> None:
        """Stop, with a peer that lets go, and look at what is left: nothing."""
        await self.step("stop")
        await settle()
        for pipe in self.peer.pipes:
            pipe.lose()
        await asyncio.gather(*self.stops)
        await settle()
        assert self.open == 0
        assert self.clock.waiting == []
        assert not self.peer.waiting
        assert self.factory.numPorts == 0
        assert all(waiter.done() for waiter in self.waiters)
        attempts = len(self.peer.attempts)
        await self.clock.advance(1000)
        assert len(self.peer.attempts) == attempts
        assert asyncio.all_tasks() == {asyncio.current_task()}


@given(steps=st.lists(st.sampled_from(STEPS), max_size=40), obliging=st.booleans(), prepared=st.booleans())
def test_it_never_has_two_connections_and_leaves_nothing(
    *, steps: list[str], obliging: bool, prepared: bool
) -> None:
    """Nor two attempts, nor two delayed calls, whoever starts and stops it when."""

    async def main() -> None:
        world = World(obliging=obliging, prepared=prepared)
        await world.step("start")
        for step in steps:
            await world.step(step)
            world.check()
        # What has been started and not stopped connects in the end.
        if world.wanted:
            for pipe in world.peer.pipes:
                pipe.lose()
            await settle()
            await world.clock.advance(10)
            if world.peer.waiting:
                world.peer.accept()
                await settle()
            assert world.client.connected
        await world.end()

    run(main())
