"""Returns what it gets on the port that ECHO_PORT names."""

import os

from svcctl.application import internet, service
from svcctl.application.protocol import Factory
from svcctl.application.wire import Echo

application = service.Application("echo")
server = internet.TCPServer(int(os.environ["ECHO_PORT"]), Factory.forProtocol(Echo), interface="127.0.0.1")
server.setServiceParent(application)
