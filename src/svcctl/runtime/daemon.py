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
from svcctl.posix import O_NOFOLLOW, O_NONBLOCK, require
from svcctl.runtime.activation import FIRST, MOST
from svcctl.runtime.machine import REASON
from svcctl.runtime.receiver import Message, Receiver

#: Variables that were meant for this process, not for the one it starts.
_OURS = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")

#: The same, unless there are sockets to be passed on; the runner puts its own number into them.
_SOCKETS = ("LISTEN_FDS", "LISTEN_PID", "LISTEN_PIDFDID", "LISTEN_FDNAMES")

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


def daemonize(
    arguments: list[str], *, log_file: str | None, owner: int | None = None, secret: str | None = None
) -> Started:
    """Start ``python -m svcctl.runtime`` in a session of its own and wait until it is ready.

    Sockets that an init system handed to this process are passed on. An interrupt from the keyboard during the wait
    stops it.

    Args:
        arguments: Arguments of the runner.
        log_file: Path that it logs to, with all that is printed, mode 0600; ``None`` to drop what is printed.
        owner: Number of a user whom the log file may belong to, beside root, this process's and the folder's.
        secret: A line that it finds on its stdin, ``None`` for nothing.

    Raises:
        SvcctlError: It ended before it was ready; the message is its reason, ``exit_status`` its own.
        PermissionDeniedError: The log file belongs to somebody else, is a link, or must not be written. To root, who
            may become the file's owner if the application says so, the process itself refuses it.
        ConfigurationError: The log file cannot be opened for another reason.
        UsageError: This is Windows, where a service takes its place.
    """
    require("a process in the background")
    options = ["--detached"]
    if log_file is not None:
        options.append(f"--logfile={os.path.abspath(log_file)}")  # noqa: PTH100 (kept as it was given, but for its beginning)
    descriptors, environment = _handed_over()
    with Receiver() as receiver, _output(log_file, owner) as output:
        environment["NOTIFY_SOCKET"] = receiver.address
        child = subprocess.Popen(
            [sys.executable, "-P", "-m", "svcctl.runtime", *options, *arguments],
            stdin=subprocess.DEVNULL if secret is None else subprocess.PIPE,
            stdout=output,
            stderr=output,
            env=environment,
            pass_fds=descriptors,
            start_new_session=True,
        )
        try:
            _tell(child, secret)
            ready, status = _watch(receiver, child)
        except KeyboardInterrupt:
            _stop(child)
            raise
    if ready:
        child.returncode = 0  # it outlives us on purpose, so nobody will ever wait for it
        return Started(child.pid, status)
    raise _verdict(child.wait(), status, log_file)


def _handed_over() -> tuple[list[int], dict[str, str]]:
    """Return the descriptors that an init system meant for this process, and the variables for the next one."""
    environment = {name: value for name, value in os.environ.items() if name not in _OURS}
    count = environment.get("LISTEN_FDS", "")
    if environment.get("LISTEN_PID") == str(os.getpid()) and count.isascii() and count.isdigit():
        descriptors = range(FIRST, FIRST + min(int(count), MOST))
        return [each for each in descriptors if _is_open(each)], environment
    return [], {name: value for name, value in environment.items() if name not in _SOCKETS}


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def _tell(child: subprocess.Popen[bytes], secret: str | None) -> None:
    if child.stdin is not None and secret is not None:
        with contextlib.suppress(BrokenPipeError), child.stdin as stdin:  # it has ended; its status says why
            stdin.write(f"{secret}\n".encode())


def _watch(receiver: Receiver, child: subprocess.Popen[bytes]) -> tuple[bool, str]:
    """Follow the messages of the child until it is ready or ends; return which, and its last status text."""
    status = whole = ""
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
                whole += message.fields.get(REASON, "")
                if message.fields.get("READY") == "1":
                    return True, status
            elif message is None and ended:
                return False, whole or status


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
def _output(log_file: str | None, owner: int | None) -> Iterator[int]:
    """Give the file for what the child says before it has opened its log by itself."""
    descriptor = os.open(os.devnull, os.O_WRONLY) if log_file is None else _open_log(log_file, owner)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _open_log(path: str, owner: int | None) -> int:
    hint = "name a file of your own in a folder that nobody else can write to"
    try:
        # No link is followed and no reader of a pipe is waited for: the folder may be open to others.
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | O_NOFOLLOW | O_NONBLOCK, 0o600)
        folder = os.stat(os.path.dirname(path) or ".").st_uid  # noqa: PTH116, PTH120 (a text, as above)
    except OSError as error:
        kind = PermissionDeniedError if error.errno in _REFUSED else ConfigurationError
        raise kind(f"cannot write to the log file {path}: {error.strerror}", hint=hint) from error
    facts = os.fstat(descriptor)
    if stat.S_ISREG(facts.st_mode) and facts.st_uid not in {0, os.geteuid(), owner, folder}:
        os.close(descriptor)
        if owner is None and os.geteuid() == 0:
            # It may be that of a user whom only the application names: the child sees to it once it has loaded that.
            return os.open(os.devnull, os.O_WRONLY)
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
