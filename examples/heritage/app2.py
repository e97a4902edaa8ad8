#!/usr/bin/env python3
"""The same, from a program that saves its application, to be run later.

Run it:  ./app2.py && svcctl run daytimer-start.tap
Talk:    nc localhost 8813
"""

from svcctl.application.protocol import Factory
from svcctl.application.service import Application
from svcctl.application.wire import Daytime

f = Factory()
f.protocol = Daytime

app = Application("daytimer")
app.listenTCP(8813, f)

app.save("start")
