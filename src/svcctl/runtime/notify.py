"""Tells the init system how the application is: the sending side of sd_notify.

sdnotify opens the connection; the sending is done here, since its ``notify`` writes latin-1, swallows every error
and can attach no descriptor, which ``BARRIER=1`` needs. Source: sd_notify(3), sd_notify_barrier(3).
"""

from __future__ import annotations

import logging
import os
import select
import socket
import time
from array import array
from collections.abc import MutableMapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from svcctl.runtime.runner import Process

_log = logging.getLogger(__name__)

VARIABLE = "NOTIFY_SOCKET"

#: In an upgrade: the descriptor by which the new process talks to the one that it takes over from.
UPGRADE = "SVCCTL_UPGRADE"

#: On Windows: what the names of the events begin with that the service host has made for this process.
EVENTS = "SVCCTL_EVENTS"

#: Seconds for which one message may wait for an init system that does not read; the loop stands still meanwhile.
SEND_LIMIT = 5.0

#: So many descriptors go with one message at most: the kernel's SCM_MAX_FD.
MOST_DESCRIPTORS = 253


class Notifier:
    """A connection to the init system, or to nobody: then every message is dropped.

    Errors are logged, the first of a row; an application goes on when the init system does not listen.

    Args:
        connection: A connected socket that keeps messages apart; ``None`` for nobody.
        provisional: At its other end is the process that this one takes over from, not the init system.
    """

    __slots__ = ("_broken", "_connection", "provisional")

    def __init__(self, connection: socket.socket | None, *, provisional: bool = False) -> None:
        self._connection = connection
        self._broken = False
        self.provisional = provisional

    @property
    def connected(self) -> bool:
        """Whether an init system asked for messages and could be reached."""
        return self._connection is not None

    @property
    def address(self) -> str:
        """Where messages go, as in ``$NOTIFY_SOCKET``; empty for nobody."""
        peer = self._connection.getpeername() if self._connection is not None else ""
        return f"@{os.fsdecode(peer[1:])}" if isinstance(peer, bytes) else peer

    def attend(self, process: Process) -> None:
        """Begin to pass on what the init system asks of a process, where that does not come by signals, as it does here."""

    def send(self, text: str, *, stamped: bool = False, descriptors: Sequence[int] = ()) -> bool:
        r"""Send one message, as one datagram of UTF-8.

        Args:
            text: ``KEY=value`` lines, separated by ``\n``.
            stamped: Add ``MONOTONIC_USEC=`` with the present time.
            descriptors: Go with the message, at most 253. They stay open here.

        Returns:
            Whether it was handed over. Somebody who reads it is not implied: see :meth:`barrier`.

        Raises:
            ValueError: There are too many descriptors.
        """
        if len(descriptors) > MOST_DESCRIPTORS:
            raise ValueError(f"{len(descriptors)} descriptors do not go with one message")
        if self._connection is None:
            return False
        if stamped:
            text += f"\nMONOTONIC_USEC={time.monotonic_ns() // 1000}"
        attached = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array("i", descriptors))] if descriptors else ()
        try:
            self._connection.sendmsg([text.encode("utf-8", "backslashreplace")], attached)
        except OSError as error:
            self._complain(error)
            return False
        self._broken = False
        return True

    def barrier(self, limit: float) -> bool:
        """Wait until the init system has read everything sent so far.

        The wait blocks the thread: this is for the end of the process, when no loop runs any more.

        Args:
            limit: Seconds to wait at most.

        Returns:
            Whether everything was read within the limit.
        """
        if self._connection is None:
            return False
        ours, theirs = os.pipe()
        try:
            sent = self.send("BARRIER=1", descriptors=(theirs,))
            os.close(theirs)
            if not sent:
                return False
            poller = select.poll()
            poller.register(ours, select.POLLHUP)
            return bool(poller.poll(limit * 1000))
        finally:
            os.close(ours)

    def close(self) -> None:
        """Close the connection; messages are dropped from now on."""
        self.turn_to(None)

    def turn_to(self, connection: socket.socket | None) -> None:
        """Send to somebody else from now on, or to nobody."""
        if self._connection is not None:
            self._connection.close()
        self._connection = connection
        self._broken = self.provisional = False

    def _complain(self, error: OSError) -> None:
        if self._broken:
            return
        self._broken = True
        if isinstance(error, ConnectionRefusedError):
            # A starter that waits for readiness only, as the daemon mode's does, is gone afterwards: no fault.
            _log.info("nobody listens for messages any more")
        else:
            _log.warning("the init system takes no message", extra={"svcctl_error": str(error)})


def from_environment(environ: MutableMapping[str, str]) -> Notifier:
    """Connect to the socket that ``$NOTIFY_SOCKET`` names, and remove the variable so that no child inherits it.

    A socket that is not there, or is of a kind that cannot be used, is logged; the result then sends to nobody. A
    process that is to take over from another one tells that one instead: see :mod:`svcctl.runtime.succeeding`.

    Args:
        environ: The process's own environment: sdnotify reads the variable from there by itself.
    """
    if UPGRADE in environ:
        from svcctl.runtime.succeeding import predecessor  # noqa: PLC0415 (only in an upgrade)

        connection = predecessor(environ)
        return Notifier(connection, provisional=connection is not None)
    if EVENTS in environ:
        from svcctl.runtime.windows.notifier import HostNotifier  # noqa: PLC0415 (only below a service host)

        return HostNotifier(environ.pop(EVENTS))
    if not environ.get(VARIABLE):
        environ.pop(VARIABLE, None)
        return Notifier(None)
    try:
        return Notifier(_connect(environ[VARIABLE]))
    except OSError as error:
        _log.warning(
            "cannot reach the init system, it will not be told that the application is ready",
            extra={"svcctl_address": environ[VARIABLE], "svcctl_error": str(error)},
        )
        return Notifier(None)
    finally:
        del environ[VARIABLE]


def _connect(address: str) -> socket.socket:
    if address[0] not in "/@":
        # sdnotify would take vsock:CID:PORT, which is for the first process of a virtual machine, as a file name.
        raise OSError(f"only the path of a socket, or @ and an abstract name, can be used, not {address!r}")
    from sdnotify import SystemdNotifier  # noqa: PLC0415 (only where an init system asks for messages)

    connection: socket.socket = SystemdNotifier(debug=True).socket
    connection.settimeout(SEND_LIMIT)
    return connection
