"""The echo server of benchmarks/twisted.py, with Twisted's own imports."""

import os
import socket

from twisted.application import internet, service
from twisted.internet import reactor
from twisted.internet.protocol import Factory
from twisted.protocols.wire import Echo


def tell() -> None:
    """Say that the reactor runs, under twistd, which says nothing itself."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as client:
        client.sendto(b"READY=1", os.environ["TWISTD_READY"])


if "TWISTD_READY" in os.environ:
    reactor.callWhenRunning(tell)
application = service.Application("echo")
server = internet.TCPServer(int(os.environ["PORT"]), Factory.forProtocol(Echo), interface="127.0.0.1")
server.setServiceParent(application)
