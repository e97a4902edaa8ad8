"""What a service asks to be kept beyond its process: descriptors and bytes, by name.

The process keeps them where its init system can: the runner says how, see :func:`keep_with`. Where nothing keeps
anything, whatever a service wants kept is not, and the service is told so. Bytes are kept as a sealed piece of
memory, so that nobody can change them meanwhile. Source: sd_notify(3) ``FDSTORE=1``, memfd_create(2).
"""

from __future__ import annotations

import logging
import os
import socket
import stat
from typing import Any, Protocol

from svcctl.errors import UsageError
from svcctl.posix import fcntl

_log = logging.getLogger(__name__)

#: Bytes of the longest key: a name in the init system's store has 255, of which the keeper wants some for itself.
LONGEST = 230

#: Bytes that are kept under one name at most: they stay in memory for as long as the unit is there.
MOST_BYTES = 64 * 1024 * 1024

_DIGITS = 16  # of the digest in place of what a long key loses: enough for two never to meet
_MFD_NOEXEC_SEAL = 8  # memfd_create(2); some kernels insist on it, older ones do not know it


class Keeper(Protocol):
    """What keeps descriptors by key."""

    def put(self, key: str, descriptor: int) -> bool:
        """Keep a copy of a descriptor in place of what the key had; return whether that is done."""

    def get(self, key: str) -> int | None:
        """Return the descriptor of a key, which stays the keeper's."""

    def remove(self, key: str) -> None:
        """Keep what a key has no longer."""


_keeper: Keeper | None = None
_said = False


def keep_with(keeper: Keeper | None) -> None:
    """Say what keeps things for the services of this process; ``None``: nothing does."""
    global _keeper  # noqa: PLW0603 (the store belongs to the process, like its sockets)
    _keeper = keeper


def keep(path: str, name: str, value: Any) -> bool:  # noqa: ANN401 (checked here)
    """Keep a value of the service at a path; the rest as for :meth:`svcctl.application.service.Service.keep`."""
    _check_name(name)
    state = isinstance(value, bytes | bytearray | memoryview)
    descriptor = _in_memory(name, memoryview(value).cast("B")) if state else _descriptor_of(value)
    try:
        if descriptor is None or _keeper is None:
            _say_once(path, name)
            return False
        if not _keeper.put(_key("state" if state else "keep", path, name), descriptor):
            return False
        _keeper.remove(_key("keep" if state else "state", path, name))
        return True
    finally:
        if state and descriptor is not None:
            os.close(descriptor)


def kept(path: str, name: str) -> bytes | socket.socket | int | None:
    """Return what is kept for the service at a path; the rest as for :meth:`svcctl.application.service.Service.kept`."""
    _check_name(name)
    if _keeper is None:
        return None
    found = _keeper.get(_key("state", path, name))
    if found is not None:
        return _contents(found)
    found = _keeper.get(_key("keep", path, name))
    if found is None:
        return None
    copy = fcntl.fcntl(found, fcntl.F_DUPFD_CLOEXEC, 3)
    return socket.socket(fileno=copy) if stat.S_ISSOCK(os.fstat(copy).st_mode) else copy


def drop(path: str, name: str) -> None:
    """Keep a value no longer; the rest as for :meth:`svcctl.application.service.Service.drop`."""
    _check_name(name)
    if _keeper is not None:
        _keeper.remove(_key("state", path, name))
        _keeper.remove(_key("keep", path, name))


def _say_once(path: str, name: str) -> None:
    global _said
    level, _said = logging.DEBUG if _said else logging.INFO, True
    _log.log(
        level,
        "not kept: no init system keeps anything for this process",
        extra={"svcctl_path": path, "svcctl_name": name},
    )


def _check_name(name: object) -> None:
    if not isinstance(name, str) or not name:
        raise UsageError(f"{name!r} is no name to keep something under", hint='give a text such as "cursor"')


def _key(kind: str, path: str, name: str) -> str:
    """Return the key of a value: printable ASCII without ``:`` and ``~``, different for different services.

    A slash in the name is written as an escape, so that no name looks like the path of another service.

    Example:
        >>> _key("state", "shop/db", "cursor 1/2")
        'state/shop/db/cursor%201%2F2'
    """
    key = f"{kind}/{_escaped(path, '/%')}/{_escaped(name, '')}"
    if len(key) <= LONGEST:
        return key
    from hashlib import sha256  # noqa: PLC0415 (only for names that are too long)

    return f"{key[: LONGEST - _DIGITS - 1]}!{sha256(key.encode()).hexdigest()[:_DIGITS]}"


def _escaped(text: str, also: str) -> str:
    plain = f"-._{also}"
    return "".join(
        char if char.isascii() and (char.isalnum() or char in plain) else _hexadecimal(char) for char in text
    )


def _hexadecimal(char: str) -> str:
    return "".join(f"%{byte:02X}" for byte in char.encode("utf-8", "surrogatepass"))


def _descriptor_of(value: Any) -> int:  # noqa: ANN401 (checked here)
    number = value if isinstance(value, int) else getattr(value, "fileno", lambda: -1)()
    try:
        if isinstance(number, bool) or not isinstance(number, int) or number < 0:
            raise UsageError(
                f"{value!r} cannot be kept", hint="give bytes, or something open that has a fileno()"
            )
        if not isinstance(value, socket.socket):  # whose number Windows knows in another place
            os.fstat(number)
    except OSError as error:
        raise UsageError(f"descriptor {number} cannot be kept: {error.strerror}") from error
    return number


def _in_memory(name: str, content: memoryview) -> int | None:
    """Return a descriptor of sealed memory with a content; ``None`` where the system has no such thing."""
    if len(content) > MOST_BYTES:
        raise UsageError(f"{name!r} has {len(content)} bytes", hint=f"at most {MOST_BYTES} are kept")
    if not hasattr(os, "memfd_create"):
        return None
    flags = os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING
    try:
        descriptor = os.memfd_create("svcctl", flags | _MFD_NOEXEC_SEAL)
    except OSError:
        descriptor = os.memfd_create("svcctl", flags)
    try:
        while content:
            content = content[os.write(descriptor, content) :]
        seals = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL
        fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, seals)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _contents(descriptor: int) -> bytes:
    """Return all bytes of a piece of memory, wherever its file position is."""
    size = os.fstat(descriptor).st_size
    parts, position = [], 0
    while position < size and (part := os.pread(descriptor, size - position, position)):
        parts.append(part)
        position += len(part)
    return b"".join(parts)
