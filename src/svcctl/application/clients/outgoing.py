"""What the reactor's ``connect*`` return: a connection that is not a service of its own."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from svcctl.application.clients.connecting import destination_text
from svcctl.application.clients.connector import Connector

if TYPE_CHECKING:
    from svcctl.application.clients.client import Client
    from svcctl.application.reacting.service import ReactorService

_log = logging.getLogger(__name__)


class OutgoingConnection(Connector):
    """A connector that the reactor knows for as long as it connects, is connected, or is going to connect again.

    Args:
        client: Says where and how to connect; it is never started itself.
        keeper: Waits for the connection at a stop.
    """

    def __init__(self, client: Client, keeper: ReactorService) -> None:
        self.client = client
        self._keeper = keeper
        dialer = client._new_dialer()  # noqa: SLF001 (the client knows the arguments; the connecting is done here)
        super().__init__(client.endpoint, client.factory, dialer, self._log_failure)

    def prepare(self) -> None:
        """Read keys and certificates.

        Raises:
            ConfigurationError: One of them cannot be used.
        """
        self._dialer.renew()

    def begin(self) -> None:
        """Connect, also after a stop."""
        self._over = False
        self.connect()

    def connect(self) -> None:
        """Begin to connect. While the application stops, nothing happens.

        Raises:
            LifecycleError: It is connecting or connected.
        """
        self._keeper.connections.add(self)
        try:
            super().connect()
        finally:
            self._forget_if_idle()

    def _stop_factory(self) -> None:
        try:
            super()._stop_factory()
        finally:
            self._forget_if_idle()

    def _forget_if_idle(self) -> None:
        if self.state == "disconnected" and self._timer is None:
            self._keeper.connections.discard(self)

    def _log_failure(self, error: BaseException) -> None:
        _log.error(
            "connection of the reactor failed",
            exc_info=error,
            extra={"svcctl_destination": destination_text(self._endpoint)},
        )
