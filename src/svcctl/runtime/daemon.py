"""Starts the runner in the background and returns once it is ready: for machines without an init system.

The process that starts it plays the part of the init system until then. Source: daemon(7), sd_notify(3).
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from typing import NamedTuple

from svcctl.errors import ConfigurationError, PermissionDeniedError, SvcctlError
from svcctl.runtime.receiver import Message, Receiver

#: Variables that were meant for this process, not for the one it starts.
_OURS = (
    "NOTIFY_SOCKET",
    "LISTEN_FDS",
    "LISTEN_PID",
    "LISTEN_PIDFDID",
    "LISTEN_FDNAMES",
    "WATCHDOG_USEC",
    "WATCHDOG_PID",
)

#: What the system says when a file is not for us: no right, a link, a pipe that nobody reads.
_REFUSED = (errno.EACCES, errno.EPERM, errno.ELOOP, errno.ENXIO)

#: Seconds between two looks at the child where the system cannot wake us when it ends.
_LOOK_INTERVAL = 0.1


class Started(NamedTuple):
    """A runner in the background that serves.

    Attributes:
        pid: Its process.
        status: The status text it sent with its readiness.
    """

    pid: int
    status: str


def daemonize(arguments: list[str], *, log_file: str | None) -> Started:
    """Start ``python -m svcctl.runtime`` in a session of its own and wait until it is ready.

    An interrupt from the keyboard during the wait stops it.

    Args:
        arguments: Arguments of the runner.
        log_file: Path that its output is appended to, mode 0600; ``None`` to drop it.

    Raises:
        SvcctlError: It ended before it was ready; the message is its last status text, ``exit_status`` its own.
        PermissionDeniedError: The log file belongs to somebody else, is a link, or must not be written.
        ConfigurationError: The log file cannot be opened for another reason.
    """
    with Receiver() as receiver, _output(log_file) as output:
        environment = {name: value for name, value in os.environ.items() if name not in _OURS}
        environment["NOTIFY_SOCKET"] = receiver.address
        child = subprocess.Popen(
            [sys.executable, "-P", "-m", "svcctl.runtime", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=environment,
            start_new_session=True,
        )
        try:
            ready, status = _watch(receiver, child)
        except KeyboardInterrupt:
            _stop(child)
            raise
    if ready:
        child.returncode = 0  # it outlives us on purpose, so nobody will ever wait for it
        return Started(child.pid, status)
    raise _verdict(child.wait(), status, log_file)


def _watch(receiver: Receiver, child: subprocess.Popen[bytes]) -> tuple[bool, str]:
    """Follow the messages of the child until it is ready or ends; return which, and its last status text."""
    status = ""
    with _end_of(child) as wake:
        timeout = None if wake is not None else _LOOK_INTERVAL
        while True:
            message = receiver.receive(timeout, wake=wake)
            # Its end is looked at before the messages are, so that none it has sent is missed.
            ended = message is None and child.poll() is not None
            if ended:
                message = receiver.receive(0)
            if message is not None and _is_from(message, child):
                status = message.fields.get("STATUS", status)
                if message.fields.get("READY") == "1":
                    return True, status
            elif message is None and ended:
                return False, status


def _is_from(message: Message, child: subprocess.Popen[bytes]) -> bool:
    return message.pid in {child.pid, 0}  # 0: this system does not tell, and the folder keeps others out


@contextlib.contextmanager
def _end_of(child: subprocess.Popen[bytes]) -> Iterator[int | None]:
    """Give a descriptor that becomes readable when the child ends, where the system has such."""
    if not hasattr(os, "pidfd_open"):
        yield None
        return
    descriptor = os.pidfd_open(child.pid)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _output(log_file: str | None) -> Iterator[int]:
    descriptor = os.open(os.devnull, os.O_WRONLY) if log_file is None else _open_log(log_file)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _open_log(path: str) -> int:
    hint = "name a file of your own in a folder that nobody else can write to"
    try:
        # No link is followed and no reader of a pipe is waited for: the folder may be open to others.
        descriptor = os.open(
            path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK, 0o600
        )
    except OSError as error:
        kind = PermissionDeniedError if error.errno in _REFUSED else ConfigurationError
        raise kind(f"cannot write to the log file {path}: {error.strerror}", hint=hint) from error
    facts = os.fstat(descriptor)
    if stat.S_ISREG(facts.st_mode) and facts.st_uid not in {0, os.geteuid()}:
        os.close(descriptor)
        raise PermissionDeniedError(f"the log file {path} belongs to another user", hint=hint)
    os.set_blocking(descriptor, True)
    return descriptor


def _stop(child: subprocess.Popen[bytes]) -> None:
    """Ask the child to end; a second interrupt does not ask."""
    child.terminate()
    try:
        child.wait()
    except KeyboardInterrupt:
        child.kill()
        child.wait()


def _verdict(returned: int, status: str, log_file: str | None) -> SvcctlError:
    how = f"ended with status {returned}" if returned >= 0 else f"was killed by signal {-returned}"
    last = f" ({status})" if status else ""
    error = SvcctlError(
        status if status and returned > 0 else f"the application {how} before it was ready{last}",
        hint=f"its log is in {log_file}" if log_file else "a log file would say more",
    )
    error.exit_status = (returned if returned >= 0 else 128 - returned) or SvcctlError.exit_status
    return error
