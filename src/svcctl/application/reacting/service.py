"""The collection that holds what files ask of the reactor, and how it gets into the tree.

Ports and connections that are made through the reactor are services like any others, in a collection of the name
``reactor`` that comes first below the root: they are bound before anything starts, are described, drain at a stop,
and fail with a path. What is asked for before there is a tree (a ``.tac`` is loaded before there is a loop) is
recorded and becomes part of the next tree that is bound.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Coroutine, Sequence
from typing import TYPE_CHECKING, Any

from svcctl.application import lifecycle
from svcctl.application.interfaces import IService
from svcctl.application.reacting.delayed import Calls, running_loop
from svcctl.application.reacting.triggers import PHASES, Call, Trigger, Triggers
from svcctl.application.service import MultiService
from svcctl.application.tree.record import CHANGING, RUNNING, Record, State, is_collection, record_of, root_of
from svcctl.errors import LifecycleError, StartError

if TYPE_CHECKING:
    from svcctl.application.clients.client import Client
    from svcctl.application.clients.outgoing import OutgoingConnection
    from svcctl.endpoints.clients import ClientEndpoint

NAME = "reactor"


class ReactorService(MultiService):
    """Holds the services that were made through the reactor, the calls that are to be made, and the triggers."""

    def __init__(self) -> None:
        super().__init__()
        self._recorded: list[Any] = []
        self._begin_afresh([])

    def _begin_afresh(self, clients: list[Client]) -> None:
        self.calls = Calls()
        self.triggers = Triggers()
        self.up = False
        self.stop_asked = False
        self._root: Record | None = None
        self.connections: set[OutgoingConnection] = set()
        self._at_start: list[OutgoingConnection] = []
        for client in clients:
            self.connect(client)

    def join(self, root: Any) -> None:  # noqa: ANN401 (services need no common class)
        """Become the first child of a tree's root."""
        record = record_of(root)
        if self.name is None and NAME not in (getattr(child, "name", None) for child in root):
            self.name = NAME
        if record.started or record.state in CHANGING:
            # Whoever asks may wait for what it asked for, so this must not wait for its turn.
            at_once(self, lifecycle.start(self))
        root.addService(self)
        if isinstance(root, MultiService):
            root.services.insert(0, root.services.pop())
        self.watch(record)

    def watch(self, root: Record) -> None:
        """Learn when the tree is ready."""
        if self._root is root:
            return
        self._root = root
        self.up = root.state in RUNNING
        lifecycle.watch(root.service, self._on_transition)

    def _on_transition(self, _transition: object) -> None:
        if not self.up and self._root is not None and self._root.state is State.READY:
            self.up = True
            asyncio.get_running_loop().call_soon(self._begin)

    def _begin(self) -> None:
        self.calls.keep(asyncio.ensure_future(self._fire_startup()), self._fire_startup)

    async def _fire_startup(self) -> None:
        try:
            for phase in PHASES:
                await self.triggers.fire(phase, "startup")
        except Exception as error:  # noqa: BLE001 (whatever it is, the application has not started as it should)
            self.fail(error)

    def open(self, server: Any) -> None:  # noqa: ANN401 (services need no common class)
        """Take a service in, bound at once if there is a tree.

        Raises:
            OSError: What the service raised when it was bound, such as ``BindError``.
            LifecycleError: The application is stopping.
        """
        if self.has_tree():
            self._refuse_if_stopping(server)
            at_once(server, lifecycle.bind(server))
        else:
            self._recorded.append(server)
        self.addService(server)

    def connect(self, client: Client) -> OutgoingConnection:
        """Connect at once if the tree is starting or up, else when it starts.

        Raises:
            ConfigurationError: A key or certificate cannot be used.
            LifecycleError: The application is stopping.
        """
        from svcctl.application.clients.outgoing import OutgoingConnection  # noqa: PLC0415 (most only listen)

        connection = OutgoingConnection(client, self)
        if self._root is None or self._root.state not in (State.STARTING, *RUNNING):
            self._refuse_if_stopping(client)
            self._at_start.append(connection)
        else:
            connection.prepare()
            connection.begin()
        return connection

    def _refuse_if_stopping(self, service: object) -> None:
        if self._root is not None and self._root.state is State.STOPPING:
            raise LifecycleError(f"{type(service).__name__} cannot start: the application is stopping")

    def has_tree(self) -> bool:
        """Tell whether the tree that it is in is being bound, or started, or up."""
        return self._root is not None and is_alive(self._root)

    def add_trigger(self, phase: str, event: str, call: Call) -> Trigger:
        """Add a function to be called around the start or the stop."""
        return self.triggers.add(phase, event, call, lasting=not self.has_tree())

    def connecting_to(self) -> Sequence[ClientEndpoint]:
        """Return where it connects when it starts, for its description."""
        return [each.client.endpoint for each in self._at_start]

    def privilegedStartService(self) -> Awaitable[None] | None:
        """Read the keys of what connects at the start."""
        for connection in self._at_start:
            connection.prepare()
        return super().privilegedStartService()

    def startService(self) -> Awaitable[None] | None:
        """Let the time of the delayed calls run; the children start after that."""
        self.calls.arm()
        for connection in self._at_start:
            connection.begin()
        return super().startService()

    async def drain(self) -> None:
        """Call what is to be called before the shutdown and wait for it, while connections finish."""
        errors: list[Exception] = []
        draining = [asyncio.ensure_future(each.drain()) for each in self.connections]
        try:
            await _collected(errors, self.triggers.fire("before", "shutdown"))
            await asyncio.gather(*draining)
        finally:
            for each in draining:
                each.cancel()
        _raise(errors)

    async def stopService(self) -> None:
        """Call what is to be called during and after the shutdown; close all that was opened while it ran."""
        errors: list[Exception] = []
        try:
            await _collected(errors, self.triggers.fire("during", "shutdown"))
            await asyncio.gather(*(each.close() for each in tuple(self.connections)))
            await super().stopService()  # type: ignore[misc]
            await _collected(errors, self.triggers.fire("after", "shutdown"))
            await self.calls.end()
        finally:
            self._forget_run()
        _raise(errors)

    def _forget_run(self) -> None:
        self.up = self.stop_asked = False
        self.triggers.forget()
        for service in [each for each in self.services if not any(each is kept for kept in self._recorded)]:
            self.removeService(service)

    def removeService(self, service: Any) -> Awaitable[None]:  # noqa: ANN401 (services need no common class)
        """Remove a service for good."""
        self._recorded = [each for each in self._recorded if each is not service]
        return super().removeService(service)

    def __getstate__(self) -> dict[str, Any]:
        """Leave out calls and triggers, which belong to the process."""
        state = super().__getstate__()
        state["clients"] = [each.client for each in self._at_start]
        for name in (
            "calls",
            "triggers",
            "up",
            "stop_asked",
            "connections",
            "_at_start",
            "_root",
            "_joining",
        ):
            state.pop(name, None)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Begin with no calls and triggers."""
        clients = state.pop("clients")
        self.__dict__.update(state)
        self._begin_afresh(clients)


async def _collected(errors: list[Exception], work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except Exception as error:  # noqa: BLE001 (users' code may raise anything; the stop goes on)
        errors.append(error)


def _raise(errors: list[Exception]) -> None:
    if errors:
        raise ExceptionGroup("triggers failed", errors) if len(errors) > 1 else errors[0]


def at_once(service: object, work: Coroutine[Any, Any, None]) -> None:
    """Have the driver do something with a service in no tree, without a turn of the loop in between.

    Raises:
        Exception: What the service raised.
        LifecycleError: A hook of the service has to be waited for.
    """
    try:
        work.send(None)
    except StopIteration:
        return
    except StartError as error:
        cause = error.__cause__
        assert cause is not None  # noqa: S101 (for the type checker: the driver says why)
        raise cause from cause.__cause__
    work.close()
    raise LifecycleError(
        f"{type(service).__name__} cannot be opened at once", hint="add it to a collection instead"
    )


def is_alive(root: Record) -> bool:
    """Tell whether a tree is being bound, or started, or up."""
    return root.busy or root.bound or root.started or root.state in CHANGING


# What was asked for before there was a tree; the trees that were bound, the latest last; the loop of that one.
_pending: ReactorService | None = None
_roots: list[Record] = []
_loop: asyncio.AbstractEventLoop | None = None


def attach(root: Any) -> None:  # noqa: ANN401 (an Application, or a service of any class)
    """Serve a tree that is going to be bound, or described, and put into it what was recorded before.

    The driver calls it for every tree. A service that holds no others cannot be served.
    """
    global _pending, _loop  # noqa: PLW0603 (the reactor is the process's)
    record = root_of(record_of(IService(root)))  # type: ignore[misc,call-arg]  # the interface adapts
    if not is_collection(record.service) or isinstance(record.service, ReactorService):
        return
    _loop = running_loop() or _loop
    _roots[:] = [each for each in _roots if each is not record and is_alive(each)] + [record]
    if _pending is not None:
        pending, _pending = _pending, None
        pending.join(record.service)


def current() -> ReactorService:
    """Return the collection of the tree that was bound last, or of the next one."""
    global _pending  # noqa: PLW0603 (the reactor is the process's)
    root = current_root()
    if root is None:
        _pending = _pending or ReactorService()
        return _pending
    for child in root.service:
        if isinstance(child, ReactorService):
            child.watch(root)
            return child
    service = ReactorService()
    service.join(root.service)
    return service


def current_root() -> Record | None:
    """Return the root of the tree that was bound last and is not down yet."""
    while _roots and not is_alive(_roots[-1]):
        _roots.pop()
    return _roots[-1] if _roots else None


def current_loop() -> asyncio.AbstractEventLoop | None:
    """Return the loop that the tree runs on, from any thread; ``None`` if there is no tree."""
    return _loop if current_root() is not None else None


lifecycle.joining.append(attach)
