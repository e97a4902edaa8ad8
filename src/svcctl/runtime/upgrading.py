"""Has a new process take over while this one still serves, so that nobody waits and nothing is lost.

The new process is a child of this one, in the same control group and sandbox, started with the same arguments. It
gets every listening socket and all that services have kept, as an init system would hand them over, and tells this
process how it is, over a connection of their own, instead of the init system. Once it is ready, ``MAINPID=`` makes it
the main process; then this one accepts no more, drains and ends. If it does not become ready, nothing has changed.
:mod:`svcctl.runtime.succeeding` is the other side. Loaded when an upgrade is asked for.

Source: sd_notify(3) ``MAINPID=``, ``docs/adr/0015-overlapping-upgrade.md``.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import os
import signal
import socket
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from svcctl.errors import EX_TEMPFAIL, SvcctlError
from svcctl.posix import fcntl
from svcctl.runtime.activation import FIRST
from svcctl.runtime.activation import VARIABLES as LISTEN
from svcctl.runtime.environment import STORE
from svcctl.runtime.machine import REASON, Do, Failed, Phase
from svcctl.runtime.notify import UPGRADE, VARIABLE
from svcctl.runtime.receiver import LONGEST, parse
from svcctl.runtime.store import Store, open_store
from svcctl.runtime.succeeding import MAIN, RELOAD
from svcctl.runtime.succession import HandedOver, SuccessorReady, UpgradeFailed, UpgradeRequested

if TYPE_CHECKING:
    from svcctl.runtime.runner import Process

_log = logging.getLogger(__name__)

#: Seconds that the init system has to take note of the new main process.
NOTING = 5.0

#: Seconds after which whoever asked for the upgrade is told of its success; the process lasts for longer than that.
ANSWERING = 0.1

#: Seconds more than it may take to stop, after which a new process that was told to end is killed.
GRACE = 1.0

_KILLED = 128  # what is above is the number of a signal

_OURS = {VARIABLE, UPGRADE, STORE, "WATCHDOG_USEC", "WATCHDOG_PID", *LISTEN}

# Descriptors begin at 3, and some variables hold the process id, which nobody knows before there is the process; so a
# first program in it moves the descriptors, sets the variables and becomes the second. At a stop, systemd does not
# wait for a main process that is not its own child but kills it at once; so there is a process in between, which gives
# the new one's status back for as long as that may fail, and whose end makes the new one the init system's child.
_LAUNCH = """
import os, _signal
from sys import argv
child = os.fork()
if child:
    _signal.signal(_signal.SIGTERM, lambda *_: os.kill(child, _signal.SIGTERM))
    os.write(int(argv[2]), b"%s=%%d" %% child)
    os.close(int(argv[2]))
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    os._exit(status if status >= 0 else 128 - status)
for position, number in enumerate(argv[1].split(",") if argv[1] else ()):
    os.dup2(int(number), 3 + position, inheritable=True)
    os.close(int(number))
for name in ("LISTEN_PID", "WATCHDOG_PID"):
    if name in os.environ:
        os.environ[name] = str(os.getpid())
