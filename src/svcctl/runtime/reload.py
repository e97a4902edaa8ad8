"""``python -P -m svcctl.runtime.reload PID``: what units call to reload where systemd cannot wait by itself.

It asks the application through its control socket and ends when the reload has: with status 0, or with another one
and the reason on stderr. Without that socket it sends the signal to reload, and waits for nothing.

Source: systemd.service(5) ``ExecReload=``; systemd 253 brought ``Type=notify-reload``.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from collections.abc import Mapping
from typing import Any

from svcctl.errors import EX_OK, EX_SOFTWARE, EX_USAGE

_CALL = b'{"method":"io.svcctl.Control.Reload","parameters":{}}\0'

#: Bytes of an answer; the interface's own limit is less.
_LIMIT = 2**20


def main(arguments: list[str], environ: Mapping[str, str]) -> int:
    """Run the command; return its exit status."""
    if len(arguments) != 1 or not arguments[0].isdecimal():
        sys.stderr.write("svcctl: the process to reload is named by its number\n")
        return EX_USAGE
    folder = environ.get("RUNTIME_DIRECTORY", "").partition(":")[0]
    try:
        problem = ask(f"{folder}/control")
    except OSError as error:
        return _signal(int(arguments[0]), error)
    if problem:
        sys.stderr.write(f"svcctl: reload failed: {problem}\n")
    return EX_SOFTWARE if problem else EX_OK


def ask(address: str) -> str:
    """Have an application reload, and wait for the end of that.

    Args:
        address: Path of its control socket.

    Returns:
        Why the reload failed; empty if it did not.

    Raises:
        OSError: The application cannot be asked.
    """
    answer = b""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.connect(address)
        connection.sendall(_CALL)
        try:
            while not answer.endswith(b"\0") and len(answer) <= _LIMIT:
                received = connection.recv(65536)
                if not received:
                    return "the application has ended"
                answer += received
        except OSError as error:
            return f"the application has ended ({error.strerror})"
    return _problem(answer.rstrip(b"\0"))


def _problem(answer: bytes) -> str:
    try:
        reply: Any = json.loads(answer)
        error, parameters = reply.get("error", ""), reply.get("parameters", {})
        reason = parameters.get("reason", "")
    except (ValueError, AttributeError):
        return "the application's answer makes no sense"
    return str(reason or error) if error else ""


def _signal(pid: int, error: OSError) -> int:
    sys.stderr.write(f"svcctl: cannot wait for the end of the reload: control socket: {error.strerror}\n")
    try:
        os.kill(pid, signal.SIGHUP)
    except (OSError, OverflowError) as failed:
        sys.stderr.write(f"svcctl: cannot signal process {pid}: {failed}\n")
        return EX_SOFTWARE
    return EX_OK


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
