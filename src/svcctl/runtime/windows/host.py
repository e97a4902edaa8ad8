"""The service host: carries out what the state machine decides, between the service manager and the application.

The service manager's dispatcher has a thread of its own; everything else happens in the main thread, which waits for
whatever comes first. Only Windows can import this. Source: "Service Programs" on learn.microsoft.com.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import importlib
import signal
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

from svcctl.errors import EX_CONFIG, EX_OK, EX_UNAVAILABLE, SvcctlError, UsageError
from svcctl.plan.windows import DEFINITION_VALUE, PARAMETERS_KEY, Hosted, decode_definition
from svcctl.runtime.windows import calls
from svcctl.runtime.windows.child import Child
from svcctl.runtime.windows.events import Events, Name
from svcctl.runtime.windows.log import Log
from svcctl.runtime.windows.machine import (
    SERVICE_SPECIFIC_ERROR,
    WAIT_HINT,
    Do,
    Effect,
    Ended,
    Event,
    Fact,
    Limits,
    Machine,
    NotLaunched,
    Phase,
    Report,
    ServiceState,
    Tell,
    step,
    wake_at,
)
from svcctl.windows.structures import ServiceStatus, ServiceTableEntry

_OWN_PROCESS = 0x10
_NOT_IMPLEMENTED = 120
_NOT_STARTED_BY_MANAGER = 1063
_MANAGER_LIMIT = 30.0
_FAREWELL = 5.0
_STOP, _SHUTDOWN, _PRESHUTDOWN, _PARAMCHANGE = 0x1, 0x4, 0x100, 0x8

#: What each control asks for; the service manager knows the state, so that INTERROGATE asks for nothing.
_CONTROLS = {
    1: Fact.STOP_REQUESTED,
    5: Fact.STOP_REQUESTED,  # shutdown
    15: Fact.STOP_REQUESTED,  # preshutdown
    6: Fact.RELOAD_REQUESTED,  # its parameters have changed
    4: None,
}
_SEVERITIES = {"error": 1, "warning": 2, "info": 4}


class Manager:
    """The connection to the service manager.

    Attributes:
        wanted: What it has asked for, in order.
        wake: Handle of an event that is set when it has asked for something.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.wanted: deque[Fact] = deque()
        self.wake = calls.create_event(None, False, False, None)  # noqa: FBT003 (C's order)
        self._handle: int | None = None
        self._problem: OSError | None = None
        self._dispatcher = threading.Thread(target=self._dispatch, daemon=True)
        self._connected = threading.Event()
        self._over = threading.Event()
        # ctypes frees what nobody refers to, and Windows calls it later.
        self._main, self._handler = calls.ServiceMain(self._run), calls.ControlHandler(self._control)

    def connect(self) -> None:
        """Wait until the service manager has taken this process for the service's.

        Raises:
            OSError: It has not, with 1063 if it did not start this process.
        """
        self._dispatcher.start()
        self._connected.wait(_MANAGER_LIMIT)
        if self._handle is None:
            raise self._problem or TimeoutError("the service manager does not answer")

    def report(self, report: Report, *, reload: bool) -> None:
        """Tell the service manager what the service is; after STOPPED, wait until it has let this process go.

        A process that ends before that may look as if it had never answered.
        """
        accepted = 0
        if report.state in {ServiceState.RUNNING, ServiceState.PAUSED}:
            accepted = _STOP | _SHUTDOWN | _PRESHUTDOWN
        if report.state is ServiceState.RUNNING and reload:
            accepted |= _PARAMCHANGE
        status = ServiceStatus(
            _OWN_PROCESS,
            report.state,
            accepted,
            report.win32,
            report.status,
            report.checkpoint,
            report.wait_hint,
        )
        calls.set_status(self._handle, ctypes.byref(status))
        if report.state is ServiceState.STOPPED:
            self._over.set()
            self._dispatcher.join(_FAREWELL)

    def _dispatch(self) -> None:
        table = (ServiceTableEntry * 2)()
        table[0].lpServiceName = self.name
        table[0].lpServiceProc = ctypes.cast(self._main, ctypes.c_void_p)
        try:
            calls.start_dispatcher(table)
        except OSError as error:
            self._problem = error
        self._connected.set()

    def _run(self, _count: int, _arguments: object) -> None:
        try:
            self._handle = calls.register_handler(self.name, self._handler, None)
            # At once, before anything can go wrong: whoever has reported nothing cannot say why it stops, either.
            self.report(Report(ServiceState.START_PENDING, wait_hint=WAIT_HINT), reload=False)
        except OSError as error:
            self._problem = error
        self._connected.set()
        if self._handle is not None:
            self._over.wait()

    def _control(self, control: int, _type: int, _data: object, _context: object) -> int:
        if control not in _CONTROLS:
            return _NOT_IMPLEMENTED
        fact = _CONTROLS[control]
        if fact is not None:
            self.wanted.append(fact)
            calls.set_event(self.wake)
        return 0


