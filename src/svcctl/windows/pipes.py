r"""Pipes with names, in both directions, that nobody has to wait for; only Windows can import this.

Somebody else may have made a pipe of a name that is not taken. So a server insists on being the first, and a client
lets no server act in its name and asks which process it is. Source: "Named Pipes" and "Named Pipe Security and Access
Rights" on learn.microsoft.com.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
from ctypes import c_uint32, c_void_p, c_wchar_p
from typing import Any

from svcctl.windows import security
from svcctl.windows.declaring import declare, windows
from svcctl.windows.structures import SecurityAttributes

#: The part of Python that its own modules for processes use; it has types on Windows alone.
_winapi: Any = importlib.import_module("_winapi")

_DUPLEX, _OVERLAPPED, _FIRST = 0x3, 0x40000000, 0x00080000
_REJECT_REMOTE = 0x8
_UNLIMITED = 255
_READ_WRITE, _OPEN_EXISTING = 0xC0000000, 3
_IDENTIFY_ONLY = 0x00100000 | 0x00010000
_BUFFER = 65_536
_CONNECTED, _BROKEN, _BUSY = 535, (109, 232, 233), 231
_FOREVER = 0xFFFFFFFF

_kernel32 = windows.WinDLL("kernel32", use_last_error=True)

_server_of = declare(_kernel32, "GetNamedPipeServerProcessId", c_uint32, c_void_p, c_void_p)
_create_event = declare(_kernel32, "CreateEventW", c_void_p, c_void_p, c_uint32, c_uint32, c_wchar_p)
_set_event = declare(_kernel32, "SetEvent", c_uint32, c_void_p)


class Signal:
    """Something that happens once, and that threads can wait for together with a pipe."""

    def __init__(self) -> None:
        self.handle: int = _create_event(None, 1, 0, None)

    def set(self) -> None:
        """Let it have happened."""
        _set_event(self.handle)

    def close(self) -> None:
        """Forget it; nobody may wait any more."""
        _winapi.CloseHandle(self.handle)


class Pipe:
    """One end of a pipe that is connected.

    Args:
        handle: Its handle, which is closed with it.
    """

    def __init__(self, handle: int) -> None:
        self._handle = handle

    def read(self, most: int, *, limit: float | None = None, until: Signal | None = None) -> bytes:
        """Return what has come, up to so many bytes; nothing at the end, and when the signal comes first.

        Raises:
            TimeoutError: Nothing has come within so many seconds.
            OSError: It cannot be read.
        """
        try:
            overlapped, _ = _winapi.ReadFile(self._handle, most, overlapped=True)
            if not _completed(overlapped, limit, until):
                return b""
            return bytes(overlapped.getbuffer() or b"")
        except OSError as error:
            if getattr(error, "winerror", 0) in _BROKEN:
                return b""
            raise

    def write(self, data: bytes, *, limit: float | None = None) -> None:
        """Write all of it.

        Raises:
            TimeoutError: Nobody has read it within so many seconds.
            OSError: Nobody is there any more.
        """
        rest = memoryview(data)
        while rest:
            overlapped, _ = _winapi.WriteFile(self._handle, rest[:_BUFFER], overlapped=True)
            _completed(overlapped, limit, None)
            written, _ = overlapped.GetOverlappedResult(True)  # noqa: FBT003 (C's order)
            rest = rest[written:]

    def server(self) -> int:
        """Return the process at the other end that has made the pipe.

        Raises:
            OSError: Windows does not tell.
        """
        number = c_uint32()
        _server_of(self._handle, ctypes.byref(number))
        return number.value

    def close(self) -> None:
        """Close this end; what has been written can still be read."""
        if self._handle:
            _winapi.CloseHandle(self._handle)
            self._handle = 0


class Listener:
    """Makes a pipe and takes those who connect to it: administrators, the system, and who this process runs as.

    Args:
        name: The name of the pipe.

    Raises:
        OSError: Another process has a pipe of that name, or Windows has none to give.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        rights = f"D:P(D;;GA;;;NU)(A;;GA;;;SY)(A;;GA;;;BA)(A;;GA;;;{security.own_user()})"
        self._kept = contextlib.ExitStack()
        descriptor = self._kept.enter_context(security.descriptor(rights))
        self._attributes = SecurityAttributes(ctypes.sizeof(SecurityAttributes), descriptor, 0)
        self._next = self._make(_FIRST)

    def accept(self, until: Signal) -> Pipe | None:
        """Wait for somebody to connect; ``None`` if the signal comes first.

        Raises:
            OSError: Windows has no further pipe to give; the next call tries again.
        """
        if not self._next:
            self._next = self._make(0)
        try:
            overlapped = _winapi.ConnectNamedPipe(self._next, overlapped=True)
            if not _completed(overlapped, None, until):
                return None
        except OSError as error:
            if getattr(error, "winerror", 0) not in {_CONNECTED, *_BROKEN}:
                raise
        connected, self._next = Pipe(self._next), 0
        with contextlib.suppress(OSError):  # the next call tries again
            self._next = self._make(0)
        return connected

    def close(self) -> None:
        """Take nobody any more."""
        if self._next:
            _winapi.CloseHandle(self._next)
            self._next = 0
        self._kept.close()

    def _make(self, first: int) -> int:
        mode, attributes = _DUPLEX | _OVERLAPPED | first, ctypes.addressof(self._attributes)
        made: int = _winapi.CreateNamedPipe(
            self.name, mode, _REJECT_REMOTE, _UNLIMITED, _BUFFER, _BUFFER, 0, attributes
        )
        return made


def connect(name: str, limit: float | None = None) -> Pipe:
    """Connect to a pipe of this machine, whose server learns who we are and cannot act as if it were us.

    Raises:
        TimeoutError: It takes nobody else within so many seconds.
        PermissionError: It is not for us.
        OSError: There is none.
    """
    patience = _FOREVER if limit is None else max(1, int(limit * 1000))
    flags = _OVERLAPPED | _IDENTIFY_ONLY
    while True:
        try:
            handle = _winapi.CreateFile(
                name, _READ_WRITE, 0, _winapi.NULL, _OPEN_EXISTING, flags, _winapi.NULL
            )
        except OSError as error:
            if getattr(error, "winerror", 0) != _BUSY:
                raise
            _wait_for(name, patience)
        else:
            return Pipe(handle)


def _wait_for(name: str, patience: int) -> None:
    try:
        _winapi.WaitNamedPipe(name, patience)
    except OSError as error:
        if getattr(error, "winerror", 0) == _winapi.ERROR_SEM_TIMEOUT:
            raise TimeoutError(f"{name} takes nobody else") from None
        raise


def _completed(overlapped: Any, limit: float | None, until: Signal | None) -> bool:  # noqa: ANN401 (it has no public type)
    """Wait for the end of reading, writing or connecting; return whether it came before the signal."""
    handles = [overlapped.event] if until is None else [overlapped.event, until.handle]
    milliseconds = _FOREVER if limit is None else max(0, int(limit * 1000))
    first = _winapi.WaitForMultipleObjects(handles, False, milliseconds)  # noqa: FBT003 (C's order)
    if first == _winapi.WAIT_OBJECT_0:
        overlapped.GetOverlappedResult(True)  # noqa: FBT003 (the same)
        return True
    overlapped.cancel()
    with contextlib.suppress(OSError):  # it was called off
        overlapped.GetOverlappedResult(True)  # noqa: FBT003 (the same)
    if first == _winapi.WAIT_TIMEOUT:
        raise TimeoutError("the other end of the pipe does not move")
    return False
