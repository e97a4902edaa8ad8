"""The ready-made service for a TCP port, with an echo factory of somebody else's, on TCP port 7001.

Run it:  svcctl run examples/heritage/echo_server.tac
Talk:    printf hello | nc -N 127.0.0.1 7001
"""

from somemodule import EchoFactory

from svcctl.application import internet, service

port = 7001
factory = EchoFactory()

echoService = internet.TCPServer(port, factory)

application = service.Application("echo server")
echoService.setServiceParent(application)
