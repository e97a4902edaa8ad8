"""Returns whatever it gets, on TCP port 8007.

Run it:  svcctl run examples/echo.tac
Talk:    printf hello | nc -N 127.0.0.1 8007
"""

from svcctl.application import internet, service
from svcctl.application.protocol import Factory
from svcctl.application.wire import Echo

application = service.Application("echo", description="Returns whatever it gets")
internet.TCPServer(8007, Factory.forProtocol(Echo)).setServiceParent(application)
