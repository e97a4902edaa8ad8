"""Twisted's other reactors, with asyncio's loop for a guest: where that would wait, the reactor does.

The loop of asyncio asks its selector what is ready, and how long it may wait is up to the loop's own timers. Here
that selector has the reactor do one of its iterations, which waits for the reactor's descriptors and for the
selector's own, since one of those can be waited for like any other. So each calls what is the other's in time, and
nothing polls. Source: epoll(7); ``twisted.internet.base.ReactorBase.mainLoop``.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IReadDescriptor
from zope.interface import implementer

from svcctl.interop.twisted.reactor import Driven


class Host(Driven):
    """A reactor that has asyncio's loop for a guest."""

    def turn(self, limit: float | None) -> None:
        """Wait, and call what is due; not before the start, although the loop runs already while sockets are bound.

        Args:
            limit: Seconds until the loop has something to do; ``None`` if it only waits.
        """
        due = None if self._waiting else self.timeout()
        self.doIteration(min((each for each in (limit, due) if each is not None), default=None))
        if not self._waiting:
            self.runUntilCurrent()


class _Selector(selectors.DefaultSelector):
    """The selector of asyncio's loop.

    Args:
        reactor: What waits in its place.
    """

    def __init__(self, reactor: Any) -> None:  # noqa: ANN401 (the same)
        super().__init__()
        self._reactor = reactor

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Return what is ready, after at most so many seconds; ``None`` for any number of them."""
        ready = super().select(0)
        self._reactor.turn(0 if ready else timeout)
        return ready or super().select(0)


@implementer(IReadDescriptor)
class _Guest:
    """What the reactor takes for a descriptor of its own: it is ready to be read when the selector has anything."""

    def __init__(self, selector: _Selector) -> None:
        self.fileno = selector.fileno

    def doRead(self) -> None:  # noqa: N802 (Twisted's own)
        """Leave it to the loop, which asks its selector."""

    def connectionLost(self, _reason: object) -> None:
        """Go on: the loop ends when the runner does."""

    def logPrefix(self) -> str:  # noqa: N802 (the same)
        """Return what Twisted's log calls it."""
        return "asyncio"


def host(reactor: Any, convert: Callable[[Any, type], None]) -> None:  # noqa: ANN401 (the same)
    """Make a reactor the host of a new loop of asyncio's.

    Args:
        reactor: The reactor, of a class of Twisted's.
        convert: Makes it an instance of another class.
    """
    kind = type(reactor)
    convert(reactor, type(kind.__name__, (Host, kind), {"__module__": kind.__module__}))
    selector = _Selector(reactor)
    reactor._asyncioEventloop = asyncio.SelectorEventLoop(selector)  # noqa: SLF001 (as Twisted's reactor of asyncio has it)
    guest = _Guest(selector)
    reactor._internalReaders.add(guest)  # noqa: SLF001 (as its waker: it is not disconnected at a shutdown)
    reactor.addReader(guest)
