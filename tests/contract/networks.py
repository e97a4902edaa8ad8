"""The runner in a network of its own, so that an application has the ports that stand in its file.

Each process gets a network namespace with nothing but a loopback interface, and may get a hosts file; its clients
enter the namespace. Source: network_namespaces(7), unshare(1), nsenter(1). This takes root.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fakes.init import PATIENCE, FakeInit
from tests.systemd.namespace import socket_inside

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a network of its own")

# Each step is the same process, so that it keeps its number and what it inherited. The mount is seen by it alone.
_ENTER = """
"$1" link set lo up || exit
test -z "$2" || mount --bind "$2" /etc/hosts || exit
shift 2
exec "$@"
"""


def run(folder: Path, tac: Path, *, hosts: Path | None = None) -> FakeInit:
    """Start the runner on a file in a network of its own.

    Args:
        folder: Its working directory.
        tac: The application.
        hosts: What it sees as ``/etc/hosts``.
    """
    shell = [tool("sh"), "-c", _ENTER, "sh", tool("ip"), str(hosts or "")]
    runner = [sys.executable, "-P", "-m", "svcctl.runtime", str(tac)]
    return FakeInit([tool("unshare"), "--net", "--mount", *shell, *runner], folder)


def inside(init: FakeInit, *command: str) -> subprocess.CompletedProcess[bytes]:
    """Run a program in the network of a process; its output is kept, its status not judged."""
    entering = [tool("nsenter"), f"--net=/proc/{init.process.pid}/ns/net", "--"]
    return subprocess.run(
        [*entering, tool(command[0]), *command[1:]], capture_output=True, check=False, timeout=PATIENCE
    )


def client(init: FakeInit, port: int) -> socket.socket:
    """Return a TCP connection to a port of the loopback in the network of a process."""
    connection = socket_inside(init.process.pid, socket.AF_INET, socket.SOCK_STREAM)
    connection.settimeout(PATIENCE)
    try:
        connection.connect(("127.0.0.1", port))
    except OSError:
        connection.close()
        raise
    return connection


def tool(name: str) -> str:
    """Return the path of a program; without it the test fails and names it."""
    path = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    assert path is not None, f"{name} is not installed"
    return path
