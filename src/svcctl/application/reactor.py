"""The reactor, for files that speak to one: its functions over the running asyncio loop.

Ported files change their import line to ``from svcctl.application import reactor``. What is made here becomes part of
the application: ports are opened, described, drained and closed with it, by the rules of
``docs/explanation/lifecycle.md``. What a file asks for while it is loaded, which is before there is a loop, is
carried out with the application's start: ports bind before anything starts.

Example:
    >>> from svcctl.application import reactor, service
    >>> from svcctl.application.protocol import Factory
    >>> from svcctl.application.wire import Echo
    >>> class EchoService(service.Service):
    ...     def startService(self):
    ...         self._port = reactor.listenTCP(8007, Factory.forProtocol(Echo))
    ...
    ...     def stopService(self):
    ...         return self._port.stopListening()
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from svcctl.application import internet
from svcctl.application.arguments import check_callable
from svcctl.application.clients.outgoing import OutgoingConnection
from svcctl.application.reacting.delayed import DelayedCall, running_loop, seconds
from svcctl.application.reacting.errors import ReactorNotRunning
from svcctl.application.reacting.ports import Port
from svcctl.application.reacting.service import current, current_loop, current_root
from svcctl.application.reacting.triggers import Trigger
from svcctl.application.tree.record import RUNNING

__all__ = [
    "DelayedCall",
    "Port",
    "addSystemEventTrigger",
    "callFromThread",
    "callInThread",
    "callLater",
    "callWhenRunning",
    "connectSSL",
    "connectTCP",
    "connectUNIX",
    "connectUNIXDatagram",
    "getDelayedCalls",
    "listenMulticast",
    "listenSSL",
    "listenTCP",
    "listenUDP",
    "listenUNIX",
    "listenUNIXDatagram",
    "removeSystemEventTrigger",
    "run",
    "seconds",
    "stop",
    "suggestThreadPoolSize",
]


def _listen(server: Any) -> Port:  # noqa: ANN401 (servers need no common class)
    port = Port(current(), server)
    port.startListening()
    return port


def listenTCP(port: int, factory: Any, backlog: int = 50, interface: str = "") -> Port:  # noqa: ANN401 (three kinds of factory)
    """Listen on a TCP port; arguments as for :class:`~svcctl.application.internet.TCPServer`.

    Raises:
        BindError: The system refuses the address. While a file is loaded nothing is bound yet; then it is the failure
            of the application's start.
    """
    return _listen(internet.TCPServer(port, factory, backlog, interface))


def listenSSL(
    port: int,
    factory: Any,  # noqa: ANN401 (three kinds of factory)
    contextFactory: Any,  # noqa: ANN401 (contexts need no common class)
    backlog: int = 50,
    interface: str = "",
) -> Port:
    """Listen on a TCP port and speak TLS; arguments as for ``internet.SSLServer``, errors as for ``listenTCP``."""
    return _listen(internet.SSLServer(port, factory, contextFactory, backlog, interface))


def listenUNIX(address: str, factory: Any, backlog: int = 50, mode: int = 0o666, wantPID: int = 0) -> Port:  # noqa: ANN401 (three kinds of factory)
    """Listen on a stream socket in the file system; arguments as for ``internet.UNIXServer``."""
    return _listen(internet.UNIXServer(address, factory, backlog, mode, wantPID))


def listenUDP(port: int, protocol: Any, interface: str = "", maxPacketSize: int = 8192) -> Port:  # noqa: ANN401 (two kinds of protocol)
    """Receive datagrams on a UDP port; arguments as for ``internet.UDPServer``.

    The port is bound at once; ``startProtocol`` is called in one of the next turns of the loop.
    """
    return _listen(internet.UDPServer(port, protocol, interface, maxPacketSize))


def listenMulticast(
    port: int,
    protocol: Any,  # noqa: ANN401 (two kinds of protocol)
    interface: str = "",
    maxPacketSize: int = 8192,
    listenMultiple: bool = False,  # noqa: FBT001, FBT002 (the framework's signature)
) -> Port:
    """Receive datagrams on a UDP port, also those to groups; arguments as for ``internet.MulticastServer``."""
    return _listen(internet.MulticastServer(port, protocol, interface, maxPacketSize, listenMultiple))


def listenUNIXDatagram(address: str, protocol: Any, maxPacketSize: int = 8192, mode: int = 0o666) -> Port:  # noqa: ANN401 (two kinds of protocol)
    """Receive datagrams on a socket in the file system; arguments as for ``internet.UNIXDatagramServer``."""
    return _listen(internet.UNIXDatagramServer(address, protocol, maxPacketSize, mode))


def connectUNIXDatagram(
    address: str,
    protocol: Any,  # noqa: ANN401 (two kinds of protocol)
    maxPacketSize: int = 8192,
    mode: int = 0o666,
    bindAddress: str | None = None,
) -> Port:
    """Send datagrams to a socket in the file system; arguments as for ``internet.UNIXDatagramClient``."""
    return _listen(internet.UNIXDatagramClient(address, protocol, maxPacketSize, mode, bindAddress))


def connectTCP(
    host: str,
    port: int,
    factory: Any,  # noqa: ANN401 (three kinds of factory)
    timeout: float | None = 30,
    bindAddress: str | tuple[str, int] | None = None,
) -> OutgoingConnection:
    """Connect to a TCP port; arguments as for :class:`~svcctl.application.internet.TCPClient`.

    What becomes of it is told to the factory, or logged if that has no ``clientConnectionFailed``. At a stop the
    protocol's ``drain()`` is called, if it has one, and the connection is closed.
    """
    return current().connect(internet.TCPClient(host, port, factory, timeout, bindAddress))


def connectSSL(
    host: str,
    port: int,
    factory: Any,  # noqa: ANN401 (three kinds of factory)
    contextFactory: Any,  # noqa: ANN401 (contexts need no common class)
    timeout: float | None = 30,
    bindAddress: str | tuple[str, int] | None = None,
) -> OutgoingConnection:
    """Connect to a TCP port and speak TLS; arguments as for ``internet.SSLClient``, the rest as for ``connectTCP``."""
    return current().connect(internet.SSLClient(host, port, factory, contextFactory, timeout, bindAddress))


def connectUNIX(
    address: str,
    factory: Any,  # noqa: ANN401 (three kinds of factory)
    timeout: float | None = 30,
    checkPID: int = 0,
) -> OutgoingConnection:
    """Connect to a stream socket in the file system; arguments as for ``internet.UNIXClient``."""
    return current().connect(internet.UNIXClient(address, factory, timeout, checkPID))


def callLater(delay: float, callable: Callable[..., Any], /, *args: Any, **kw: Any) -> DelayedCall:  # noqa: A002, ANN401 (the framework's name; the function's own arguments)
    """Call a function or coroutine function after some seconds.

    What it raises is logged and costs nothing else. Before there is a loop, the seconds count from the application's
    start. What is not due when the application has stopped is dropped.

    Raises:
        UsageError: ``delay`` is no number of seconds from 0 up, or the function cannot be called.
    """
    return current().calls.later(delay, callable, args, kw)


def getDelayedCalls() -> list[DelayedCall]:
    """Return the calls that are still to be made."""
    return list(current().calls.pending)


def callWhenRunning(callable: Callable[..., Any], /, *args: Any, **kw: Any) -> Trigger | None:  # noqa: A002, ANN401 (the same)
    """Call a function at once if the application is up, else when all of its services are ready.

    Returns:
        What ``removeSystemEventTrigger`` takes; ``None`` if it has been called.
    """
    service = current()
    if service.up:
        check_callable(callable)
        service.calls.call(callable, args, kw)
        return None
    return service.add_trigger("after", "startup", (callable, args, kw))


def addSystemEventTrigger(
    phase: str,
    eventType: str,
    callable: Callable[..., Any],  # noqa: A002 (the framework's name)
    /,
    *args: Any,  # noqa: ANN401 (the function's own arguments)
    **kw: Any,  # noqa: ANN401 (the same)
) -> Trigger:
    """Call a function around the start or the stop of the application; what it returns is awaited if it can be.

    Args:
        phase: ``before``, ``during`` or ``after``.
        eventType: ``startup``: all services are ready; what is raised is a failure of the application. ``shutdown``:
            ``before`` is called while services drain, ``during`` when all other services have stopped, ``after`` when
            the reactor's own ports and connections are closed; what is raised is a failure of the stop.
        callable: A function or coroutine function.
        args: Its arguments.
        kw: Its arguments by keyword.

    Returns:
        What ``removeSystemEventTrigger`` takes.

    Raises:
        UsageError: There is no such phase or event, or the function cannot be called.
    """
    return current().add_trigger(phase, eventType, (callable, args, kw))


def removeSystemEventTrigger(triggerID: Trigger, /) -> None:
    """Do not call a function after all.

    Raises:
        UsageError: It was removed before, or its time is over.
    """
    current().triggers.remove(triggerID)


def callFromThread(callable: Callable[..., Any], /, *args: Any, **kw: Any) -> None:  # noqa: A002, ANN401 (as above)
    """Call a function in the loop's thread; the only function here that other threads may call.

    Raises:
        ReactorNotRunning: The loop has been closed.
    """
    check_callable(callable)
    loop = current_loop()
    if loop is None:
        callLater(0, callable, *args, **kw)
        return
    try:
        loop.call_soon_threadsafe(_call_now, callable, args, kw)
    except RuntimeError as error:
        raise ReactorNotRunning("the loop has been closed") from error


def _call_now(function: Callable[..., Any], args: tuple[Any, ...], kw: dict[str, Any]) -> None:
    current().calls.call(function, args, kw)


def callInThread(callable: Callable[..., Any], /, *args: Any, **kw: Any) -> None:  # noqa: A002, ANN401 (as above)
    """Call a function in a thread of the reactor's pool; what it raises is logged. A stop waits for it."""
    check_callable(callable)
    service = current()
    if running_loop() is None:
        callLater(0, callInThread, callable, *args, **kw)
    else:
        service.calls.in_thread(callable, args, kw)


