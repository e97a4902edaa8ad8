#!/usr/bin/env python3
"""The date and time for whoever connects to TCP port 8813, from a program that runs its application itself.

Run it:  ./app1.py   (control-C ends it)
Talk:    nc localhost 8813
"""

from svcctl.application.protocol import Factory
from svcctl.application.service import Application
from svcctl.application.wire import Daytime

f = Factory()
f.protocol = Daytime

app = Application("daytimer")
app.listenTCP(8813, f)

app.run()