class Application(Protocol):
    """One run of the application, as the host sees it: :class:`svcctl.runtime.windows.child.Child` says the rest.

    Attributes:
        events: What is shared with it.
        process: Handle that is signalled at its end.
    """

    events: Events
    process: int

    def status(self) -> int: ...  # noqa: D102 (see above)
    def ask_to_stop(self) -> None: ...  # noqa: D102 (see above)
    def interrupt(self) -> None: ...  # noqa: D102 (see above)
    def kill(self) -> None: ...  # noqa: D102 (see above)
    def close(self) -> None: ...  # noqa: D102 (see above)


class Host:
    """One service between its manager and its application.

    Args:
        manager: The connection to the service manager.
        hosted: The application.
        log: What it writes goes there.
        launch: Starts a run of it.
    """

    def __init__(
        self, manager: Manager, hosted: Hosted, log: Log, launch: Callable[[Hosted, Log], Application] = Child
    ) -> None:
        self.manager = manager
        self.hosted = hosted
        self.log = log
        self.launch = launch
        self.state = Machine(_limits(hosted))
        self.child: Application | None = None
        self.ready = False

    def run(self) -> None:
        """Serve until the service has stopped."""
        self.feed(Fact.BEGIN)
        while self.state.phase is not Phase.STOPPED:
            self._wait()

    def feed(self, event: Event) -> None:
        """Hand an event to the machine and carry out what it decides."""
        self.state, effects = step(self.state, event, _now())
        if isinstance(event, Ended) and self.child is not None:
            self.child.close()
            self.child = None
        for effect in effects:
            self._carry_out(effect)

    def _carry_out(self, effect: Effect) -> None:
        match effect:
            case Do.LAUNCH:
                self._launch()
            case Report():
                if effect.state is ServiceState.STOPPED and self.child is not None:
                    self.child.close()  # whatever is left ends before the service manager hears of it
                self.manager.report(effect, reload=self.hosted.reload)
            case Tell(severity, text):
                self.log.note(severity, text)
                tell(self.manager.name, severity, text)
            case Do():
                self._act(effect)

    def _act(self, effect: Do) -> None:
        if self.child is None:
            return
        actions: dict[Do, Callable[[], None]] = {
            Do.RELOAD: functools.partial(self.child.events.set, Name.RELOAD),
            Do.ASK_TO_STOP: self.child.ask_to_stop,
            Do.INTERRUPT: self.child.interrupt,
            Do.KILL: self.child.kill,
        }
        try:
            actions[effect]()
        except OSError as error:
            tell(self.manager.name, "warning", f"cannot {effect.value}: {error}")

    def _launch(self) -> None:
        self.ready = False
        self.log.note("info", "the application is started")
        try:
            self.child = self.launch(self.hosted, self.log)
        except OSError as error:
            self.feed(NotLaunched(getattr(error, "winerror", 0) or 1, str(error)))

    def _wait(self) -> None:
        """Wait for the first of what can happen. Readiness comes before the end: both may be there at once."""
        sources: list[tuple[int, Event | None]] = [(self.manager.wake, None)]
        if self.child is not None:
            handles = self.child.events.handles
            if not self.ready:
                sources.append((handles[Name.READY], Fact.READY))
            sources.append((self.child.process, Ended(0)))
            sources += [(handles[Name.PROGRESS], Fact.PROGRESS), (handles[Name.ALIVE], Fact.ALIVE)]
        due = wake_at(self.state)
        limit = calls.INFINITE if due is None else max(0, due - _now())
        waited_for = (ctypes.c_void_p * len(sources))(*(handle for handle, _ in sources))
        index = calls.wait_for_any(len(sources), waited_for, False, limit)  # noqa: FBT003 (C's order)
        if index == calls.WAIT_TIMEOUT:
            self.feed(Fact.TIME_PASSED)
            return
        event = sources[index][1]
        if isinstance(event, Ended) and self.child is not None:
            event = Ended(self.child.status())
        self.ready = self.ready or event is Fact.READY
        if event is not None:
            self.feed(event)
        while self.manager.wanted:
            self.feed(self.manager.wanted.popleft())


