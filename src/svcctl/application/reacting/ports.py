"""What the reactor's ``listen*`` return: a port that is opened and closed by whoever has it."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any

from svcctl.application.address import named_address
from svcctl.application.tree.record import DONE

if TYPE_CHECKING:
    from svcctl.application.reacting.service import ReactorService


class Port:
    """A port that listens.

    It belongs to the application all the same: a stop drains and closes it like any server of the tree.

    Args:
        keeper: Holds the reactor's services.
        server: The service that listens.

    Attributes:
        service: That service.
    """

    def __init__(self, keeper: ReactorService, server: Any) -> None:  # noqa: ANN401 (servers need no common class)
        self.service = server
        self._keeper = keeper
        self._closing: Awaitable[None] = DONE

    def startListening(self) -> None:
        """Open the port, or open it again; one that is open stays so.

        Raises:
            BindError: The system refuses the address.
            LifecycleError: The application is stopping, or the port is still being closed.
        """
        if self.service.parent is None:
            self._keeper.open(self.service)

    def stopListening(self) -> Awaitable[None]:
        """Accept no more, wait for the connections to end, and close the port.

        Protocols that have a ``drain()`` are asked to finish; what is left when the time for a stop is over is cut
        off.

        Returns:
            An awaitable that is done when the port is closed. It may be dropped: what went wrong is then logged.
        """
        if self.service.parent is not None:
            self._closing = self.service.disownServiceParent()
        return self._closing

    def loseConnection(self) -> Awaitable[None]:
        """Do what :meth:`stopListening` does."""
        return self.stopListening()

    def getHost(self) -> Any:  # noqa: ANN401 (an address of any family)
        """Return the address it listens on, as the socket module has it; ``None`` while it does not."""
        return named_address(self.service.address, "UDP" if self.service.kind == "datagram-server" else "TCP")

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {type(self.service).__name__} on {self.getHost()!r}>"
