"""Figures and health over HTTP, for Prometheus and for whoever watches over many processes.

Example:
    >>> from svcctl.application.service import Application
    >>> application = Application("shop")
    >>> _ = MonitoringServer("tcp:9100:interface=127.0.0.1").setServiceParent(application)
"""

from __future__ import annotations

import math
from collections.abc import Awaitable
from typing import Any

from svcctl.application.internet import StreamServerEndpointService
from svcctl.application.live.book import Book, book_of
from svcctl.application.live.health import Lag, why_not_alive, why_not_ready
from svcctl.application.live.http import HttpProtocol, Page
from svcctl.application.live.metrics import CONTENT_TYPE, collect, text
from svcctl.application.tree.record import record_of, root_of
from svcctl.endpoints.values import Endpoint
from svcctl.errors import UsageError

_INDEX = "/metrics\n/livez\n/readyz\n"


class MonitoringServer(StreamServerEndpointService):
    """Answers ``/metrics``, ``/livez`` and ``/readyz`` on an endpoint of its own, which should not be a public one.

    ``/metrics`` has the figures of the whole tree and of its process in Prometheus' text format. ``/livez`` answers
    200 while the event loop answers in time and no service that beats is silent beyond its own limit; ``/readyz``
    answers 200 while, besides, the whole tree serves. Else they answer 503, with the reason as text. While the tree
    drains, it still answers. Put it first in an application, and it tells of the start of all others, too.

    Args:
        endpoint: An endpoint's value or description.
        most_lag: Seconds by which the event loop may be late.

    Raises:
        EndpointError: The description does not parse.
        UsageError: No connections are accepted there, or ``most_lag`` is no number above 0.
    """

    _book: Book | None = None
    _lag: Lag | None = None

    def __init__(self, endpoint: Endpoint | str, most_lag: float = 1.0) -> None:
        if not _is_time(most_lag):
            raise UsageError(f"most_lag is {most_lag!r}", hint="give a number of seconds above 0")
        super().__init__(endpoint, self._protocol)
        self.most_lag = most_lag

    def privilegedStartService(self) -> None:
        """Bind, and keep books from now on: this comes before anything starts."""
        super().privilegedStartService()
        self._book = book_of(root_of(record_of(self)))

    def startService(self) -> Awaitable[None] | None:
        """Answer."""
        self._lag = Lag()
        return super().startService()

    async def drain(self) -> None:
        """Go on: whoever asks is to hear that the tree is about to stop."""

    def stopService(self) -> Awaitable[None] | None:
        """Answer no more."""
        if self._lag is not None:
            self._lag.end()
        for connection in self.open_connections():
            if connection.transport is not None:
                connection.transport.close()
        return self._close()

    def page(self, path: str) -> Page:
        """Return what is answered to a path."""
        book, lag = self._book, self._lag.seconds() if self._lag is not None else 0.0
        if book is None:
            return Page(503, "it does not run\n")
        if path == "/metrics":
            return Page(200, text(collect(book, lag)), CONTENT_TYPE)
        if path == "/livez":
            return _health(why_not_alive(book.root, lag, self.most_lag))
        if path == "/readyz":
            return _health(why_not_ready(book.root, lag, self.most_lag))
        return Page(200 if path == "/" else 404, _INDEX)

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what belongs to the running process."""
        state = super().__getstate__()
        for name in ("_book", "_lag"):
            state.pop(name, None)
        return state

    def _protocol(self) -> HttpProtocol:
        return HttpProtocol(self.page)


def _is_time(seconds: object) -> bool:
    return isinstance(seconds, int | float) and not isinstance(seconds, bool) and 0 < seconds < math.inf


def _health(reason: str) -> Page:
    return Page(503, f"{reason}\n") if reason else Page(200, "ok\n")
