"""The module that the echo examples import their factory from."""

from svcctl.application.protocol import Protocol, ServerFactory


class Echo(Protocol):
    """Returns what it gets."""

    def dataReceived(self, data):
        """Send it back."""
        self.transport.write(data)


class EchoFactory(ServerFactory):
    """Makes a protocol for each connection."""

    protocol = Echo
