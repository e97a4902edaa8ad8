"""Six services that start one after the other, each in more than half of the limit; the variable says what goes wrong.

``HANG=start``: the third never becomes ready. ``HANG=load``: the file itself never ends.
"""

from __future__ import annotations

import asyncio
import os
import time

from svcctl.application.service import Application, Service

LIMIT = 3.0


class Slow(Service):
    """Takes its time, and makes its collection wait."""

    async def startService(self) -> None:
        """Be ready after a while."""
        hangs = os.environ.get("HANG") == "start" and self.name == "3"
        await (asyncio.Event().wait() if hangs else asyncio.sleep(LIMIT * 0.55))


if os.environ.get("HANG") == "load":
    time.sleep(600)
application = Application("NAME", start_timeout=LIMIT, stop_timeout=1.0, needs={"network": "none"})
for number in range(1, 7):
    slow = Slow()
    slow.setName(str(number))
    slow.setServiceParent(application)
