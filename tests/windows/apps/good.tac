"""A server that returns what it gets."""

from svcctl.application import internet, service
from svcctl.application.protocol import Factory
from svcctl.application.wire import Echo

application = service.Application("good")
server = internet.TCPServer(7431, Factory.forProtocol(Echo), interface="127.0.0.1")
server.setServiceParent(application)
