"""A service that keeps other programs running.

Example:
    >>> from svcctl.application.service import Application
    >>> application = Application("crew", needs={"programs": ["/usr/bin/redis-server"]})
    >>> monitor = ProcessMonitor()
    >>> monitor.addProcess("cache", ["/usr/bin/redis-server", "--port", "7900"])
    >>> _ = monitor.setServiceParent(application)
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from svcctl.application.arguments import Seconds, check_interval
from svcctl.application.processes.keeper import Keeper, Spawn
from svcctl.application.processes.programs import Program, make_program, path_of
from svcctl.application.service import Service
from svcctl.application.tree.record import DONE
from svcctl.errors import ConfigurationError, LifecycleError, ProcessNameError

if sys.platform == "win32":
    from svcctl.application.processes.held import HeldChild as Child
else:
    from svcctl.application.processes.child import Child

_log = logging.getLogger(__name__)

_EMPTY: Mapping[str, str] = MappingProxyType({})


class ProcessMonitor(Service):
    """Starts programs and starts them again whenever they end, whatever their exit status.

    Each program runs in a session of its own, with nothing on its standard input; what it writes goes to the log,
    line by line. One that ends before ``threshold`` is started again after a delay, which doubles each time;
    others at once. A program that cannot be started (it is not there, say) counts as one that ended at once.

    The stop asks every program, and whatever these have started, to end (SIGTERM), ends after ``killTime`` what is
    left (SIGKILL), and waits until all of them are gone. If the time of the stop is over before, all are killed. What
    is not found: a process that has left its session and whose parent has ended, which is what programs do that
    make daemons of themselves; tell them to stay in the foreground.

    Attributes:
        threshold: Seconds that a program has to run for a restart without a delay.
        killTime: Seconds from SIGTERM to SIGKILL.
        minRestartDelay: Seconds of the first delay.
        maxRestartDelay: Seconds of the longest.
        clock: Something with ``time()`` and ``call_at(when, callback)``; ``None`` for the running loop.
    """

    kind = "process-monitor"
    threshold = Seconds(1)
    killTime = Seconds(5)
    minRestartDelay = Seconds(1)
    maxRestartDelay = Seconds(3600)
    clock: Any = None
    _keepers: dict[str, Keeper] | None = None
    _leaving: dict[str, Keeper] | None = None
    _spawn: Spawn = Child

    @property
    def processes(self) -> dict[str, Program]:
        """The programs by their names; change it through :meth:`addProcess` and :meth:`removeProcess`."""
        programs: dict[str, Program] = self.__dict__.setdefault("_processes", {})
        return programs

    def addProcess(
        self,
        name: str,
        args: Sequence[str | bytes | os.PathLike[str]],
        uid: str | int | None = None,
        gid: str | int | None = None,
        env: Mapping[str, str] | None = _EMPTY,
        cwd: str | os.PathLike[str] | None = None,
    ) -> None:
        """Add a program; a running monitor starts it at once.

        Args:
            name: What it is called here and in the log.
            args: The program and its arguments; no shell reads them. A program without a ``/`` is looked for in
                the ``PATH`` of ``env``, else in ``/bin`` and ``/usr/bin``.
            uid: User to run it as, by name or number.
            gid: Group to run it as; ``None`` for the user's own.
            env: Its whole environment; ``None`` for that of this process.
            cwd: Its folder; ``None`` for that of this process.

        Raises:
            ProcessNameError: There is one of that name.
            UsageError: An argument is of a wrong kind.
            PermissionDeniedError: The monitor runs, and may not start it as that user or group.
            ConfigurationError: The monitor runs, and there is no such user or group.
        """
        if name in self.processes:
            raise ProcessNameError(
                f"{self.path} has a process named {name!r} already", hint="give it another name"
            )
        self.processes[name] = make_program(name, args, uid, gid, env, cwd)
        if self._keepers is not None:
            try:
                self._keep(name)
            except BaseException:
                del self.processes[name], self._keepers[name]
                raise

    def removeProcess(self, name: str) -> Awaitable[None]:
        """Remove a program; it is ended if it runs.

        Returns:
            An awaitable that is done when it is gone. It may be dropped.

        Raises:
            ProcessNameError: There is none of that name.
        """
        self._known(name)
        del self.processes[name]
        keeper = self._keepers.pop(name, None) if self._keepers is not None else None
        if keeper is None or self._leaving is None:
            return DONE
        keeper.dismiss()
        if not keeper.alive:
            return DONE
        self._leaving[name] = keeper
        gone = keeper.gone()
        gone.add_done_callback(lambda _: self._left(name))
        return asyncio.shield(gone)

    def startProcess(self, name: str) -> None:
        """Start a program now if it does not run: it waits for its restart, say.

        Raises:
            ProcessNameError: There is none of that name.
            LifecycleError: The monitor does not run.
        """
        self._known(name)
        if self._keepers is None:
            raise LifecycleError(
                f"{self.path} does not run, so it cannot start {name!r}", hint="it starts all when it does"
            )
        if name not in (self._leaving or ()):
            self._keepers[name].start()

    def stopProcess(self, name: str) -> None:
        """End a program, which is then started again as always; do nothing if it does not run.

        Raises:
            ProcessNameError: There is none of that name.
        """
        self._known(name)
        if self._keepers is not None:
            self._keepers[name].end()

    def restartAll(self) -> None:
        """End all programs, which are then started again as always."""
        for keeper in (self._keepers or {}).values():
            keeper.end()

    async def startService(self) -> None:
        """Start every program.

        Raises:
            PermissionDeniedError: A program is to run as somebody else, which this process may not do.
            ConfigurationError: There is no such user or group, or this kernel has no descriptors of processes.
            UsageError: One of the times is no number of seconds.
        """
        for name in ("threshold", "killTime", "minRestartDelay", "maxRestartDelay"):
            check_interval(getattr(self, name), name)  # a subclass may have anything there
        _check_kernel()
        self._keepers, self._leaving = {}, {}
        try:
            for name in tuple(self.processes):
                self._keep(name)
        except BaseException:
            await self.stopService()
            raise
        super().startService()

    async def stopService(self) -> None:
        """End every program, and wait until all are gone."""
        keepers = [*(self._keepers or {}).values(), *(self._leaving or {}).values()]
        self._keepers = self._leaving = None
        for keeper in keepers:
            keeper.dismiss()
        try:
            await _all_gone(keepers)
        except asyncio.CancelledError:
            _log.warning(
                "processes are killed: there is no time left",
                extra={
                    "svcctl_path": self.path,
                    "svcctl_processes": [keeper.name for keeper in keepers if keeper.alive],
                    "svcctl_hint": "make killTime less than the application's stop_timeout",
                },
            )
            for keeper in keepers:
                keeper.kill()
            await _all_gone(keepers)
            raise
        super().stopService()

    def starting_programs(self) -> Sequence[str]:
        """Return the programs it starts, for its description: paths, and names where that is all it was given."""
        return tuple(dict.fromkeys(path_of(program) for program in self.processes.values()))

    def _known(self, name: str) -> None:
        if name not in self.processes:
            known = ", ".join(self.processes) or "none"
            raise ProcessNameError(f"{self.path} has no process named {name!r} (it has: {known})")

    def _keep(self, name: str) -> None:
        assert self._keepers is not None  # noqa: S101 (for the type checker: asked by those who call)
        clock = self.clock or asyncio.get_running_loop()
        keeper = Keeper(name, self.processes[name], self, clock, self._spawn, self.fail)
        self._keepers[name] = keeper
        if name not in (self._leaving or ()):  # else it starts when the one before it is gone
            keeper.start()

    def _left(self, name: str) -> None:
        if self._leaving is None or self._keepers is None:
            return  # stopped meanwhile
        del self._leaving[name]
        if name in self._keepers:
            try:
                self._keepers[name].start()
            except Exception as error:  # noqa: BLE001 (whatever it is, it is the service's failure)
                self.fail(error)

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what belongs to the running process; the programs stay."""
        state = super().__getstate__()
        for name in ("_keepers", "_leaving", "_spawn", "clock"):
            state.pop(name, None)
        return state


async def _all_gone(keepers: Iterable[Keeper]) -> None:
    goings = [keeper.gone() for keeper in keepers if keeper.alive]
    if goings:
        await asyncio.wait(goings)


def _check_kernel() -> None:
    if sys.platform == "win32":
        return
    try:
        os.close(os.pidfd_open(os.getpid()))
    except OSError as error:
        raise ConfigurationError(
            f"this kernel gives no descriptors of processes: {error.strerror}",
            hint="Linux 5.4 has them, unless a filter of system calls forbids pidfd_open",
        ) from error
