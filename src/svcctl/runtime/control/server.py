"""Serves the clients of one process. Loaded when the first one connects.

The file's rights say who may connect: root and the user of the process. That the peer is one of them is checked
besides, because a process that runs as root for others may be asked to connect anywhere.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import struct
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from svcctl.errors import SvcctlError
from svcctl.runtime.control import methods
from svcctl.runtime.control.connection import LONGEST_REPLY, Call, Connection, encode
from svcctl.runtime.control.errors import OURS, VARLINK, CallError, error_for, invalid
from svcctl.runtime.control.interfaces import INTERFACES
from svcctl.runtime.control.reloads import Reloads
from svcctl.runtime.control.watching import Watchers

if TYPE_CHECKING:
    from svcctl.runtime.control.opening import Control

_log = logging.getLogger(__name__)

#: Clients at a time; with one more, the one that has been silent longest goes.
MOST_CLIENTS = 32

#: Seconds between two records about clients that do not keep to the rules.
_COMPLAINTS_EVERY = 10.0

#: Connections taken in one turn of the loop.
_AT_ONCE = 8


class Server:
    """Answers the calls of clients.

    Args:
        control: The socket they come by, and the process that it is about.

    Attributes:
        process: The process.
        book: The book about its tree.
        watchers: Those who want to hear of events.
        reloads: Those who wait for the end of a reload.
    """

    def __init__(self, control: Control) -> None:
        self.process = control.process
        self.book = control.book
        self.loop = asyncio.get_running_loop()
        self.watchers = Watchers(self.book, control.process.state.phase.value)
        self.reloads = Reloads(control.process)
        self._clients: set[Connection] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._complained = -_COMPLAINTS_EVERY
        self._kept_quiet = 0

    def told(self, event: object) -> None:
        """Take note that the process has dealt with an event."""
        self.reloads.told(event)
        self.watchers.phase(self.process.state.phase.value)

    def accept(self, listener: socket.socket) -> None:
        """Take the clients that wait."""
        for _ in range(_AT_ONCE):
            try:
                sock, _ = listener.accept()
            except OSError:  # nobody is left, or there are no descriptors: the next turn tries again
                return
            if not _may(sock):
                self.complain("it is neither root nor the user of the service")
                sock.close()
                continue
            self.take(sock)

    def take(self, sock: socket.socket) -> None:
        """Serve a client that has connected."""
        sock.setblocking(False)  # noqa: FBT003 (the standard library's signature)
        self._make_room()
        connection = Connection(self)
        self._clients.add(connection)
        self._run(self._attach(connection, sock))

    def answer(self, client: Connection, call: Call) -> None:
        """Answer a call, now or when it is done."""
        _log.debug("control call", extra={"svcctl_method": call.method})
        try:
            result = self._call(client, call)
        except Exception as error:  # noqa: BLE001 (a fault of ours must not leave the client without an answer)
            self._refuse(client, call, error)
        else:
            if asyncio.iscoroutine(result):
                self._run(self._finish(client, call, result))
                return
            if result is not None:
                self._reply(client, call, result)
            else:
                return  # it streams from now on
        client.ended()

    def unwatch(self, client: Connection) -> None:
        """Stream nothing more to a client that says nothing more itself."""
        if self.watchers.remove(client):
            client.transport.close()

    def forget(self, client: Connection) -> None:
        """Take note that a client has gone."""
        self._clients.discard(client)
        self.watchers.remove(client)

    def complain(self, reason: str) -> None:
        """Log that a client was refused; not each time, so that it cannot fill the log."""
        if self.loop.time() < self._complained + _COMPLAINTS_EVERY:
            self._kept_quiet += 1
            return
        _log.warning(
            "control client refused",
            extra={"svcctl_reason": reason, "svcctl_others_since": self._kept_quiet},
        )
        self._complained, self._kept_quiet = self.loop.time(), 0

    def _call(
        self, client: Connection, call: Call
    ) -> dict[str, Any] | bytes | Coroutine[Any, Any, Any] | None:
        name, _, method = call.method.rpartition(".")
        interface = INTERFACES.get(name)
        if interface is None:
            raise CallError(f"{VARLINK}.InterfaceNotFound", interface=name)
        if method not in interface.methods:
            raise CallError(f"{VARLINK}.MethodNotFound", method=call.method)
        wrong = interface.wrong(interface.methods[method].takes, call.parameters)
        if wrong is not None:
            raise invalid(wrong)
        if call.upgrade:
            raise invalid("upgrade")
        given = {name: value for name, value in call.parameters.items() if value is not None}
        if method == "Watch":
            if not call.more:
                raise CallError(f"{VARLINK}.ExpectedMore")
            self.watchers.add(client, given.get("path", ""))
            return None
        answering = methods.METHODS[name][method]
        result: dict[str, Any] | bytes | Coroutine[Any, Any, Any] = answering(self, **given)
        return result

    async def _finish(self, client: Connection, call: Call, work: Coroutine[Any, Any, Any]) -> None:
        try:
            result = await work
        except Exception as error:  # noqa: BLE001 (a fault of ours must not leave the client without an answer)
            self._refuse(client, call, error)
        else:
            self._reply(client, call, result)
        client.ended()

    def _reply(self, client: Connection, call: Call, result: dict[str, Any] | bytes) -> None:
        if call.oneway:
            return
        body = result if isinstance(result, bytes) else encode(result)
        if len(body) + 64 > LONGEST_REPLY:
            client.reply({"size": len(body), "limit": LONGEST_REPLY}, error=f"{OURS}.TooLarge")
        else:
            client.reply(body)

    def _refuse(self, client: Connection, call: Call, error: Exception) -> None:
        if not isinstance(error, CallError | SvcctlError | ExceptionGroup):
            _log.error("control call failed", exc_info=error, extra={"svcctl_method": call.method})
        known = error_for(error, str(call.parameters.get("path") or ""))
        if not call.oneway:
            client.reply(known.parameters, error=known.name)

    async def _attach(self, connection: Connection, sock: socket.socket) -> None:
        try:
            await self.loop.connect_accepted_socket(lambda: connection, sock)
        except OSError:
            self._clients.discard(connection)
            sock.close()

    def _make_room(self) -> None:
        if len(self._clients) < MOST_CLIENTS:
            return
        idle = [each for each in self._clients if not each.busy and hasattr(each, "transport")]
        victim = min(
            idle or [each for each in self._clients if hasattr(each, "transport")], key=lambda each: each.used
        )
        victim.give_up("there are too many of them")
        self._clients.discard(victim)

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        task = self.loop.create_task(work)
        self._tasks.add(task)  # the loop itself does not hold on to it
        task.add_done_callback(self._tasks.discard)


def _may(sock: socket.socket) -> bool:
    """Tell whether the peer is root or this process's own user."""
    option = getattr(socket, "SO_PEERCRED", None)
    if option is None:
        return True
    size = struct.calcsize("3i")
    uid: int = struct.unpack("3i", sock.getsockopt(socket.SOL_SOCKET, option, size))[1]
    return uid in {0, os.geteuid()}
