"""A process that saves the application of keys whenever it is told to, each time in a process of its own.

A line on its input has a folder and the next key; on its output comes the process that will save them once it gets
SIGUSR1, and then how it ended.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

from svcctl.application import sob
from tests.unit.persisting import shops

#: prctl(2): whoever wants to may trace this process.
PR_SET_PTRACER, ANY = 0x59616D61, -1


def tell(number: int) -> None:
    """Write a line at once."""
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


def main() -> None:
    """Serve until the input ends."""
    application = shops.otk()
    libc = ctypes.CDLL(None)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
    for line in sys.stdin:
        folder, nextkey = line.split()
        child = os.fork()
        if child == 0:
            os.environ["STATE_DIRECTORY"] = folder
            shops.keys_of(application).nextkey = int(nextkey)
            libc.prctl(PR_SET_PTRACER, ANY, 0, 0, 0)
            signal.sigwaitinfo({signal.SIGUSR1})
            sob.Persistent(application, "otk").save()
            os._exit(0)
        tell(child)
        tell(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


if __name__ == "__main__":
    main()
