"""``python -P -m svcctl.runtime.reload PID``: what units call to reload where systemd cannot wait by itself.

It asks the application through its control socket and ends when the reload has: with status 0, or with another one
and the reason on stderr. Without that socket it sends the signal to reload, and waits for nothing.

Source: systemd.service(5) ``ExecReload=``; systemd 253 brought ``Type=notify-reload``.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping

from svcctl.errors import EX_OK, EX_SOFTWARE, EX_USAGE
from svcctl.runtime.asking import ask


def main(arguments: list[str], environ: Mapping[str, str]) -> int:
    """Run the command; return its exit status."""
    if len(arguments) != 1 or not arguments[0].isdecimal():
        sys.stderr.write("svcctl: the process to reload is named by its number\n")
        return EX_USAGE
    folder = environ.get("RUNTIME_DIRECTORY", "").partition(":")[0]
    try:
        problem = ask(f"{folder}/control", "io.svcctl.Control.Reload").problem
    except OSError as error:
        return _signal(int(arguments[0]), error)
    if problem:
        sys.stderr.write(f"svcctl: reload failed: {problem}\n")
    return EX_SOFTWARE if problem else EX_OK


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