os.execv(argv[3], argv[3:])
""" % (_PID := "X_SVCCTL_PID")


class UpgradeError(SvcctlError):
    """No new process has taken over; the old one serves on."""

    code = "upgrade"
    exit_status = EX_TEMPFAIL


class RefusedUpgradeError(UpgradeError):
    """No new process was started: this one cannot be taken over, or not now."""

    code = "upgrade-refused"


async def upgrade(process: Process) -> int:
    """Have a new process take over.

    Returns:
        Its process id, once it is the main process; this one ends after that.

    Raises:
        RefusedUpgradeError: None was started.
        UpgradeError: It has not taken over. The message is the whole reason.
    """
    refused = refusal(process)
    if refused:
        raise RefusedUpgradeError(f"no upgrade: {refused}", hint="a restart does it, too")
    global _attempt  # noqa: PLW0603 (a process is taken over once)
    _attempt = Attempt(process)
    process.feed(UpgradeRequested())
    return await asyncio.shield(_attempt.outcome)


def refusal(process: Process) -> str:
    """Return why no new process can take over now; empty if one can."""
    if _attempt is not None and not _attempt.outcome.done():
        return "another one is under way"
    if process.notifier.provisional or process.state.succeeded:
        return "this process is not the main process"
    if process.state.phase is not Phase.READY:
        return f"the application is {process.state.phase.value}"
    if not process.notifier.connected:
        return "no init system is told which process is the main one"
    if not sys.executable:
        return "it is not known which program runs this process"
    return process.mode.bound_to_process() if process.mode is not None else ""


def carry_out(effect: Do) -> None:
    """Do what the machine has decided about the new process."""
    if _attempt is None:
        return
    if effect is Do.SPAWN:
        _attempt.spawn()
    elif effect is Do.HAND_OVER:
        _attempt.hand_over()
    else:
        _attempt.fail("the application stops", tell=False)


class Attempt:
    """One upgrade.

    Args:
        process: The process that is to be taken over.

    Attributes:
        outcome: The process id of the new main process, or why there is none.
    """

    def __init__(self, process: Process) -> None:
        self.outcome: asyncio.Future[int] = process.loop.create_future()
        self._process = process
        if process.store is None:
            process.store = Store(process.notifier, 0, [], lambda: process.state.phase is Phase.READY)
            open_store(process.store)
            process.store.begin()
        self._store = process.store
        self._link, self._theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._link.setblocking(False)  # noqa: FBT003 (the standard library's signature)
        self._child: subprocess.Popen[bytes] | None = None
        self._pid = 0
        self._deadline: asyncio.TimerHandle | None = None
        self._status = self._whole = ""
        self._tell = True
        self._task: asyncio.Task[None] | None = None

    def spawn(self) -> None:
        """Start the new process with all that this one listens on and keeps."""
        self._store.hold()
        given = [(name, each.fileno()) for name, each in self._process.sockets if each.fileno() >= 0]
        given += self._store.contents()
        try:
            self._child = _start(given, self._theirs.fileno(), self._variables())
        except OSError as error:
            self._end(f"the new process cannot be started: {error}")
            return
        finally:
            self._theirs.close()
        self._process.loop.add_reader(self._link, self._read)
        self._wait(self._process.application.start_timeout)

    def _variables(self) -> dict[bytes, bytes]:
        ours = {UPGRADE: "", STORE: str(self._store.limit) if self._store.limit else ""}
        if self._process.watchdog_limit is not None:
            ours |= {
                "WATCHDOG_USEC": str(round(self._process.watchdog_limit * 1_000_000)),
                "WATCHDOG_PID": "0",
            }
        return {os.fsencode(name): os.fsencode(value) for name, value in ours.items() if value}

    def _wait(self, limit: float) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        if limit:
            late = f"the new process is not ready after {limit:g} s"
            self._deadline = self._process.loop.call_later(limit, self._too_late, late)

    def _too_late(self, late: str) -> None:
        self.fail(f"{late} ({self._status})" if self._status else late)

    def _read(self) -> None:
        try:
            data = self._link.recv(LONGEST)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._ended()
            return
        fields = parse(data)
        pid = fields.get(_PID, "")
        if pid.isascii() and pid.isdigit() and not self._pid:
            self._pid = int(pid)
            _log.info("upgrade: a new process starts", extra={"svcctl_pid": self._pid})
        self._status = fields.get("STATUS", self._status)
        self._whole += fields.get(REASON, "")
        more = fields.get("EXTEND_TIMEOUT_USEC", "")
        if more.isascii() and more.isdigit():
            self._wait(int(more[:15]) / 1_000_000)
        if fields.get("READY") == "1" and self._child is not None and self._tell:
            if self._deadline is not None:
                self._deadline.cancel()
            self._tell = False
            self._child.kill()  # so that the new process becomes a child of the init system
            self._child.wait()
            self._process.feed(SuccessorReady(self._pid))

    def hand_over(self) -> None:
        """Tell the new process that it is the main process, once the init system knows."""
        self._task = self._process.loop.create_task(self._hand_over())

    async def _hand_over(self) -> None:
        process = self._process
        noted = await asyncio.to_thread(process.notifier.barrier, NOTING)
        if not noted:
            _log.warning("the init system does not say whether it knows the new main process")
        message = (
            f"{MAIN}=1\n{VARIABLE}={process.notifier.address}\n{RELOAD}={process.state.reload_pending:d}"
        )
        try:
            self._say(message)
        except OSError as error:
            # Whichever of the two the init system takes for the main process has failed then, so it starts another one.
            reason = f"the new process was ready and could not take over: {error}"
            process.feed(Failed(reason, error.errno or 0, EX_TEMPFAIL, serving=True))
            if not self.outcome.done():
                self.outcome.set_exception(UpgradeError(reason))
            return
        self._store.pass_on()
        process.notifier.turn_to(None)
        _log.info("upgrade: the new process is the main process", extra={"svcctl_pid": self._pid})
        process.driver = _Lingering(process.driver)
        process.feed(HandedOver())
        await asyncio.sleep(ANSWERING)  # by then nothing is accepted here, so every answer is the new one's
        if not self.outcome.done():
            self.outcome.set_result(self._pid)

    def _say(self, text: str) -> None:
        """Send the new process a message.

        Raises:
            OSError: It has ended.
        """
        with contextlib.suppress(BlockingIOError):
            if not self._link.recv(1, socket.MSG_PEEK):
                raise BrokenPipeError(errno.EPIPE, "it has ended")
        self._link.send(text.encode("utf-8", "surrogateescape"))

    def fail(self, reason: str, *, tell: bool = True) -> None:
        """Have the new process end; the upgrade has failed when it has."""
        if self._child is None or self.outcome.done() or self._process.state.succeeded:
            return
        if not self._whole:
            self._whole = reason
        self._tell = self._tell and tell
        if self._deadline is not None:
            self._deadline.cancel()
        with contextlib.suppress(ProcessLookupError):
            self._child.terminate()
        patience = self._process.application.stop_timeout + GRACE if tell else GRACE
        self._deadline = self._process.loop.call_later(patience, self._kill)
        if not tell:
            self.outcome.set_exception(UpgradeError(f"the upgrade was abandoned: {reason}"))
            self.outcome.exception()  # whoever asked may be gone

    def _kill(self) -> None:
        # What is in between waits for the new process, and ends with it.
        if self._child is not None and self._child.poll() is None and self._pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGKILL)

    def _ended(self) -> None:
        """Take note that the new process has closed its end: it is gone, or about to be."""
        self._process.loop.remove_reader(self._link)
        if self._process.state.succeeded or self._child is None:
            return
        try:
            returned = self._child.wait(GRACE)
        except subprocess.TimeoutExpired:  # it has closed its end and goes on
            self._kill()
            returned = self._child.wait()
        how = (
            f"ended with status {returned}"
            if returned <= _KILLED
            else f"was killed by signal {returned - _KILLED}"
        )
        said = self._whole or self._status
        self._end(f"{said} (the new process {how})" if said else f"the new process {how} before it was ready")

    def _end(self, reason: str) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        self._link.close()
        self._store.resume()
        if self.outcome.done():
            return
        _log.error("upgrade failed, going on as before: %s", reason)
        self.outcome.set_exception(UpgradeError(reason, hint="the log has what the new process said"))
        self.outcome.exception()  # the same
        self._process.feed(UpgradeFailed(reason))


class _Lingering:
    """A driver that gives whoever asked for the upgrade the time to read the answer.

    Args:
        driver: What does the work.
    """

    def __init__(self, driver: Any) -> None:  # noqa: ANN401 (a module, or what replaces it)
        self._driver = driver

    async def stop(self, root: Any, budget: float) -> None:  # noqa: ANN401 (services need no common class)
        """Stop the tree within a budget of seconds, and end not before the answer has been read."""
        await self._driver.stop(root, budget)
        await asyncio.sleep(2 * ANSWERING)


_attempt: Attempt | None = None


def _start(given: list[tuple[str, int]], link: int, variables: dict[bytes, bytes]) -> subprocess.Popen[bytes]:
    """Start this program once more, with descriptors from 3 on and a connection to this process."""
    lowest = FIRST + len(given) + 1  # out of the way of the numbers that they are moved to
    spare = [
        fcntl.fcntl(each, fcntl.F_DUPFD_CLOEXEC, lowest) for each in (link, *(number for _, number in given))
    ]
    environment = {
        name: value for name, value in _first_environment().items() if os.fsdecode(name) not in _OURS
    }
    environment |= variables
    environment[UPGRADE.encode()] = str(spare[0]).encode()
    if given:
        names = ":".join(name for name, _ in given)
        environment |= {b"LISTEN_FDS": str(len(given)).encode(), b"LISTEN_PID": b"0"}
        environment[b"LISTEN_FDNAMES"] = names.encode()
    numbers = (",".join(map(str, spare[1:])), str(spare[0]))
    launcher = [sys.executable, "-I", "-S", "-c", _LAUNCH, *numbers]
    try:
        return subprocess.Popen(
            [*launcher, sys.executable, *sys.orig_argv[1:]],
            stdin=subprocess.DEVNULL,
            env=environment,
            pass_fds=spare,
        )
    finally:
        for number in spare:
            os.close(number)


def _first_environment() -> dict[bytes, bytes]:
    """Return the environment that this process was started with, whatever the application has made of it."""
    try:
        with open("/proc/self/environ", "rb") as file:  # noqa: PTH123 (pathlib is not loaded)
            entries = file.read().split(b"\0")
    except OSError:
        return dict(os.environb)
    return {
        name: value for name, equals, value in (each.partition(b"=") for each in entries) if name and equals
    }
