"""An application for the service host, run by a Python for Windows: what it does is its second argument.

The first is the folder that svcctl is in.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time


def say(*words: object) -> None:
    """Write a line to the log."""
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


def serve(mode: str) -> int:
    """Be ready, then end in the way that is asked for."""
    from svcctl.runtime.notify import EVENTS  # noqa: PLC0415 (found once the path is set)
    from svcctl.runtime.windows import calls, events  # noqa: PLC0415 (the same)

    shared = events.join(os.environ[EVENTS])
    if mode == "late":
        time.sleep(600)
    if mode == "automatic":
        say("process", os.getpid())
    say("ready")
    shared.set(events.Name.READY)
    if mode in {"crash", "deaf"}:
        command = (sys.executable, "-c", "import time; time.sleep(600)")
        orphan = subprocess.Popen(command, stderr=subprocess.DEVNULL)  # it says that it is interrupted
        say("grandchild", orphan.pid)
    if mode == "crash":
        os._exit(43)
    if mode in {"deaf", "unaware"}:
        if mode == "deaf":
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        with contextlib.suppress(KeyboardInterrupt):
            while True:
                time.sleep(0.1)
        say("interrupted")
        return 0
    while calls.wait_for(shared.handles[events.Name.STOP], 100) == calls.WAIT_TIMEOUT:
        if calls.wait_for(shared.handles[events.Name.RELOAD], 0) == 0:
            say("reloaded")
    say("stopping")
    return 0


if __name__ == "__main__":
    sys.path.insert(0, sys.argv[1])
    say("arguments", sys.argv[2:])
    say("folder", os.getcwd())  # noqa: PTH109 (as text)
    say("greeting", os.environ.get("GREETING"), os.environ.get("WATCHDOG_USEC"))
    sys.exit(42 if sys.argv[2] == "fail" else serve(sys.argv[2]))