def suggestThreadPoolSize(size: int, /) -> None:
    """Set how many threads ``callInThread`` may use; 10 until then.

    Raises:
        UsageError: It is no whole number from 1 up.
    """
    current().calls.resize(size)


def run(installSignalHandlers: bool = True) -> None:  # noqa: FBT001, FBT002 (the framework's signature)
    """Run what a script has asked for, until ``stop()``, SIGINT or SIGTERM; a ``.tac`` does not need it.

    Raises:
        StartError: What was asked for could not be started.
        ServiceFailedError: Something failed later.
        LifecycleError: The loop runs already, or a ``.tac`` is being loaded.
    """
    from svcctl.application.scripting.script import Script, nameless  # noqa: PLC0415 (only scripts)

    Script(nameless(), "reactor.run()", signals=installSignalHandlers).run()


def stop() -> None:
    """Stop the application in an orderly way, as SIGTERM does, and end the process with status 0.

    Raises:
        ReactorNotRunning: It does not run, or is stopping already.
    """
    root = current_root()
    if root is None or root.state.value == "stopping" or current().stop_asked:
        raise ReactorNotRunning("the application does not run, or is stopping already")
    current().stop_asked = True
    asyncio.get_running_loop().call_soon(_leave)


def _leave() -> None:
    from svcctl.application.scripting.script import ReactorStopped  # noqa: PLC0415 (only at the end)

    raise ReactorStopped(0)


