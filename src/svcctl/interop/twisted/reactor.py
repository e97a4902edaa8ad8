"""Twisted's reactor, run and stopped by the runner."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import signal
import sys
from collections.abc import Callable, Iterator
from typing import Any

from twisted.internet.asyncioreactor import AsyncioSelectorReactor
from twisted.internet.error import ReactorAlreadyInstalledError, ReactorNotRunning
from twisted.internet.posixbase import PosixReactorBase
from twisted.internet.process import reapAllProcesses

from svcctl.errors import ApplicationLoadError, LifecycleError

#: Names of the reactors that run with asyncio's loop for a guest, as twistd has them.
GUESTS = ("epoll", "poll", "select")


class ForeignReactorError(ApplicationLoadError, ReactorAlreadyInstalledError):  # type: ignore[misc]  # Twisted's classes are unknown to the type checker
    """Something installs a reactor that cannot be run here; to Twisted's users, one is installed already."""


class Driven(PosixReactorBase):  # type: ignore[misc]  # the same
    """What a reactor does here in another way: the runner's loop runs it, so it neither runs nor ends that loop itself.

    Attributes:
        described: What listens now is in the description, so the units have its socket.
    """

    _asyncioEventloop: asyncio.AbstractEventLoop  # noqa: N815 (Twisted's own)

    described = False

    #: The start has not come yet.
    _waiting = True
    #: Somebody has asked for the end.
    _asked = False

    def run(self, installSignalHandlers: bool = True) -> None:  # noqa: ARG002, FBT001, FBT002 (Twisted's signature)
        """Refuse: the application is only loaded when it can ask for this.

        Raises:
            LifecycleError: Always.
        """
        raise LifecycleError(
            "reactor.run() is not for an application that svcctl runs: the reactor runs when it is loaded",
            hint="leave the call out, or put it below: if __name__ == '__main__':",
        )

    def begin(self) -> None:
        """Fire the events of the start; nothing happens if that was done."""
        if self._waiting:
            self._waiting = False
            self._watch_programs()
            self.startRunning(installSignalHandlers=False)

    def _watch_programs(self) -> None:
        """Learn of the end of programs; whoever starts one need not ask the reactor to: Buildbot has a class of its own."""
        try:
            self._asyncioEventloop.add_signal_handler(signal.SIGCHLD, reapAllProcesses)
        except (
            RuntimeError
        ):  # uvloop keeps that signal to itself, but minds it only once it has a program of its own
            signal.signal(signal.SIGCHLD, lambda *_: self.callFromThread(reapAllProcesses))

    def on_running_loop(self) -> bool:
        """Tell whether the loop that runs is the reactor's."""
        try:
            return self._asyncioEventloop is asyncio.get_running_loop()
        except RuntimeError:
            return False

    def stop(self) -> None:
        """Have the application stopped in an orderly way, as SIGTERM does, with status 0.

        Raises:
            ReactorNotRunning: It does not run, or is stopping already.
        """
        if self._asked or not self._started:
            raise ReactorNotRunning("Can't stop reactor that isn't running.")
        self._asked = self._stopped = self._startedBefore = True
        self.exit(0)

    def exit(self, status: object) -> None:
        """Have the application stopped, and the process end with a status as ``sys.exit`` takes it; from any thread."""
        self._asyncioEventloop.call_soon_threadsafe(_leave, status)

    def crash(self) -> None:
        """Note that the reactor is down; the loop goes on until the runner ends it."""
        PosixReactorBase.crash(self)

    def listenTCP(self, port: int, factory: Any, backlog: int = 50, interface: str = "") -> Any:  # noqa: ANN401 (Twisted's own)
        """Listen on a TCP port: on the inherited socket, if there is one."""
        given = self._given("TCP", port, factory, backlog, interface)
        return given(factory) if given else super().listenTCP(port, factory, backlog, interface)

    def listenUNIX(self, address: Any, factory: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 (the same)
        """Listen on a path: on the inherited socket, if there is one."""
        given = self._given("UNIX", address, factory, *args, **kwargs)
        return given(factory) if given else super().listenUNIX(address, factory, *args, **kwargs)

    def listenUDP(self, port: int, protocol: Any, interface: str = "", maxPacketSize: int = 8192) -> Any:  # noqa: ANN401 (the same)
        """Receive datagrams on a port: on the inherited socket, if there is one."""
        given = self._given("UDP", port, protocol, interface)
        if given:
            return given(protocol, maxPacketSize=maxPacketSize)
        return super().listenUDP(port, protocol, interface, maxPacketSize)

    def _given(self, method: str, *args: Any, **kwargs: Any) -> Callable[..., Any] | None:  # noqa: ANN401 (the same)
        """Return what listens on an inherited socket; ``None`` if there is none."""
        from svcctl.interop.twisted import adopting  # noqa: PLC0415 (Twisted's endpoints need the reactor's module)

        listening = adopting.taken(method, *args, required=self.described, **kwargs)
        return None if listening is None else functools.partial(adopting.adopt, self, listening)


class Reactor(Driven, AsyncioSelectorReactor):  # type: ignore[misc]  # the same
    """The reactor of asyncio."""

    def begin(self) -> None:
        """Fire the events of the start, and let the time of what is due run; nothing happens if that was done."""
        super().begin()
        self._reschedule()

    def _onTimer(self) -> None:  # noqa: N802 (Twisted's own)
        """Call what is due; not before the start, although the loop runs already while sockets are bound."""
        if self._waiting:
            self._scheduledAt = None
        else:
            super()._onTimer()


def _leave(status: object) -> None:
    from svcctl.application.scripting.script import ReactorStopped  # noqa: PLC0415 (only at the end)

    raise ReactorStopped(status)


def accepted(reactor: Any, wanted: str) -> Driven:  # noqa: ANN401 (reactors have no common class)
    """Return a reactor that somebody is about to install, made one that the runner can run.

    Args:
        reactor: The reactor; or the one that was installed before anybody looked.
        wanted: Name of the only one that may be installed; empty for any.

    Raises:
        ForeignReactorError: It cannot be run, is not the wanted one, or there is one already.
    """
    present = sys.modules.get("twisted.internet.reactor")
    if isinstance(reactor, Driven):
        return reactor
    present = None if present is reactor else present
    name = _name_of(type(reactor))
    if not name or present is not None or name != (wanted or name):
        raise _refused(reactor, name, present, wanted)
    if name == "asyncio":
        _convert(reactor, Reactor)
    else:
        from svcctl.interop.twisted.guest import host  # noqa: PLC0415 (few install another one)

        host(reactor, _convert)
    return reactor  # type: ignore[no-any-return]  # it has just become one


def _name_of(kind: type) -> str:
    """Return the name that ``--reactor`` has for a class of Twisted's; empty for one that is not run here."""
    module = kind.__module__.removeprefix("twisted.internet.").removesuffix("reactor")
    return module if module in {"asyncio", *GUESTS} else ""


def _refused(reactor: Any, name: str, present: Any, wanted: str) -> ForeignReactorError:  # noqa: ANN401 (the same)
    what = f"it installs {type(reactor).__name__}"
    if not name:
        return ForeignReactorError(
            f"{what}, which is none that svcctl runs",
            hint=f"leave the installation out, or choose one with --reactor: asyncio, {', '.join(GUESTS)}",
        )
    if present is not None:
        there = next(filter(None, map(_name_of, type(present).__mro__)), "another")
        return ForeignReactorError(
            f"{what}, and there is a reactor already: {there}'s",
            hint="install it before anything imports twisted.internet.reactor, "
            f"or leave that out and run it with --reactor {name}",
        )
    return ForeignReactorError(
        f"{what}, and --reactor asks for {wanted}",
        hint=f"leave the installation out, or --reactor, or write --reactor {name}",
    )


def _convert(reactor: Any, kind: type) -> None:  # noqa: ANN401 (the same)
    """Make a reactor one of ours: whoever made it may have chosen its loop, so it cannot be another object."""
    nothing: dict[str, object] = {}
    reactor.removeSystemEventTrigger(
        ("shutdown", ("during", reactor.crash, (), nothing))
    )  # it would end the loop
    reactor.__class__ = kind
    reactor.addSystemEventTrigger("during", "shutdown", reactor.crash)


def install(loop: asyncio.AbstractEventLoop) -> None:
    """Install the reactor on a loop.

    Raises:
        ReactorAlreadyInstalledError: There is one.
    """
    from twisted.internet import main  # noqa: PLC0415 (whose guard needs this module)

    main.installReactor(Reactor(loop))


def installed() -> Driven | None:
    """Return the reactor that is installed, if it is one that the runner runs."""
    reactor = sys.modules.get("twisted.internet.reactor")
    return reactor if isinstance(reactor, Driven) else None


@contextlib.contextmanager
def binding(*, described: bool) -> Iterator[None]:
    """Say whether what listens meanwhile is in the description."""
    reactor = installed()
    if reactor is None:
        yield
        return
    before, reactor.described = reactor.described, described
    try:
        yield
    finally:
        reactor.described = before
