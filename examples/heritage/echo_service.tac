"""An echo service of one's own that opens and closes its port itself, on TCP port 7001.

Run it:  svcctl run examples/heritage/echo_service.tac
Talk:    printf hello | nc -N 127.0.0.1 7001
"""

from somemodule import EchoFactory

from svcctl.application import reactor, service


class EchoService(service.Service):
    """Listens from its start to its stop."""

    def __init__(self, portNum):
        self.portNum = portNum

    def startService(self):
        """Listen."""
        self._port = reactor.listenTCP(self.portNum, EchoFactory())

    def stopService(self):
        """Close the port; the service has stopped when that is done."""
        return self._port.stopListening()


application = service.Application("echo service")
EchoService(7001).setServiceParent(application)
