"""Runs an application under a fake init system, and says what was right and what was wrong."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from svcctl.endpoints.grammar import format_endpoint, parse_endpoint
from svcctl.endpoints.rare import Stdio
from svcctl.endpoints.values import Endpoint, Systemd, Tcp, Tcp6, Unix, unwrapped
from svcctl.host import environment
from svcctl.loading.describe import describe
from svcctl.manifest.model import Manifest
from svcctl.operations import preparation
from svcctl.operations.request import InstallRequest
from svcctl.testing.events import Event, Launched, Message
from svcctl.testing.failure import ExpectationError
from svcctl.testing.init import FakeInit
from svcctl.testing.review import Finding, review
from svcctl.testing.unit import Limits

#: What the units grant the stop beyond the application's own budget.
_STOP_MARGIN = 5.0

#: Seconds beyond the application's own limits after which the simulation itself gives up.
_PATIENCE = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulateRequest:
    """The arguments of ``svcctl simulate``.

    Attributes:
        application: As for :class:`~svcctl.operations.request.InstallRequest`.
        arguments: The options of a plug-in.
        environment: Variables for the service.
        environment_files: Files of variables.
        sockets: Open the listeners and hand them over.
        reload: Have it reload.
        restart: Restart it.
        crash: Kill it without warning, and start it again.
        stay: Seconds it is left alone once it serves.
        watchdog: Seconds of silence that it is granted; ``None`` for what it asks for itself.
    """

    application: str
    arguments: tuple[str, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    environment_files: tuple[str, ...] = ()
    sockets: bool = True
    reload: bool = False
    restart: bool = False
    crash: bool = False
    stay: float = 0.0
    watchdog: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that has happened.

    Attributes:
        seconds: When, since the first start.
        kind: What: ``Message``, ``Signalled`` and so on, the classes of :mod:`svcctl.testing.events`; ``Listening`` for
            a socket that was opened.
        text: It, for people.
        fields: Those of a message.
    """

    seconds: float
    kind: str
    text: str
    fields: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulateResult:
    """What an init system saw of an application.

    Attributes:
        name: Name that its units would have.
        steps: What has happened.
        findings: What was right, and what was wrong.
        interrupted: It was ended by the keyboard before it served.
    """

    name: str
    steps: tuple[Step, ...]
    findings: tuple[Finding, ...]
    interrupted: bool

    @property
    def right(self) -> bool:
        """Nothing was wrong."""
        return all(finding.right for finding in self.findings)


def simulate(request: SimulateRequest, show: Callable[[Step], None]) -> SimulateResult:
    """Start an application as its units would, do with it what was asked for, stop it, and judge what it did.

    The application runs as the user of this process; what it prints goes to stderr. An interrupt from the keyboard
    ends the time it is left alone, or abandons its start.

    Args:
        request: What is to be done.
        show: Called with each step as it happens, from another thread.

    Raises:
        SvcctlError: The application cannot be described, or a socket cannot be opened.
    """
    asked = preparation.absolute(
        InstallRequest(
            application=request.application,
            arguments=request.arguments,
            environment=request.environment,
            environment_files=request.environment_files,
        )
    )
    name = preparation.name_of(asked)
    variables = _variables(asked)
    manifest = _describe(asked, variables)
    limits = _limits(manifest, request.watchdog)
    steps = _Steps(show)
    with _opened(manifest, request) as sockets:
        service = FakeInit(
            _command(asked, name if sockets else None),
            sockets=sockets,
            environment=variables,
            limits=limits,
            store=_store(manifest, request),
            directories=manifest.needs.directories,
            show_output=True,
            observer=steps.take,
            patience=max(limits.start, limits.stop) + _PATIENCE,
        )
        try:
            findings, interrupted = _carry_out(service, request, [each for each, _ in sockets], steps)
        finally:
            service.close()
    judged = (*findings, *review(service.events, limits))
    return SimulateResult(name=name, steps=tuple(steps.all), findings=judged, interrupted=interrupted)


def _carry_out(
    service: FakeInit, request: SimulateRequest, names: Sequence[str], steps: _Steps
) -> tuple[list[Finding], bool]:
    """Lead a service through its life; what it does wrong is in its transcript."""
    findings: list[Finding] = []
    interrupted = False
    for name in names:
        steps.listening(name, service.address(name))
    try:
        with suppress(ExpectationError):
            service.start()
            findings = [_claimed(service, name) for name in names]
            _disturb(service, request)
    except KeyboardInterrupt:
        interrupted = service.state != "active"
    with suppress(ExpectationError):
        if service.state not in {"inactive", "failed"}:
            service.stop()
    return findings, interrupted


