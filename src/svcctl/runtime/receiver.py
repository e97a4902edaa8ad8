"""The receiving side of sd_notify: for whoever starts a process and wants to know when it is ready.

Source: sd_notify(3), unix(7).
"""

from __future__ import annotations

import array
import os
import select
import shutil
import socket
import struct
import tempfile
from types import TracebackType
from typing import NamedTuple, Self

#: Bytes of the longest message that systemd takes.
LONGEST = 4096

_CREDENTIALS = struct.Struct("3i")  # pid, uid, gid
_MOST_DESCRIPTORS = 253


class Message(NamedTuple):
    """One message.

    Attributes:
        fields: Its ``KEY=value`` lines; of a repeated key the first one. Lines without ``=`` are left out.
        pid: The process that sent it, as the kernel says; 0 where the system does not tell.
        uid: That process's user; 0 where the system does not tell.
    """

    fields: dict[str, str]
    pid: int
    uid: int


class Datagram(NamedTuple):
    """One message as it came; whoever takes it has to close its descriptors.

    Attributes:
        data: What it says.
        pid: As for :class:`Message`.
        uid: As for :class:`Message`.
        descriptors: What came along, closed on exec.
        cut: It was longer than a message may be, and its end is lost.
    """

    data: bytes
    pid: int
    uid: int
    descriptors: tuple[int, ...]
    cut: bool


class Receiver:
    """A socket for ``$NOTIFY_SOCKET``, in a folder of its own that only this user can enter.

    Descriptors that come with a message are closed at once, which is what ``BARRIER=1`` waits for. It is a
    context manager: leaving it removes the folder.

    Example:
        >>> with Receiver() as receiver:
        ...     receiver.receive(timeout=0) is None
        True
    """

    def __init__(self) -> None:
        self._folder = tempfile.mkdtemp(prefix="svcctl-notify-")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        #: The value for ``$NOTIFY_SOCKET``.
        self.address = f"{self._folder}/notify"
        try:
            if hasattr(socket, "SO_PASSCRED"):
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
            self._socket.bind(self.address)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the socket and remove its folder."""
        self._socket.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def fileno(self) -> int:
        """Return the socket's descriptor: it is readable when there is a message."""
        return self._socket.fileno()

    def receive(self, timeout: float | None = None, *, wake: int | None = None) -> Message | None:
        """Return the next message.

        Args:
            timeout: Seconds to wait at most; ``None`` for ever.
            wake: A descriptor that ends the wait when it becomes readable.

        Returns:
            ``None`` if none came before the wait was over. A message that is too long is skipped.
        """
        poller = select.poll()
        poller.register(self._socket, select.POLLIN)
        if wake is not None:
            poller.register(wake, select.POLLIN)
        ready = dict(poller.poll(None if timeout is None else timeout * 1000))
        return self._read() if self._socket.fileno() in ready else None

    def take(self) -> Datagram:
        """Return the next message as it came; wait for it."""
        space = socket.CMSG_SPACE(_CREDENTIALS.size) + socket.CMSG_SPACE(_MOST_DESCRIPTORS * 4)
        flags = getattr(socket, "MSG_CMSG_CLOEXEC", 0)
        data, ancillary, returned, _ = self._socket.recvmsg(LONGEST, space, flags)
        pid = uid = 0
        descriptors = array.array("i")
        for level, kind, content in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                descriptors.frombytes(content[: len(content) - len(content) % descriptors.itemsize])
            elif level == socket.SOL_SOCKET and kind == getattr(socket, "SCM_CREDENTIALS", None):
                pid, uid, _ = _CREDENTIALS.unpack(content[: _CREDENTIALS.size])
        return Datagram(data, pid, uid, tuple(descriptors), bool(returned & socket.MSG_TRUNC))

    def _read(self) -> Message | None:
        datagram = self.take()
        for descriptor in datagram.descriptors:
            os.close(descriptor)
        return None if datagram.cut else Message(parse(datagram.data), datagram.pid, datagram.uid)


def parse(data: bytes) -> dict[str, str]:
    r"""Return the fields of a message.

    Example:
        >>> parse(b"READY=1\nSTATUS=3/3 ready")
        {'READY': '1', 'STATUS': '3/3 ready'}
    """
    fields: dict[str, str] = {}
    for line in data.decode("utf-8", "backslashreplace").split("\n"):
        key, equals, value = line.partition("=")
        if key and equals:
            fields.setdefault(key, value)
    return fields