def main(arguments: list[str]) -> int:
    """Serve the service that the arguments name; return the status to exit with.

    Raises:
        UsageError: There is no name, or it is not the service manager that has started this process.
        SvcctlError: The service's definition cannot be used.
    """
    if len(arguments) != 1:
        raise UsageError("the service host takes the name of its service", hint="it is started by Windows")
    manager = Manager(arguments[0])
    try:
        manager.connect()
    except OSError as error:
        if getattr(error, "winerror", 0) == _NOT_STARTED_BY_MANAGER:
            hint = f"start the service: sc start {arguments[0]}"
            raise UsageError("only the service manager of Windows starts this", hint=hint) from error
        return EX_UNAVAILABLE
    try:
        hosted = definition(arguments[0])
    except (SvcctlError, OSError) as error:
        tell(arguments[0], "error", f"its definition cannot be used: {error}")
        manager.report(Report(ServiceState.STOPPED, SERVICE_SPECIFIC_ERROR, EX_CONFIG), reload=False)
        return EX_CONFIG
    log = Log(hosted.log, hosted.log_bytes, hosted.log_files)
    if hosted.in_process:
        from svcctl.runtime.windows import inside  # noqa: PLC0415 (only there)

        return inside.serve(manager, hosted, log)
    with contextlib.suppress(OSError):  # there is one already
        calls.alloc_console()
    # The interrupt is for the application; what is ignored here is not ignored there.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Host(manager, hosted, log).run()
    return EX_OK


def definition(name: str) -> Hosted:
    """Return the application of a service, as the registry has it.

    Raises:
        OSError: There is none.
        ProblemsError: It is none.
    """
    winreg: Any = importlib.import_module("winreg")
    path = f"SYSTEM\\CurrentControlSet\\Services\\{name}\\{PARAMETERS_KEY}"
    with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, path) as key:
        text, _ = winreg.QueryValueEx(key, DEFINITION_VALUE)
    return decode_definition(str(text))


def tell(name: str, severity: str, text: str) -> None:
    """Write a line to the event log, under the service's name; nobody hears of it if that fails."""
    with contextlib.suppress(OSError):
        source = calls.register_source(None, name)
        lines = (ctypes.c_wchar_p * 1)(f"{name}: {text}")
        calls.report_event(source, _SEVERITIES[severity], 0, 1, None, 1, 0, lines, None)


def _limits(hosted: Hosted) -> Limits:
    return Limits(
        start=hosted.start_limit_ms,
        stop=hosted.stop_limit_ms,
        watchdog=hosted.watchdog_ms,
        first_pause=hosted.first_pause_ms,
        longest_pause=hosted.longest_pause_ms,
        most_failures=0 if hosted.in_process else hosted.most_failures,
        healthy=hosted.healthy_ms,
        permanent=hosted.permanent_statuses,
    )


def _now() -> int:
    return time.monotonic_ns() // 1_000_000
