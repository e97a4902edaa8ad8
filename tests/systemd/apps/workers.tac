"""Two supervised workers and a server; a request makes one fail. Workers start again once no file holds them."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from svcctl.application import strports
from svcctl.application.service import Application, MultiService, Service
from svcctl.application.supervision import Supervision
from svcctl.errors import SvcctlError


class Worker(Service):
    """Starts unless the state folder has a file ``hold``."""

    async def startService(self) -> None:
        """Wait until the file is gone."""
        hold = Path(os.environ["STATE_DIRECTORY"]) / "hold"
        while hold.exists():  # noqa: ASYNC110 - the file comes from outside of the process
            await asyncio.sleep(0.02)


class BrokenError(SvcctlError):
    """What a worker fails with.

    Args:
        status: The status that the process has to end with.
    """

    def __init__(self, status: int) -> None:
        super().__init__("a worker is broken")
        self.exit_status = status


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer ``told``; let a worker fail, once it runs, with the status that the request names."""
    request = (await reader.readline()).decode().split()
    if request[0] != "fail":
        writer.write(b"told\n")
        return
    worker = workers.getServiceNamed(request[1])
    while not worker.running:  # noqa: ASYNC110 - it is being restarted
        await asyncio.sleep(0.02)
    writer.write(b"told\n")
    worker.fail(BrokenError(int(request[2])))


application = Application("NAME")
workers = MultiService(supervision=Supervision(restarts=1, within=600.0, backoff=lambda _: 0.05))
workers.setName("workers")
workers.setServiceParent(application)
server = strports.service("tcp:8000:interface=127.0.0.1", answer)
for worker, name in ((Worker(), "first"), (Worker(), "second"), (server, "server")):
    worker.setName(name)
    worker.setServiceParent(workers)
