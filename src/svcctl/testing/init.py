r"""A fake init system: runs an application as systemd would, and tells what it saw.

It speaks the real protocols over real sockets and processes: readiness and all else through ``$NOTIFY_SOCKET``, inherited
sockets, the descriptor store, barriers, the watchdog, reloads, limits that are extended, and the end by SIGTERM and then
SIGKILL. It needs no root, and ends nothing but what it started. Linux only.

Example:
    >>> import sys
    >>> program = "import os, socket; s = socket.socket(1, 2); s.connect(os.environ['NOTIFY_SOCKET']);"
    >>> program += "s.send(b'READY=1\\nSTATUS=here'); import signal; signal.pause()"
    >>> with FakeInit([sys.executable, "-c", program]) as service:
    ...     service.state, service.status, service.stop().code
    ('active', 'here', -15)
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import IO, Protocol, Self, TypedDict, Unpack

from svcctl.errors import ConfigurationError, UsageError
from svcctl.loading.tac import absolute
from svcctl.loading.target import resolve
from svcctl.testing import sockets as listeners
from svcctl.testing.engine import Engine
from svcctl.testing.events import Dropped, Event, Exited, Message
from svcctl.testing.launch import Process
from svcctl.testing.observed import Observed
from svcctl.testing.places import Places
from svcctl.testing.store import Store
from svcctl.testing.unit import Limits, Order, Phase, Unit


class Options(TypedDict, total=False):
    """The arguments of :class:`FakeInit` beside the command."""

    sockets: listeners.Given
    environment: Mapping[str, str | None] | None
    limits: Limits
    store: int
    credentials: Mapping[str, str | bytes] | None
    directories: Collection[str]
    folder: Path | None
    working_directory: Path | None
    block: bool
    notify: bool
    survivors: bool
    show_output: bool
    observer: Callable[[Event], None] | None
    patience: float


class Maker(Protocol):
    """The type of :func:`fake_init`, and of the pytest fixture of that name."""

    def __call__(self, application: str | Path, *arguments: str, **options: Unpack[Options]) -> FakeInit:
        """Return a fake init for an application."""
        ...


def fake_init(application: str | Path, *arguments: str, **options: Unpack[Options]) -> FakeInit:
    """Return a fake init for an application, which a ``with`` statement then starts.

    It runs ``python -P -m svcctl.runtime``, as generated units do, on the interpreter of the tests.

    Args:
        application: A path, ``module:attribute`` or the name of a plug-in, as for ``svcctl run``.
        arguments: What follows it on the command line: the runner's options, or those of a plug-in.
        options: The arguments of :class:`FakeInit`.

    Raises:
        UsageError: The application is none.
    """
    target = resolve(str(application))
    # A path counts from here, not from the service's working directory.
    name = str(application) if target.kind in {"object", "plugin"} else absolute(str(application))
    return FakeInit([sys.executable, "-P", "-m", "svcctl.runtime", name, *arguments], **options)


class FakeInit(Observed):
    """One service and the init system above it.

    It is a context manager: entering it starts the service and, as ``systemctl start`` does, returns when it is ready;
    leaving it kills what is left. Every method may be called from any thread, and waits no longer than ``patience``;
    in a coroutine, call those that wait through :func:`asyncio.to_thread`.

    Args:
        command: The argument list of the service.
        sockets: What it is handed over: by the name of the descriptor, a description to be opened
            (``tcp:0:interface=127.0.0.1``) or an open socket. Pairs instead of a mapping if a name comes twice.
        environment: Variables beside the few that an init system sets; ``None`` takes one of those away.
        limits: How long its start, its stop and its silence may last.
        store: How many descriptors it may store; 0 for none.
        credentials: Secrets by name, for ``$CREDENTIALS_DIRECTORY``.
        directories: Which folders it gets: ``state``, ``runtime``, ``cache``, ``logs``, ``configuration``.
        folder: Folder for all of that, its output in ``stdout`` and ``stderr``, and its working directory. ``None`` for
            one that is removed in the end.
        working_directory: Its working directory, if it is another one.
        block: Whether entering waits until it is ready.
        notify: Whether it gets a ``$NOTIFY_SOCKET``; if not, it counts as ready at once.
        survivors: What it leaves behind lives on (``KillMode=process``), instead of being killed (``KillMode=mixed``).
        show_output: What it prints goes to this process's stderr, not to files.
        observer: Called with each event as it happens; it must not wait.
        patience: Seconds after which a method that waits gives up.

    Raises:
        UsageError: A name is none, or there is no such directory.
        EndpointError: The description of a socket is none.
        BindError: The system refuses the address of a socket.
        ConfigurationError: This is not Linux.
    """

    def __init__(  # noqa: PLR0913 (each is something a unit file would say)
        self,
        command: Sequence[str],
        *,
        sockets: listeners.Given = (),
        environment: Mapping[str, str | None] | None = None,
        limits: Limits = Limits(),  # noqa: B008 (a value that nobody can change)
        store: int = 0,
        credentials: Mapping[str, str | bytes] | None = None,
        directories: Collection[str] = (),
        folder: Path | None = None,
        working_directory: Path | None = None,
        block: bool = True,
        notify: bool = True,
        survivors: bool = False,
        show_output: bool = False,
        observer: Callable[[Event], None] | None = None,
        patience: float = 30.0,
    ) -> None:
        if not hasattr(os, "pidfd_open"):
            raise ConfigurationError(
                "services can be put under the fake init on Linux alone", hint="skip these tests elsewhere"
            )
        self.command = list(command)
        self.patience = patience
        self._environment = dict(environment or {})
        self._limits = limits
        self._notify = notify
        self._block = block
        self._show_output = show_output
        self._seen = 0
        with ExitStack() as opened:
            self.folder = folder or Path(tempfile.mkdtemp(prefix="svcctl-"))
            if folder is None:
                opened.callback(shutil.rmtree, self.folder, ignore_errors=True)
            self._working_directory = working_directory or self.folder
            self._places = Places(self.folder, directories, credentials or {})
            self._sockets = listeners.open_all(sockets)
            for each in self._sockets:
                opened.callback(each.close)
            self._store = Store(store)
            unit = Unit(limits, notifies=notify)
            self._engine = Engine(unit, self._store, survivors=survivors, observer=observer)
            opened.callback(self._engine.close)
            self._opened = opened.pop_all()

    def __enter__(self) -> Self:
        try:
            self.start(block=self._block)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start(self, *, block: bool = True) -> None:
        """Start it; after a crash or in a restart it gets back the descriptors it has stored.

        Args:
            block: Wait until it is ready.

        Raises:
            ExpectationError: It ended, or reached its limit, before it was ready.
            UsageError: It runs already.
        """
        with self._engine.changed:
            if not self._engine.unit.ended:
                raise UsageError("the service runs already", hint="stop it first, or restart it")
            self._seen = len(self._engine.events)
            self._launch()
        if block:
            self.wait_until_ready()

    def stop(self) -> Exited:
        """Ask it to end, kill it if it takes longer than the limit, forget what it stored, and return how it ended."""
        ended = self._end()
        with self._engine.changed:
            self._forget()
        self._places.service_ended()
        return ended

    def restart(self, *, block: bool = True) -> None:
        """Stop it and start it again; what it has stored is kept."""
        self._end()
        self.start(block=block)

    def reload(self) -> Message:
        """Ask it to reload, as a unit with ``Type=notify-reload`` does, and return the message that ended that.

        Raises:
            ExpectationError: It did not say that it reloads, or not that it is ready again, in time; or it ended.
            UsageError: It is not running.
        """
        with self._engine.changed:
            begun = len(self._engine.events)
            order = self._engine.unit.reload(time.monotonic())
            if order is None:
                raise UsageError(f"a service that is {self.state} is not reloaded", hint="start it first")
            self._engine.obey(order)
        self._wait(
            lambda: self._engine.unit.phase is not Phase.RELOADING, "the end of the reload", alive=True
        )
        failed = self._engine.unit.reload_failed
        if failed:
            self._fail(f"the reload failed: {failed}")
        return [each for each in self.events[begun:] if isinstance(each, Message) and "READY" in each.fields][
            -1
        ]

    def crash(self) -> Exited:
        """Kill it without warning, and return how it ended; what it has stored is kept for the next start."""
        self.signal(signal.SIGKILL)
        return self.wait()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to its main process, if there is one."""
        with self._engine.changed:
            self._engine.obey(Order(number, "asked for"))

    def close(self) -> None:
        """Kill what is left of it and remove what was made for it; more than one call does no harm."""
        self._opened.close()

    def _end(self) -> Exited:
        with self._engine.changed:
            self._engine.obey(self._engine.unit.stop(time.monotonic()))
        return self.wait()

    def _launch(self) -> None:
        self._places.service_ended()
        stored = self._store.entries
        names = [each.name for each in self._sockets] + [entry.name for entry in stored]
        numbers = [each.socket.fileno() for each in self._sockets] + [entry.descriptor for entry in stored]
        with ExitStack() as files:
            output, errors = (self._file(name, files) for name in ("stdout", "stderr"))
            environment = self._variables(names)
            process = Process(self.command, self._working_directory, environment, numbers, output, errors)
        self._engine.launched(process, names)

    def _variables(self, names: Sequence[str]) -> dict[str, str]:
        set_here = {
            "PATH": os.environ.get("PATH", os.defpath),
            "LANG": "C.UTF-8",
            "INVOCATION_ID": uuid.uuid4().hex,
            "SYSTEMD_EXEC_PID": "self",
            **self._places.make(),
        }
        if self._notify:
            set_here["NOTIFY_SOCKET"] = self._engine.address
        if names:
            set_here |= {
                "LISTEN_FDS": str(len(names)),
                "LISTEN_PID": "self",
                "LISTEN_FDNAMES": ":".join(names),
            }
        if self._limits.watchdog:
            limit = round(self._limits.watchdog * 1_000_000)
            set_here |= {"WATCHDOG_USEC": str(limit), "WATCHDOG_PID": "self"}
        if self._store.limit:
            set_here["FDSTORE"] = str(self._store.limit)
        merged = {**set_here, **self._environment}
        return {name: value for name, value in merged.items() if value is not None}

    def _file(self, name: str, files: ExitStack) -> IO[bytes] | None:
        return None if self._show_output else files.enter_context((self.folder / name).open("ab"))

    def _forget(self) -> None:
        for entry in self._store.entries:
            self._engine.tell(Dropped(time.monotonic(), entry.name, "the service was stopped"))
        self._store.clear()
