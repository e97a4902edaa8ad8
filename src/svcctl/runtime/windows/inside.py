"""A small service: the service host's own process runs the application; only Windows can import this.

The service manager's dispatcher and the host have a thread each, and the application has the main thread, as anywhere
else. Host and application share the same events, and the same machine decides, as if they were two processes.

What a small service does not have:

- Nobody in this process starts it again after a crash: it is STOPPED with the application's status, and the recovery
  actions of the service manager are what starts it anew.
- Its log is rotated when it starts, not while it runs: the process writes to the file itself, so that not even the last
  words of a crash are lost.
- Code that keeps the interpreter's lock (a loop in C) keeps the host from answering, too. A stop that has begun ends the
  process all the same, since that limit is watched without the lock.
- What the application changes in its process (directory, variables, signal handlers) it changes for the host.

What it starts ends with it, since the process is in a job of its own.
"""

from __future__ import annotations

import _thread
import contextlib
import faulthandler
import os
import signal
import sys
import threading
import time
import traceback

from svcctl.errors import EX_SOFTWARE
from svcctl.plan.windows import Hosted
from svcctl.runtime.notify import EVENTS
from svcctl.runtime.windows import calls
from svcctl.runtime.windows.events import Name, create
from svcctl.runtime.windows.host import Host, Manager
from svcctl.runtime.windows.log import Log
from svcctl.runtime.windows.machine import GRACE
from svcctl.windows import jobs

_MICROSECONDS = 1000
_MILLISECONDS = 1000


class Inside:
    """The run of an application in the main thread of this process.

    Attributes:
        events: What is shared with it.
        process: Handle that is signalled at its end.
        ended: It has come to its end by itself.
    """

    def __init__(self, hosted: Hosted) -> None:
        self.hosted = hosted
        self.events = create()
        self.process: int = calls.create_event(None, True, False, None)  # noqa: FBT003 (C's order)
        self.ended = False
        self._status = EX_SOFTWARE

    def run(self) -> int:
        """Run the application in this thread, which has to be the main one; return its exit status."""
        os.environ[EVENTS] = self.events.prefix
        if self.hosted.watchdog_ms:
            os.environ["WATCHDOG_USEC"] = str(self.hosted.watchdog_ms * _MICROSECONDS)
        os.environ.update(self.hosted.environment)
        status = EX_SOFTWARE
        try:
            os.chdir(self.hosted.directory)
            from svcctl.runtime.__main__ import main  # noqa: PLC0415 (not before the service manager is answered)

            status = main(list(self.hosted.arguments))
        except BaseException:  # noqa: BLE001 (whatever it is, it is the application's end)
            traceback.print_exc()
        self.ended = True
        self._end(status)
        return status

    def status(self) -> int:
        """Return the exit status of an application that has ended."""
        return self._status

    def ask_to_stop(self) -> None:
        """Tell the application that it should stop; if nobody here can run at its limit, the process ends."""
        limit = (self.hosted.stop_limit_ms + 2 * GRACE) / _MILLISECONDS
        faulthandler.dump_traceback_later(limit, exit=True, file=2)
        self.events.set(Name.STOP)

    def interrupt(self) -> None:
        """Interrupt the application as Ctrl-C does; where it waits for the system, it hears of it afterwards."""
        _thread.interrupt_main(signal.SIGINT)

    def kill(self) -> None:
        """Wait for the application no longer, and say where it is; the process ends once the manager knows."""
        faulthandler.dump_traceback(file=2)
        self._end(EX_SOFTWARE)

    def close(self) -> None:
        """Close nothing: the handles end with the process."""

    def _end(self, status: int) -> None:
        self._status = status
        calls.set_event(self.process)


def serve(manager: Manager, hosted: Hosted, log: Log) -> int:
    """Serve a small service, from the main thread; return the status to exit with."""
    log.rotate_if_full()
    log.close()
    log = Log(hosted.log)  # which rotates no more, since the file stays open
    _write_to(log)
    with contextlib.suppress(OSError):  # then there is none, and what it has started may stay
        jobs.assign(jobs.create(), calls.current_process())
    inside = Inside(hosted)
    over = threading.Event()
    host = Host(manager, hosted, log, lambda *_: inside)
    threading.Thread(target=_host, args=(host, inside, over), daemon=True).start()
    status = inside.run()
    over.wait()
    return status


def _host(host: Host, inside: Inside, over: threading.Event) -> None:
    """Serve until the service has stopped, then see to it that the process ends."""
    try:
        host.run()
    finally:
        over.set()
        if inside.ended:  # what is registered for its end may take as long as a stop
            time.sleep(host.hosted.stop_limit_ms / _MILLISECONDS)
        os._exit(inside.status())


def _write_to(log: Log) -> None:
    """Have everything that this process writes, also the interpreter itself, go to the log."""
    try:
        file = log.fileno()
    except OSError:
        file = os.open(os.devnull, os.O_WRONLY)
    for number in (1, 2):
        os.dup2(file, number)
    sys.stdout = open(1, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False)  # noqa: SIM115 (a number)
    sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False)  # noqa: SIM115 (the same)
    faulthandler.enable(2)
