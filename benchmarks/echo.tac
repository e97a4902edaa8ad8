"""The same echo server as an application."""

from svcctl.application import internet, service
from svcctl.application.protocol import Factory
from svcctl.application.wire import Echo

application = service.Application("echo")
internet.TCPServer(0, Factory.forProtocol(Echo), interface="127.0.0.1").setServiceParent(application)