def _disturb(service: FakeInit, request: SimulateRequest) -> None:
    if request.reload:
        service.reload()
    if request.restart:
        service.restart()
    if request.crash:
        service.crash()
        service.start()
    service.stays_up(request.stay)


def _claimed(service: FakeInit, name: str) -> Finding:
    if service.holds(name):
        return Finding(run=1, right=True, subject="descriptors", message=f"{name} is in use")
    message = f"{name} was handed over, and no service listens on it"
    return Finding(run=1, right=False, subject="descriptors", message=message)


class _Steps:
    """What has happened so far, with the time since the first start."""

    def __init__(self, show: Callable[[Step], None]) -> None:
        self.all: list[Step] = []
        self._show = show
        self._zero: float | None = None

    def take(self, event: Event) -> None:
        """Take in an event."""
        if self._zero is None and isinstance(event, Launched):
            self._zero = event.time
        seconds = event.time - (event.time if self._zero is None else self._zero)
        fields = dict(event.fields) if isinstance(event, Message) else {}
        self._add(Step(seconds=seconds, kind=type(event).__name__, text=str(event), fields=fields))

    def listening(self, name: str, where: str) -> None:
        """Take in that a socket was opened."""
        self._add(Step(seconds=0.0, kind="Listening", text=f"{name} listens on {where}", fields={}))

    def _add(self, step: Step) -> None:
        self.all.append(step)
        self._show(step)


def _describe(asked: InstallRequest, variables: Mapping[str, str]) -> Manifest:
    """Describe an application as whoever asks: it is about to be run, so that doing it without rights saves nobody."""
    return describe(
        asked.application,
        asked.arguments,
        python=asked.python or sys.executable,
        user=None,
        environment=variables,
    ).manifest


def _limits(manifest: Manifest, watchdog: float | None) -> Limits:
    life = manifest.lifecycle
    granted = life.watchdog_ms / 1000 if watchdog is None else watchdog
    return Limits(life.start_limit_ms / 1000, life.stop_limit_ms / 1000 + _STOP_MARGIN, granted)


def _store(manifest: Manifest, request: SimulateRequest) -> int:
    own = 0 if request.sockets else len(manifest.listeners())
    kept = manifest.needs.descriptors
    return own + (kept and kept + 1)


def _command(asked: InstallRequest, name: str | None) -> list[str]:
    inherit = [] if name is None else ["--inherit", f"{name}.service"]
    runner = [asked.python or sys.executable, "-P", "-m", "svcctl.runtime", *inherit]
    return [*runner, asked.application, *asked.arguments]


def _variables(asked: InstallRequest) -> dict[str, str]:
    variables = dict(asked.environment)
    for path in asked.environment_files:
        variables |= environment.read(path)
    return variables


@contextmanager
def _opened(manifest: Manifest, request: SimulateRequest) -> Iterator[list[tuple[str, str]]]:
    """Give a description of a socket of its own for each listener: a free port, or a path that nobody else has."""
    with tempfile.TemporaryDirectory(prefix="svcctl-") as folder:
        found = []
        for number, listener in enumerate(manifest.listeners() if request.sockets else ()):
            endpoint = unwrapped(parse_endpoint(listener.endpoint))
            if not isinstance(endpoint, Stdio):
                found.append((listener.name, format_endpoint(_private(endpoint, Path(folder, str(number))))))
        yield found


def _private(endpoint: Endpoint, path: Path) -> Endpoint:
    """Return an endpoint of the same kind that can always be opened here, and that nobody else reaches."""
    if isinstance(endpoint, Systemd):
        kinds: dict[str, Endpoint] = {"INET": Tcp(0), "INET6": Tcp6(0), "UNIX": Unix("")}
        endpoint = kinds[endpoint.domain]
    if hasattr(endpoint, "address"):
        return endpoint.replace(address=str(path))
    six = isinstance(endpoint, Tcp6) or ":" in getattr(endpoint, "interface", "")
    return endpoint.replace(port=0, interface="::1" if six else "127.0.0.1")
