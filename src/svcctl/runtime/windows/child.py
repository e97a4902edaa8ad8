"""The application as a child of the service host, in a job that ends with it; only Windows can import this.

Source: ``CreateProcessW`` on learn.microsoft.com.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import os
import threading
from collections.abc import Mapping
from typing import Any

from svcctl.errors import EX_SOFTWARE
from svcctl.plan.windows import Hosted
from svcctl.runtime.notify import EVENTS
from svcctl.runtime.windows import calls
from svcctl.runtime.windows.events import Name, create
from svcctl.runtime.windows.log import Log
from svcctl.windows import jobs

_CTRL_C = 0
_CHUNK = 65536
_MICROSECONDS = 1000
_LAST_WORDS = 5.0


class Child:
    """One run of the application.

    Attributes:
        events: What is shared with it.
        process: Handle that is signalled at its end.
    """

    def __init__(self, hosted: Hosted, log: Log) -> None:
        """Start the application; what it writes goes to the log.

        Raises:
            OSError: Windows cannot, with its number and text in ``winerror`` and ``strerror``.
        """
        self.events = create()
        self._job = 0
        self.process = 0
        self._copier: threading.Thread | None = None
        try:
            self._job = jobs.create()
            self.process = self._launch(hosted, log)
        except BaseException:
            self.close()
            raise

    def status(self) -> int:
        """Return the exit status of an application that has ended."""
        status = ctypes.c_uint32()
        calls.exit_code(self.process, ctypes.byref(status))
        return status.value

    def ask_to_stop(self) -> None:
        """Tell the application that it should stop."""
        self.events.set(Name.STOP)

    def interrupt(self) -> None:
        """Send Ctrl-C to all that share the host's console; the host itself ignores it."""
        calls.console_event(_CTRL_C, 0)

    def kill(self) -> None:
        """End the application and all that it has started."""
        jobs.terminate(self._job, EX_SOFTWARE)

    def close(self) -> None:
        """Close the handles; what is left of the job ends with that, and all that it has written is in the log."""
        for handle in (self.process, self._job):
            if handle:
                with contextlib.suppress(OSError):
                    calls.close_handle(handle)
        self.process = self._job = 0
        self.events.close()
        if self._copier is not None:
            self._copier.join(_LAST_WORDS)

    def _launch(self, hosted: Hosted, log: Log) -> int:
        variables = {EVENTS: self.events.prefix}
        if hosted.watchdog_ms:
            variables["WATCHDOG_USEC"] = str(hosted.watchdog_ms * _MICROSECONDS)
        block = ctypes.create_unicode_buffer(environment_block(hosted, variables))
        line = ctypes.create_unicode_buffer(hosted.command_line())
        told, said = self._streams(log)
        msvcrt: Any = importlib.import_module("msvcrt")

        def launch(flags: int, info: object, process: object) -> None:
            calls.create_process(
                hosted.python, line, None, None, 1, flags, block, hosted.directory, info, process
            )

        streams = msvcrt.get_osfhandle(told), msvcrt.get_osfhandle(said), msvcrt.get_osfhandle(said)
        try:
            return jobs.start(self._job, launch, streams)
        finally:
            os.close(told)
            os.close(said)

    def _streams(self, log: Log) -> tuple[int, int]:
        """Return what the application reads from, which is empty, and what it writes to, which goes to the log."""
        told = os.open(os.devnull, os.O_RDONLY)
        ours, said = os.pipe()
        os.set_inheritable(told, True)  # noqa: FBT003 (its only argument)
        os.set_inheritable(said, True)  # noqa: FBT003 (the same)
        self._copier = threading.Thread(target=_copy, args=(ours, log), daemon=True)
        self._copier.start()
        return told, said


def environment_block(hosted: Hosted, variables: Mapping[str, str]) -> str:
    """Return the environment as Windows takes it: sorted, each variable ended by a NUL."""
    block = {name.upper(): (name, value) for name, value in os.environ.items()}
    block.update((name.upper(), (name, value)) for name, value in (*hosted.environment, *variables.items()))
    return "".join(f"{name}={value}\0" for _, (name, value) in sorted(block.items())) + "\0"


def _copy(source: int, log: Log) -> None:
    """Copy to the log until nobody writes any more; what cannot be kept is read all the same, so that nobody waits."""
    with open(source, "rb", buffering=0) as stream:
        while chunk := stream.read(_CHUNK):
            log.write(chunk)
