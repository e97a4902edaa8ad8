"""Returns what it gets on the port that ECHO_PORT names, unless MODE says something else."""

import asyncio
import os
import subprocess
import sys
import time

from svcctl.application import internet, service
from svcctl.application.protocol import Factory
from svcctl.application.wire import Echo


class Misbehaving(service.Service):
    """Starts a program; then it ends with an error, or hangs once it is asked to stop."""

    def startService(self) -> None:
        """Start the program and say which it is."""
        super().startService()
        orphan = subprocess.Popen((sys.executable, "-c", "import time; time.sleep(600)"))
        sys.stdout.write(f"grandchild {orphan.pid}\n")
        if os.environ["MODE"] == "small-crash":
            asyncio.get_running_loop().call_later(0.5, sys.exit, 43)

    def stopService(self) -> None:
        """Hang, or not."""
        if os.environ["MODE"] == "small-deaf":
            time.sleep(600)


application = service.Application("small")
if os.environ["MODE"] == "small":
    server = internet.TCPServer(
        int(os.environ["ECHO_PORT"]), Factory.forProtocol(Echo), interface="127.0.0.1"
    )
    server.setServiceParent(application)
else:
    Misbehaving().setServiceParent(application)