_INSTEAD = {
    "spawnProcess": "use svcctl.application.procmon.ProcessMonitor, or asyncio.create_subprocess_exec",
    "resolve": "use asyncio's loop.getaddrinfo",
    "nameResolver": "use asyncio's loop.getaddrinfo",
    "iterate": "the loop is asyncio's; await something instead",
    "mainLoop": "the loop is asyncio's; run() runs it",
    "crash": "use stop()",
    "getThreadPool": "use callInThread, or asyncio.to_thread",
    "threadpool": "use callInThread, or asyncio.to_thread",
    "addReader": "use asyncio's loop.add_reader",
    "removeReader": "use asyncio's loop.remove_reader",
    "addWriter": "use asyncio's loop.add_writer",
    "removeWriter": "use asyncio's loop.remove_writer",
    "adoptStreamPort": "use strports.service with a systemd: endpoint",
    "adoptStreamConnection": "use asyncio's loop.connect_accepted_socket",
    "adoptDatagramPort": "use internet.UDPServer, which takes inherited sockets",
    "fireSystemEvent": "the application's start and stop are its events",
    "install": "the loop is asyncio's; nothing has to be installed",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 (a number, or an error)
    if name == "running":
        root = current_root()
        return root is not None and root.state in RUNNING
    hint = f": {_INSTEAD[name]}" if name in _INSTEAD else ""
    raise AttributeError(f"the reactor of svcctl has no attribute {name!r}{hint}")
