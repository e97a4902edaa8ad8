"""The framework's factories of client connections.

Example:
    >>> from svcctl.application.wire import Echo
    >>> class Calls(ReconnectingClientFactory):
    ...     protocol = Echo
    ...     maxDelay = 60
"""

from __future__ import annotations

import logging
import random
from typing import Any

from svcctl.application.protocol import Factory
from svcctl.errors import LifecycleError

_log = logging.getLogger(__name__)


class ClientFactory(Factory):
    """A factory for clients: it is told how its connection goes.

    Each hook gets the connector: ``connect()``, ``disconnect()``, ``stopConnecting()``, ``getDestination()``. Calling
    ``connector.connect()`` in one of the last two connects again.
    """

    def startedConnecting(self, connector: Any) -> None:  # noqa: ANN401 (connectors need no common class)
        """Take note that an attempt has begun."""

    def clientConnectionFailed(self, connector: Any, reason: BaseException) -> None:  # noqa: ANN401 (the same)
        """Take note that an attempt has failed; ``reason`` says why."""

    def clientConnectionLost(self, connector: Any, reason: BaseException) -> None:  # noqa: ANN401 (the same)
        """Take note that the connection is over; ``reason`` is ``ConnectionDone`` after an orderly close."""


class ReconnectingClientFactory(ClientFactory):
    """Connects again and again, with a longer delay after each attempt, until it is told to stop.

    Call :meth:`resetDelay` once a connection has proved good, or the delay only ever grows. When ``maxRetries`` are
    used up, the service fails. New code has it easier with
    :class:`~svcctl.application.clients.service.ClientService`.

    Attributes:
        initialDelay: Seconds that the first delay is made from.
        maxDelay: Longest delay in seconds, before jitter.
        factor: By how much each delay is longer than the one before.
        jitter: Standard deviation of the delay as a part of it; 0 for none.
        maxRetries: Attempts in a row before it gives up; ``None`` for no limit.
        continueTrying: Whether it goes on at all.
        delay: The last delay in seconds; ``None`` before the first.
        retries: Attempts since the last reset.
        clock: Something with ``time()`` and ``call_at(when, callback)``; ``None`` for the running loop.
    """

    initialDelay = 1.0
    maxDelay: float = 3600
    factor = 2.7182818284590451
    jitter: float = 0.119626565582
    maxRetries: int | None = None
    continueTrying: bool | int = True
    delay: float | None = None
    retries = 0
    connector: Any = None
    clock: Any = None

    def clientConnectionFailed(self, connector: Any, reason: BaseException) -> None:  # noqa: ANN401 (connectors need no common class)
        """Try again."""
        self._retry_after(connector, reason)

    def clientConnectionLost(self, connector: Any, reason: BaseException) -> None:  # noqa: ANN401 (the same)
        """Try again."""
        self._retry_after(connector, reason)

    def _retry_after(self, connector: Any, reason: BaseException) -> None:  # noqa: ANN401 (the same)
        if not self.continueTrying:
            return
        self.connector = connector
        self.retry()
        if self.maxRetries is not None and self.retries > self.maxRetries:
            connector.failed(reason)

    def retry(self, connector: Any = None) -> None:  # noqa: ANN401 (the same)
        """Connect after the next delay, unless it gives up.

        Args:
            connector: What to connect; ``None`` for the one of the last attempt.

        Raises:
            LifecycleError: There has been no attempt yet.
        """
        if not self.continueTrying:
            return
        connector = connector or self.connector
        if connector is None:
            raise LifecycleError(f"{type(self).__name__} has no connector to retry yet")
        self.connector = connector
        self.retries += 1
        if self.maxRetries is not None and self.retries > self.maxRetries:
            _log.error("no more attempts to connect", extra={"svcctl_retries": self.maxRetries})
            return
        last = self.initialDelay if self.delay is None else self.delay
        delay = min(last * self.factor, self.maxDelay)
        if self.jitter:
            delay = max(0.0, random.normalvariate(delay, delay * self.jitter))
        self.delay = delay
        _log.info("connecting again later", extra={"svcctl_seconds": delay})
        connector.connect_later(delay, self.clock)

    def stopTrying(self) -> None:
        """Connect no more; an attempt in progress is given up, a connection stays."""
        self.continueTrying = False
        if self.connector is not None:
            self.connector.call_off()
            if self.connector.state == "connecting":
                self.connector.stopConnecting()

    def resetDelay(self) -> None:
        """Begin anew with the shortest delay."""
        self.delay = self.initialDelay
        self.retries = 0
        self.continueTrying = True

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what belongs to the running process."""
        state = super().__getstate__()
        for name in ("connector", "retries", "delay", "continueTrying", "clock"):
            state.pop(name, None)
        return state
