"""Runs one application: carries out what the state machine decides and reports back what happened.

The application is loaded before there is an event loop. A ``.tac`` is a script: it may read files, block, or run a
loop of its own for a moment, none of which works inside a running one; and a load that fails needs no loop. What
needs the loop belongs into ``startService``.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from svcctl.application import lifecycle
from svcctl.application.service import IProcess, IService
from svcctl.errors import EX_SOFTWARE, SvcctlError
from svcctl.runtime import environment, logs, notify
from svcctl.runtime.machine import (
    INITIAL,
    Do,
    Effect,
    Event,
    Exit,
    Fact,
    Notify,
    Phase,
    Progress,
    Started,
    Stopped,
    StopRequested,
    step,
)

if TYPE_CHECKING:
    from svcctl.application.service import Application
    from svcctl.runtime.mode import Mode
    from svcctl.runtime.options import RunOptions

_log = logging.getLogger(__name__)

#: Seconds between two reports of a start that takes its time.
REPORT_INTERVAL = 0.1

#: Seconds without progress after which the log says whom a start waits for.
PATIENCE = 10.0

#: Seconds for whatever was cancelled to come to its end.
GRACE = 1.0

#: Seconds that the end may be held up so that the init system reads why.
LAST_WORDS = 1.0

#: Seconds by which the init system is more patient than a start and its rollback are long.
MARGIN = 5.0

#: When the init system wants to know how the tree is.
_REPORTING = (Phase.STARTING, Phase.READY)

_NAMES = ("SIGTERM", "SIGINT", "SIGHUP", "SIGUSR1", "SIGBREAK")
_SIGNALS = [getattr(signal, name) for name in _NAMES if hasattr(signal, name)]
_STOPS = {each for each in _SIGNALS if each.name in {"SIGTERM", "SIGINT", "SIGBREAK"}}


def run(
    target: str,
    *,
    inherit: str | None = None,
    installed: str | None = None,
    log_level: str = "info",
    log_format: str = "auto",
    options: RunOptions | None = None,
) -> int:
    """Run an application until it is asked to stop or fails.

    Everything that goes wrong is logged. The variables by which an init system speaks to this process are taken
    out of the environment, so that children of the application do not answer in its name. It has to be called in
    the main thread, where Python handles signals.

    Args:
        target: The application: a path or ``module:attribute``.
        inherit: Name of the application's units if every listener must be handed over by the init system;
            ``None`` if it may open the ones that are not.
        installed: What the units were made from, so that the log can say when they no longer fit; see
            :func:`svcctl.runtime.drift.warn_if_changed`. ``None`` if there are no units.
        log_level: From which level on records are shown; see :mod:`svcctl.runtime.logs`.
        log_format: In which form.
        options: What it is to be told beyond that; ``None`` for nothing.

    Returns:
        The status to exit with: 0 after a stop by SIGTERM, and by SIGINT under an init system; 130 after an
        interrupt from the keyboard; what a service gave to ``sys.exit``; else the status of the error.

    Raises:
        UsageError: The level or the form of the logs does not exist.
        HelpRequestedError: The arguments ask for the help of a plug-in.
    """
    output = logs.configure(log_level, log_format, identifier=logs.identifier(target))
    mode = None
    if options is not None or target.endswith((".tap", ".tas", ".etap", ".etas")):
        from svcctl.runtime import mode as modes  # noqa: PLC0415 (only if there is anything to be told)

        mode = modes.make(options, output, log_level, log_format, logs.identifier(target))
    try:
        return Process(target, inherit, installed, output, mode).run()
    except SvcctlError:
        raise  # a request for help: whoever was asked shows it
    except Exception as error:  # noqa: BLE001 (a fault of ours: one line, and the details for who asks)
        _log.critical("internal error: %s: %s", type(error).__name__, error)
        _log.debug("details of the internal error", exc_info=error)
        return EX_SOFTWARE


class _Interrupted(KeyboardInterrupt):
    """A signal asked for the end while the application was being loaded."""


class Process:
    """The process between its application, the init system and those who send it signals; see :func:`run`."""

    root: Any
    application: Application
    table: Any
    loop: asyncio.AbstractEventLoop
    ended: asyncio.Future[int]

    def __init__(
        self, target: str, inherit: str | None, installed: str | None, output: logs.Reopen, mode: Mode | None
    ) -> None:
        self.target = target
        self.inherit = inherit
        self.installed = installed
        self.state = INITIAL
        self.status: int | None = None
        self.loading = True
        self.early_signals: list[int] = []
        self.listeners: list[Callable[[Event], None]] = []
        self.task: asyncio.Task[None] | None = None
        self.report: asyncio.TimerHandle | None = None
        self.moved = 0.0
        self.notifier = notify.from_environment(os.environ)
        self.watchdog_limit = environment.watchdog_limit()
        self.sockets, self.store = environment.handed_over(self)
        self.output = output
        self.mode = mode
        self.driver: Any = mode or lifecycle

    def run(self) -> int:
        """Load, serve, and say why it ended."""
        # One handler for the whole life, so that no signal finds a gap between two of them. A shell has its
        # background jobs ignore the keyboard's interrupt, which stays so.
        taken = [
            each for each in _SIGNALS if each != signal.SIGINT or signal.getsignal(each) != signal.SIG_IGN
        ]
        closed = environment.attend_console(self)
        previous = {each: signal.signal(each, self._on_signal) for each in taken}
        try:
            self.notifier.attend(self)
            if self._load():
                self._serve() if self.mode is None else self.mode.serve(self._serve)
        finally:
            if self.mode is not None:
                self.mode.end()
            for each, handler in previous.items():
                signal.signal(each, handler)
            closed()
        if self.state.phase is Phase.FAILED:
            # A message from a process that is gone may be attributed to nobody.
            self.notifier.barrier(LAST_WORDS)
        self.notifier.close()
        return EX_SOFTWARE if self.status is None else self.status

    def _on_signal(self, number: int, _frame: object) -> None:
        if self.status is not None:
            if number in _STOPS:
                os._exit(self.status)  # the tree is down; only something that hangs keeps the process here
        elif hasattr(self, "loop"):
            self.loop.call_soon_threadsafe(self._safely, self._signalled, number)
        else:
            self.early_signals.append(number)
            if self.loading and number in _STOPS:
                raise _Interrupted

    def _signalled(self, number: int) -> None:
        name = signal.Signals(number).name
        if name == "SIGUSR1":
            if self.mode is not None:
                self.mode.renew()
            return
        if name == "SIGHUP":
            _log.info("reload requested")
            self.feed(Fact.RELOAD_REQUESTED)
            return
        _log.info("stop requested", extra={"svcctl_signal": name})
        interrupted = number == signal.SIGINT and not self.notifier.connected
        self.feed(StopRequested(name, 128 + number if interrupted else 0))

    def _load(self) -> bool:
        error: BaseException | None = None
        try:
            self.application = (_load if self.mode is None else self.mode.load)(self.target)
            self.root = IService(self.application)  # type: ignore[misc,call-arg]  # the interface adapts
            if self.mode is None and _has_a_say(self.application):
                from svcctl.runtime import mode  # noqa: PLC0415 (only then)

                self.driver = self.mode = mode.plain(self.application, self.output)
        except (SvcctlError, KeyboardInterrupt) as caught:
            if getattr(caught, "code", "") == "help":
                raise  # no failure
            error = caught
        self.loading = False
        asked = [number for number in self.early_signals if number in _STOPS]
        if asked:
            self._signalled(asked[0])
        elif error is not None:
            self._fail(error, serving=False)
        return self.status is None

    def _serve(self) -> None:
        runner = asyncio.Runner(loop_factory=environment.loop_factory(self.mode))
        loop = self.loop = runner.get_loop()
        self.ended = loop.create_future()
        main = loop.create_task(self._main())
        while not main.done():
            try:
                loop.run_until_complete(main)
            except (SystemExit, KeyboardInterrupt) as asked:
                # asyncio lets these out of the loop at once; the tree is still up and has to come down in order.
                from svcctl.runtime.ending import exit_status  # noqa: PLC0415 (only when something ends)

                self.feed(StopRequested(type(asked).__name__, exit_status(asked)))
        from svcctl.runtime.ending import clean_up  # noqa: PLC0415 (the same)

        if clean_up(loop):
            runner.close()
        main.result()  # raises what went wrong in this module, if anything did

    async def _main(self) -> None:
        self.loop.set_exception_handler(lambda _, context: _faults().report_unhandled(context))
        lifecycle.on_failure(self.root, lambda error: self._safely(self._fail, error))
        lifecycle.watch(self.root, self._on_event)
        self.feed(Fact.LOADED)
        for number in self.early_signals:
            self._signalled(number)
        await self.ended

    def feed(self, event: Event) -> None:
        """Hand an event to the machine and carry out what it decides."""
        before = self.state.phase
        self.state, effects = step(self.state, event)
        for effect in effects:
            self._carry_out(effect)
        for listener in self.listeners:
            listener(event)
        if self.state.phase is not before:
            level = logging.INFO if self.state.phase in {Phase.READY, Phase.STOPPED} else logging.DEBUG
            _log.log(level, "application is %s", self.state.phase.value)

    def _safely(self, callback: Callable[..., None], *arguments: object) -> None:
        """Call something of ours from the loop, where nobody would see it fail and the process would never end."""
        try:
            callback(*arguments)
        except Exception as error:  # noqa: BLE001 (the end of the process reports it)
            if not self.ended.done():
                self.ended.set_exception(error)

    def _carry_out(self, effect: Effect) -> None:
        match effect:
            case Do():
                self._do(effect)
            case Notify(text, stamped):
                self.notifier.send(text, stamped=stamped)
            case Exit(status):
                self.status = status
                if hasattr(self, "ended") and not self.ended.done():
                    self.ended.set_result(status)

    def _do(self, effect: Do) -> None:
        match effect:
            case Do.BIND:
                self._begin(self._bind(), lambda: Fact.BOUND)
                self.moved = self.loop.time()
                patience = min(PATIENCE, self.application.start_timeout or PATIENCE)
                self.loop.call_later(patience, self._safely, self._look_at_start)
            case Do.START:
                self._begin(self.driver.start(self.root), self._started)
                self.moved = self.loop.time()
            case Do.RELOAD:
                reload = lifecycle.reload(self.root, self.application.start_timeout)
                self._begin(reload, lambda: Fact.RELOADED)
            case Do.STOP:
                self._begin(self.driver.stop(self.root, self.application.stop_timeout), lambda: Stopped(()))
            case Do.ABANDON:
                self._cancel()
                self.loop.call_later(
                    self.application.stop_timeout + GRACE, self._safely, self._give_up, self.task
                )
            case Do.CUT_SHORT:
                self._cancel()
            case Do.SPAWN | Do.DISMISS | Do.HAND_OVER:
                from svcctl.runtime import upgrading  # noqa: PLC0415 (only in an upgrade)

                upgrading.carry_out(effect)

    def _begin(self, work: Coroutine[Any, Any, None], outcome: Callable[[], Event]) -> None:
        self.task = self.loop.create_task(work)
        self.task.add_done_callback(lambda task: self._safely(self._step_ended, task, outcome))

    def _cancel(self) -> None:
        if self.task is not None:
            # Not now: a task that is cancelled before its first step never runs, and would stop nothing.
            self.loop.call_soon(self.task.cancel)

    def _give_up(self, task: asyncio.Task[None] | None) -> None:
        if task is not None and task is self.task and not task.done():
            self.feed(_faults().given_up(task, self.application.stop_timeout))

    def _step_ended(self, task: asyncio.Task[None], outcome: Callable[[], Event]) -> None:
        if task is not self.task:
            return  # given up before
        error = None if task.cancelled() else task.exception()
        if task.cancelled() or isinstance(error, SystemExit | KeyboardInterrupt):
            self.feed(Fact.ABANDONED)
        elif error is None:
            self.feed(outcome())
        elif self.state.busy is Do.STOP:
            self.feed(Stopped(_faults().report_all(error)))
        elif self.state.busy is Do.RELOAD:
            self.feed(_faults().reload_failed(error))
        else:
            self._fail(error, serving=False)

    async def _bind(self) -> None:
        if self.sockets or self.inherit is not None or self.store is not None:
            from svcctl.runtime import adopting  # noqa: PLC0415 (only where sockets are inherited, or kept)

            adopting.begin(self)
        environment.open_control(self)
        await self.driver.bind(self.root)

    def _started(self) -> Event:
        if self.notifier.connected or self.sockets or self.installed is not None:
            from svcctl.runtime import attending  # noqa: PLC0415 (only under an init system)

            attending.begin(self)
        ready, total, _ = lifecycle.progress(self.root)
        return Started(os.getpid(), ready, total)

    def _on_event(self, event: object) -> None:
        if getattr(event, "after", None) is lifecycle.State.READY:
            self.moved = self.loop.time()
        if self.report is None and self.notifier.connected and self.state.phase in _REPORTING:
            self.report = self.loop.call_later(REPORT_INTERVAL, self._safely, self.report_progress)

    def report_progress(self) -> None:
        """Tell the init system how far the start is."""
        self.report = None
        ready, total, waiting = lifecycle.progress(self.root)
        start, stop = self.application.start_timeout, self.application.stop_timeout
        self.feed(Progress(ready, total, waiting, start and start + stop + MARGIN))

    def _look_at_start(self) -> None:
        if self.state.phase in {Phase.BINDING, Phase.STARTING}:
            from svcctl.runtime.patience import look  # noqa: PLC0415 (only when a start takes long)

            error, pause = look(self)
            again = self._look_at_start
            self._fail(error) if error else self.loop.call_later(pause, self._safely, again)

    def _fail(self, error: BaseException, *, serving: bool = True) -> None:
        event = _faults().failed(error, serving=serving)
        if self.mode is not None:
            self.mode.failed(error)
        self.feed(event)


def _has_a_say(application: Application) -> bool:
    """Tell whether an application itself says how its process is run: as whom, under which name, with which log and loop."""
    process: Any = IProcess(application)  # type: ignore[misc,call-arg]  # the interface adapts
    said = (process.uid, process.gid, process.processName) != (None, None, None)
    return said or "svcctl.application.log" in sys.modules or "svcctl.interop.twisted.reactor" in sys.modules


def _load(target: str) -> Application:
    if target.endswith(".tac") and ":" not in target:  # the usual case, without the rule for all others
        from svcctl.loading.tac import load_tac  # noqa: PLC0415 (loading is one of two ways)

        return load_tac(target)
    from svcctl.loading.target import load  # noqa: PLC0415 (the same)

    return load(target)


def _faults() -> Any:  # noqa: ANN401 (a module)
    from svcctl.runtime import faults  # noqa: PLC0415 (only when something fails)

    return faults
