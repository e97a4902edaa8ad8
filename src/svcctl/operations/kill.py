"""Stops a process by its pid file, and only the process that has written it.

The statuses are those of ``sysexits.h``: 65 for a file that does not say who is running, 66 for one that is not
there, 74 for one that cannot be read, 75 if the process does not end in time, 77 for what is somebody else's.
"""

from __future__ import annotations

import os
import select
import signal
import stat
import time
from dataclasses import dataclass

from svcctl.errors import EX_DATAERR, EX_NOINPUT, EX_NOPERM, EX_TEMPFAIL, SvcctlError
from svcctl.posix import O_CLOEXEC, O_NOCTTY, O_NOFOLLOW, O_NONBLOCK
from svcctl.runtime import processes
from svcctl.runtime.processes import Process

#: Seconds for which a process may take to stop, unless told otherwise.
LIMIT = 30.0

#: Seconds between two looks where the system cannot wake us when a process ends.
_LOOK_INTERVAL = 0.05

_EX_IOERR = 74  # sysexits.h; nothing else here ends with it
_LONGEST = 256
_FLAGS = os.O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY


@dataclass(frozen=True, slots=True, kw_only=True)
class KillResult:
    """What was stopped.

    Attributes:
        pid: The process that was running.
        seconds: How long it took to end.
    """

    pid: int
    seconds: float


class KillError(SvcctlError):
    """A process is not stopped, or did not stop.

    Args:
        message: Why.
        exit_status: What the command ends with.
        hint: What to do about it.
    """

    code = "kill"

    def __init__(self, message: str, exit_status: int, *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.exit_status = exit_status


def kill(path: str, *, limit: float = LIMIT) -> KillResult:
    """Ask the process of a pid file to stop, and wait until it has ended.

    Args:
        path: The pid file. The last part of it is not followed if it is a link.
        limit: Seconds to wait.

    Raises:
        KillError: The file names no process that runs and that it is sure to belong to; or that does not end.
    """
    process = _running(path)
    began = time.monotonic()
    if not hasattr(os, "pidfd_open"):
        _send(process)
        while _same(process) is not None and time.monotonic() < began + limit:
            time.sleep(_LOOK_INTERVAL)
        ended = _same(process) is None
    else:
        ended = _end_through_descriptor(process, limit)
    if not ended:
        raise KillError(
            f"process {process.pid} did not end within {limit:g} s",
            EX_TEMPFAIL,
            hint=f"a second `svcctl kill {path}` cuts its drain short",
        )
    return KillResult(pid=process.pid, seconds=time.monotonic() - began)


def _end_through_descriptor(process: Process, limit: float) -> bool:
    """Signal a process that cannot become another one on the way; return whether it has ended in time."""
    try:
        descriptor = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return True  # it has just ended by itself
    try:
        if _same(process) is None:
            return True
        try:
            signal.pidfd_send_signal(descriptor, signal.SIGTERM)
        except ProcessLookupError:
            return True
        except PermissionError as error:
            raise _forbidden(process) from error
        poller = select.poll()
        poller.register(descriptor, select.POLLIN)
        return bool(poller.poll(limit * 1000))
    finally:
        os.close(descriptor)


def _send(process: Process) -> None:
    try:
        os.kill(process.pid, signal.SIGTERM)
    except ProcessLookupError:
        return  # it has just ended by itself
    except PermissionError as error:
        raise _forbidden(process) from error


def _same(process: Process) -> Process | None:
    """Return a process if it still runs: its age has grown, and nothing else has changed."""
    found = processes.find(process.pid)
    return found if found is not None and found.began == process.began else None


def _forbidden(process: Process) -> KillError:
    return KillError(
        f"process {process.pid} runs as user {process.uid}, whose processes you may not stop",
        EX_NOPERM,
        hint="try it as root, or as that user",
    )


def _running(path: str) -> Process:
    """Return the process that has written a pid file.

    Raises:
        KillError: There is none, or it may be another one.
    """
    text, _ = _read(path)
    if not (text.isascii() and text.isdigit() and len(text) < 20 and int(text) > 0):  # noqa: PLR2004 (digits)
        hint = "its process has ended, or is not ready yet" if not text else "name the pid file of a service"
        raise KillError(f"{path} holds no process id", EX_DATAERR, hint=hint)
    pid = int(text)
    try:
        record, owner = _read(f"{path}.lock")
    except KillError as error:
        if error.exit_status != EX_NOINPUT:
            raise
        record, owner = "", -1
    named, _, began = record.partition(" ")
    if named != text:
        raise KillError(
            f"{path} was not written by svcctl, so nobody knows whether process {pid} is still the right one",
            EX_DATAERR,
            hint=f"look at it with `ps {pid}`, and stop it with `kill {pid}` if it is",
        )
    process = processes.find(pid)
    if process is None or process.began != began:
        state = "has ended" if process is None else "has ended, and another one has its number now"
        raise KillError(
            f"{path} is stale: its process {pid} {state}",
            EX_DATAERR,
            hint="unless its process is in another container, the next start replaces the file; so does removing it",
        )
    if owner not in {0, os.geteuid(), process.uid}:
        raise KillError(
            f"{path}.lock belongs to user {owner}, and process {pid} to another one",
            EX_NOPERM,
            hint=f"look at it with `ps {pid}`, and stop it with `kill {pid}` if it is the right one",
        )
    return process


def _read(path: str) -> tuple[str, int]:
    """Return the text of a small file, and the number of its owner.

    Raises:
        KillError: It cannot be read, or is no plain file.
    """
    try:
        descriptor = os.open(path, _FLAGS)
    except FileNotFoundError:
        ended = "its process has ended, or never had one"
        hint = (
            ended if "/" in path or "." in path else f"{ended}; svcctl stop {path} is for what is installed"
        )
        raise KillError(f"there is no pid file {path}", EX_NOINPUT, hint=hint) from None
    except OSError as error:
        why = "it is a link" if os.path.islink(path) else error.strerror  # noqa: PTH114 (paths are texts here)
        raise KillError(f"cannot read the pid file {path}: {why}", _EX_IOERR) from error
    try:
        facts = os.fstat(descriptor)
        if not stat.S_ISREG(facts.st_mode):
            raise KillError(f"{path} is no plain file", EX_DATAERR, hint="name the pid file of a service")
        data = os.read(descriptor, _LONGEST)
    finally:
        os.close(descriptor)
    return data.decode("ascii", "backslashreplace").strip(), facts.st_uid
