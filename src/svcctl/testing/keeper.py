"""The process between a fake init and the application: it takes in what the application leaves behind.

Run as a script, with nothing but the standard library: between fork and exec nothing but exec's own arguments can be
changed, and ``LISTEN_PID`` must be the number of the process itself. It also makes sure that nothing survives the
tests: when the other end of its connection is closed, all below it is killed.

Arguments: the number of the connection, the numbers of the descriptors to hand over (separated by commas), and the
command. It writes ``main PID``, then ``exit PID STATUS`` for each process below it that ends, the status as wait(2)
has it. It is told ``K`` to kill all that is left and to end, ``L`` to end alone.

Source: prctl(2) ``PR_SET_CHILD_SUBREAPER``, sd_listen_fds(3), systemd.exec(5) on the exit statuses.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import signal
import socket
import sys

_SUBREAPER = 36
_NO_EXECUTABLE = 203
_FIRST = 3

#: Variables that hold the number of the process if they say ``self``.
_SELF = ("LISTEN_PID", "WATCHDOG_PID", "SYSTEMD_EXEC_PID")


def main(arguments: list[str]) -> None:
    """Start the command and stay until it and all that it has left behind have ended."""
    connection = socket.socket(fileno=int(arguments[0]))
    handed = [int(each) for each in arguments[1].split(",") if each]
    for each in (connection.fileno(), *handed):
        os.set_inheritable(each, False)  # noqa: FBT003 (the standard library's signature)
    if ctypes.CDLL(None, use_errno=True).prctl(_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "cannot take in orphans")
    # The number in the pipe says that there is somebody to be waited for; the handler does not run anything.
    woken, wake = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    child = os.fork()
    if child == 0:
        _become(handed, arguments[2:])
    for each in handed:
        os.close(each)
    connection.sendall(f"main {child}\n".encode())
    _stay(connection, woken)


def _become(handed: list[int], command: list[str]) -> None:
    """Become the command."""
    try:
        os.setsid()
        signal.set_wakeup_fd(-1)
        for position, number in enumerate(handed):
            os.dup2(number, _FIRST + position, inheritable=True)
        for name in _SELF:
            if os.environ.get(name) == "self":
                os.environ[name] = str(os.getpid())
        os.execvp(command[0], command)  # noqa: S606 (no shell is wanted)
    except OSError as error:
        os.write(2, f"cannot execute {command[0]}: {error.strerror}\n".encode())
    finally:
        os._exit(_NO_EXECUTABLE)


def _stay(connection: socket.socket, woken: int) -> None:
    poller = select.poll()
    poller.register(connection, select.POLLIN)
    poller.register(woken, select.POLLIN)
    killing = False
    while _reap(connection):
        if killing:
            _kill_children()
        ready = dict(poller.poll(20 if killing else None))
        if woken in ready:
            os.read(woken, 4096)
        if connection.fileno() in ready:
            if _order(connection) == b"L":
                return
            killing = True
            poller.unregister(connection)


def _order(connection: socket.socket) -> bytes:
    try:
        return connection.recv(1)
    except ConnectionResetError:  # the other end was closed, and had not read all that it was told
        return b""


def _reap(connection: socket.socket) -> bool:
    """Report who has ended; return whether anybody is left."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return False
        if pid == 0:
            return True
        with contextlib.suppress(OSError):  # nobody is there any more to be told
            connection.sendall(f"exit {pid} {status}\n".encode())


def _kill_children() -> None:
    """Kill what is right below; what is below that comes up when it has ended."""
    own = str(os.getpid())
    for name in filter(str.isdigit, os.listdir("/proc")):  # noqa: PTH208 (pathlib is slow to import)
        with contextlib.suppress(OSError), open(f"/proc/{name}/stat", "rb") as file:  # noqa: PTH123 (the same)
            if file.read().rpartition(b") ")[2].split()[1].decode() == own:
                os.kill(int(name), signal.SIGKILL)


if __name__ == "__main__":
    main(sys.argv[1:])
    os._exit(0)  # nothing is left to be cleaned up, and somebody waits
