#!/usr/bin/env python3
"""A key for whoever connects to TCP port 8123, and never the same one twice, whatever is restarted in between.

Run it:  ./app3.py && svcctl run otk-start.tap
Talk:    nc localhost 8123
Again:   svcctl run otk-shutdown.tap
"""

from svcctl.application.protocol import Factory, Protocol
from svcctl.application.service import Application


class OneTimeKey(Protocol):
    """Hands out the next key."""

    def connectionMade(self):
        """Send it and hang up."""
        key = self.factory.nextkey
        self.factory.nextkey += 1
        print("giving key", key)
        self.transport.write(b"%d\n" % key)
        self.transport.loseConnection()


f = Factory()
f.protocol = OneTimeKey
f.nextkey = 0

app = Application("otk")
app.listenTCP(8123, f)

app.save("start")
