"""Echo again, with the application itself as the parent, on TCP port 7001.

Run it:  svcctl run examples/heritage/echo_short.tac
Talk:    printf hello | nc -N 127.0.0.1 7001
"""

from svcctl.application import internet, protocol, service, wire

application = service.Application("echo")
myFactory = protocol.ServerFactory()
myFactory.protocol = wire.Echo
internet.TCPServer(7001, myFactory).setServiceParent(application)
