"""A client that keeps its connection, its peer, and its clock."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from svcctl.application import lifecycle
from svcctl.application.clients.service import ClientService
from svcctl.application.protocol import Factory, Protocol
from tests.fakes.clock import Clock, settle
from tests.fakes.peer import Peer


class Talk(Protocol):
    """A protocol that keeps what it hears."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def connectionMade(self) -> None:
        """Take note."""
        self.heard.append("made")

    def connectionLost(self, reason: BaseException) -> None:
        """Take note."""
        self.heard.append(f"lost {type(reason).__name__}")


class Talks(Factory):
    """A factory that keeps what it hears, and may refuse."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.built: list[Talk] = []
        self.refuses = False

    def buildProtocol(self, addr: object) -> Talk | None:  # noqa: ARG002 (the framework's signature)
        """Build, unless it refuses."""
        if self.refuses:
            return None
        self.built.append(Talk())
        return self.built[-1]

    def startFactory(self) -> None:
        """Take note."""
        self.heard.append("start")

    def stopFactory(self) -> None:
        """Take note."""
        self.heard.append("stop")


class Stage:
    """A client, its peer and its clock; delays are ten seconds for each failure."""

    def __init__(
        self,
        *,
        obliging: bool = True,
        prepare: Callable[[Any], Any] | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.peer = Peer(obliging=obliging)
        self.clock = clock or Clock()
        self.factory = Talks()
        self.client = ClientService(
            self.peer, self.factory, lambda failures: 10.0 * failures, self.clock, prepare
        )

    async def start(self) -> None:
        """Start, up to the first attempt."""
        await lifecycle.start(self.client)
        await settle()
        assert self.peer.waiting

    async def connect(self) -> Talk:
        """Have the attempt succeed."""
        self.peer.accept()
        await settle()
        return self.factory.built[-1]

    async def fail(self) -> None:
        """Have the attempt fail."""
        self.peer.refuse()
        await settle()

    async def stop(self) -> None:
        """Stop in peace; nothing may be left."""
        await lifecycle.stop(self.client, budget=5.0)
        assert self.clock.waiting == []
        assert asyncio.all_tasks() == {asyncio.current_task()}


def by_hand(hook: Awaitable[None] | None) -> asyncio.Future[None]:
    """Return the result of a hook that the test calls itself."""
    assert hook is not None
    return asyncio.ensure_future(hook)
