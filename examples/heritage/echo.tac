"""Echo in every step: the application, its collection, a factory, a server, on TCP port 7001.

The protocol's own port is 7, which is a privileged one.

Run it:  svcctl run examples/heritage/echo.tac
Talk:    printf hello | nc -N 127.0.0.1 7001
"""

from svcctl.application import internet, protocol, service, wire

application = service.Application("echo")
myService = service.IServiceCollection(application)

myFactory = protocol.ServerFactory()
myFactory.protocol = wire.Echo

myServer = internet.TCPServer(7001, myFactory)
myServer.setServiceParent(myService)
