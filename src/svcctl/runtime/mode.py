"""Runs an application in another way than plainly in the foreground: what :mod:`svcctl.runtime.options` offers.

The runner calls it in place of the loader and of the tree's driver; it does what the options ask for around them.
Loaded only if there are options, or if the application itself has a say in how its process is run.
"""

from __future__ import annotations

import asyncio
import logging
import os
import stat
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from svcctl.application import lifecycle
from svcctl.application.interfaces import IPersistable, IProcess
from svcctl.errors import PermissionDeniedError, SvcctlError, UsageError
from svcctl.posix import geteuid
from svcctl.runtime import confinement, loops, privileges
from svcctl.runtime.options import RunOptions, is_saved, resolved
from svcctl.runtime.recording import Recorder
from svcctl.runtime.saving import Saver, load_saved

if TYPE_CHECKING:
    from svcctl.application.service import Application
    from svcctl.runtime.logs import Reopen
    from svcctl.runtime.pid_file import PidFile

_log = logging.getLogger(__name__)


class Mode:
    """How one application is run.

    Args:
        options: What was asked for.
        recorder: The log.
    """

    application: Application

    def __init__(self, options: RunOptions, recorder: Recorder) -> None:
        self.options = options
        self.loop_factory: Callable[[], asyncio.AbstractEventLoop] | None = None
        self._recorder = recorder
        self._pid_file: PidFile | None = None
        self._saver: Saver | None = None
        if options.detached and "LISTEN_PID" in os.environ:
            # Whoever started this process had checked that the sockets were meant for it, and passes them on.
            os.environ["LISTEN_PID"] = str(os.getpid())
            os.environ.pop("LISTEN_PIDFDID", None)

    def load(self, target: str) -> Application:
        """Refuse what cannot work, let the log go where it belongs, and load the application.

        Args:
            target: A path, ``module:attribute``, or the name of a plug-in.

        Raises:
            SvcctlError: It cannot be run like this, or it cannot be loaded.
        """
        options = self.options = resolved(self.options)
        if options.umask >= 0:
            os.umask(options.umask)
        identity = privileges.look_up(options.uid or None, options.gid or None)
        refused = self._begin_log(target, identity.uid)
        self._check()
        application, saved = _load(target, options)
        loops.check(options.reactor)
        if refused is not None:
            self._begin_log(target, _user_of(application, refused))
        if options.save or options.checkpoint > 0 or (saved and options.save is None):
            self._save_from_now_on(application, saved=saved)
        self.adopt(application)
        return application

    def adopt(self, application: Application) -> None:
        """Take an application that has been loaded, run it on the loop that it has chosen, and let the log go where it says.

        Raises:
            ApplicationLoadError: What it has as its log observer is none.
        """
        self.application = application
        self.loop_factory = loops.loop_of_reactor() or self.loop_factory
        if not self.options.logger:
            self._recorder.observe(application)

    def serve(self, function: Callable[[], None]) -> None:
        """Call what serves, measured and traced as the options say."""
        options = self.options
        if options.spew:
            from svcctl.runtime import debugging  # noqa: PLC0415 (only on request)

            end = debugging.spew()
            try:
                function()
            finally:
                end()
        elif options.profile:
            from svcctl.runtime import profiling  # noqa: PLC0415 (only on request)

            profiling.profiled(function, options.profile, options.profiler, stats=options.savestats)
        else:
            function()

    async def bind(self, root: Any) -> None:  # noqa: ANN401 (services need no common class)
        """Bind the tree, then take the process to where it serves.

        Raises:
            SvcctlError: Either fails; nothing is bound any more.
        """
        await lifecycle.bind(root)
        try:
            self._pid_file = confinement.confine(self.application, self.options, self._recorder.give)
        except Exception:
            await lifecycle.stop(root, 0)  # nothing has started: this releases what is bound
            raise

    async def start(self, root: Any) -> None:  # noqa: ANN401 (services need no common class)
        """Start the tree, then say where the process is found.

        Raises:
            SvcctlError: Either fails; nothing runs any more.
        """
        await lifecycle.start(root)
        try:
            if self._pid_file is not None:
                self._pid_file.publish()
            if self._saver is not None:
                self._saver.begin()
        except Exception:
            await lifecycle.stop(root, self.application.stop_timeout)
            raise

    async def stop(self, root: Any, budget: float) -> None:  # noqa: ANN401 (services need no common class)
        """Stop the tree within so many seconds, then save it if that was asked for.

        Raises:
            ExceptionGroup: What went wrong.
            SvcctlError: It could not be saved.
        """
        try:
            await lifecycle.stop(root, budget)
        except ExceptionGroup as group:
            raise ExceptionGroup(group.message, [*group.exceptions, *self._save()]) from None
        except asyncio.CancelledError:  # the drain was cut short; all is down all the same
            for error in self._save():
                raise error from None
            raise
        for error in self._save():
            raise error

    def failed(self, error: BaseException) -> None:
        """Open the debugger on a failure if somebody asked for it."""
        if self.options.debug:
            from svcctl.runtime import debugging  # noqa: PLC0415 (only on request)

            debugging.post_mortem(error)

    def bound_to_process(self) -> str:
        """Return why no other process can take over while this one runs; empty if one can."""
        if self._pid_file is not None:
            return "its pid file names this process"
        if self._saver is not None:
            return "its state is saved when it stops, and the next process goes on from there"
        return "it has gone into a root folder of its own" if self.options.chroot else ""

    def renew(self) -> None:
        """Begin a new log file, or open it again if somebody else has moved it."""
        self._recorder.renew()

    def end(self) -> None:
        """Take back what this process has left in the file system."""
        if self._pid_file is not None:
            self._pid_file.remove()

    def _begin_log(self, target: str, owner: int | None) -> SvcctlError | None:
        """Let the log go where the options say.

        Returns:
            Why it cannot, if its file may be that of a user whom only the application names.

        Raises:
            SvcctlError: That place cannot be used.
        """
        options = self.options
        try:
            self._recorder.configure(options, target, owner)
        except PermissionDeniedError as refused:
            if owner is None and geteuid() == 0 and _is_somebodys(options.logfile):
                return refused
            raise
        return None

    def _save_from_now_on(self, application: Application, *, saved: bool) -> None:
        if application.getComponent(IPersistable) is not None:
            self._saver = Saver(application, self.options.checkpoint)
        elif not saved or self.options.save or self.options.checkpoint:
            raise UsageError(
                "an application of Twisted's is not saved",
                hint="leave --save and --checkpoint out; it starts as its file has it",
            )

    def _save(self) -> list[SvcctlError]:
        """Save for the last time; return what went wrong."""
        try:
            if self._saver is not None:
                self._saver.end()
        except SvcctlError as error:
            return [error]
        return []

    def _check(self) -> None:
        options = self.options
        confinement.check(options)
        self.loop_factory = loops.choose(options.reactor)
        if options.profile:
            from svcctl.runtime import profiling  # noqa: PLC0415 (only on request)

            profiling.check(options.profile)
        if options.pidfile:
            from svcctl.runtime.pid_file import check_free  # noqa: PLC0415 (only if there is to be one)

            check_free(options.pidfile)
        if options.debug:
            from svcctl.runtime import debugging  # noqa: PLC0415 (only on request)

            debugging.enter_on_signal()


