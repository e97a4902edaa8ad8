"""One run of a program on Windows, and of whatever it starts in turn; only Windows can import this.

A job holds them all: it ends them all, and tells when none is left. They are asked to end by Ctrl-Break, which takes a
console; without one they are ended. Source: "Job Objects", "Console Process Groups" on learn.microsoft.com.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import subprocess
import threading
from collections.abc import Callable
from ctypes import Structure, c_int64, c_uint32, c_void_p
from typing import IO, Any

from svcctl.application.processes.output import Lines
from svcctl.application.processes.programs import Program
from svcctl.posix import require
from svcctl.windows import jobs
from svcctl.windows.declaring import declare, windows

_SUSPENDED, _NEW_GROUP = 0x4, 0x200
_CTRL_BREAK = 1
_ACCOUNTING = 1
_KILLED = 137  # as shells count SIGKILL
_CHUNK = 65_536
#: Seconds between two looks for those who outlive the process that was started.
_LOOK = 0.05


class _Accounting(Structure):
    _fields_ = (
        ("times", c_int64 * 4),
        ("faults", c_uint32),
        ("all", c_uint32),
        ("active", c_uint32),
        ("ended", c_uint32),
    )


_kernel32 = windows.WinDLL("kernel32", use_last_error=True)
_query = declare(
    _kernel32, "QueryInformationJobObject", c_uint32, c_void_p, c_uint32, c_void_p, c_uint32, c_void_p
)
_close = declare(_kernel32, "CloseHandle", c_uint32, c_void_p)
_console_event = declare(_kernel32, "GenerateConsoleCtrlEvent", c_uint32, c_uint32, c_uint32)
_resume = declare(windows.WinDLL("ntdll"), "NtResumeProcess", c_uint32, c_void_p, failed=None)


class HeldChild:
    """A program in a job of its own, its output in the log; see :class:`svcctl.application.processes.child.Child`.

    Raises:
        OSError: It cannot be started.
        UsageError: It is to run as somebody else.
    """

    def __init__(
        self, name: str, program: Program, exited: Callable[[int], None], gone: Callable[[], None]
    ) -> None:
        if program.uid is not None or program.gid is not None:
            require(f"the program {name} as another user")
        self._exited = exited
        self._gone = gone
        self._loop = asyncio.get_running_loop()
        self._job = jobs.create()  # they end if this process does
        try:
            self._popen = _start(program, self._job)
        except BaseException:
            _close(self._job)
            raise
        self._reading = 2
        for stream, pipe in (("stdout", self._popen.stdout), ("stderr", self._popen.stderr)):
            self._in_thread(self._read, pipe, Lines(name, stream))
        self._in_thread(self._wait)

    @property
    def pid(self) -> int:
        """The number of the process that was started."""
        return self._popen.pid

    def terminate(self) -> None:
        """Ask it, and whatever it started, to end."""
        try:
            _console_event(_CTRL_BREAK, self._popen.pid)
        except OSError:  # there is no console
            self.kill()

    def kill(self) -> None:
        """End it, and whatever it started."""
        if self._job:
            with contextlib.suppress(OSError):
                jobs.terminate(self._job, _KILLED)

    def _in_thread(self, work: Callable[..., None], *arguments: object) -> None:
        threading.Thread(target=work, args=arguments, name="process", daemon=True).start()

    def _tell(self, callback: Callable[..., object], *arguments: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(callback, *arguments)

    def _wait(self) -> None:
        self._tell(self._on_exit, self._popen.wait())

    def _read(self, pipe: IO[bytes], lines: Lines) -> None:
        with contextlib.suppress(OSError), pipe:
            while data := os.read(pipe.fileno(), _CHUNK):
                self._tell(lines.feed, data)
        self._tell(self._read_all, lines)

    def _read_all(self, lines: Lines) -> None:
        lines.end()
        self._reading -= 1

    def _on_exit(self, status: int) -> None:
        self._exited(status)
        self._settle()

    def _settle(self) -> None:
        """Look whether any of them is left, or anything to be read."""
        left = _Accounting()
        _query(self._job, _ACCOUNTING, ctypes.byref(left), ctypes.sizeof(left), None)
        if left.active or self._reading:
            self._loop.call_later(_LOOK, self._settle)
            return
        _close(self._job)
        self._job = 0
        self._gone()


def _start(program: Program, job: int) -> subprocess.Popen[bytes]:
    """Start a program in a job; what it starts at once is in it, too."""
    flags: dict[str, Any] = {"creationflags": _SUSPENDED | _NEW_GROUP}
    environment = None
    if program.env is not None:  # without that folder, Windows' own functions fail
        environment = {"SYSTEMROOT": os.environ.get("SYSTEMROOT", "C:\\Windows"), **program.env}
    popen = subprocess.Popen(
        [os.fsdecode(argument) for argument in program.args],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
        cwd=program.cwd,
        bufsize=0,
        **flags,
    )
    handle = int(vars(popen)["_handle"])
    try:
        jobs.assign(job, handle)
    except OSError:
        popen.kill()
        popen.communicate()
        raise
    _resume(handle)
    return popen