def make(options: RunOptions | None, output: Reopen, level: str, form: str, identifier: str) -> Mode:
    """Return the mode that options ask for; see :class:`svcctl.runtime.recording.Recorder` for the rest."""
    return Mode(options or RunOptions(), Recorder(output, level, form, identifier))


def plain(application: Application, output: Reopen) -> Mode:
    """Return the mode of an application that itself says how its process is run."""
    mode = Mode(RunOptions(), Recorder(output))
    mode.adopt(application)
    return mode


def _is_somebodys(path: str) -> bool:
    try:
        facts = os.lstat(path)
    except OSError:
        return False
    return stat.S_ISREG(facts.st_mode) and facts.st_uid != 0


def _user_of(application: Application, refused: SvcctlError) -> int:
    """Return the number of the user that an application names; raise what was refused if it names nobody."""
    process: Any = IProcess(application)  # type: ignore[misc,call-arg]  # the interface adapts
    uid = None if process.uid is None else privileges.look_up(process.uid, process.gid).uid
    if uid is None:
        raise refused
    return uid


def _load(target: str, options: RunOptions) -> tuple[Application, bool]:
    """Return the application, and whether it came from a saved file."""
    if is_saved(target, options):
        return load_saved(target, options), True
    if options.kind == "python":
        from svcctl.loading.tac import load_tac  # noqa: PLC0415 (one of several ways)

        return load_tac(target), False
    from svcctl.loading.target import load  # noqa: PLC0415 (another)

    return load(target, options.arguments), False
