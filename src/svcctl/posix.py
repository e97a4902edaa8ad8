"""What only POSIX systems have, for modules that Windows loads, too: there it is refused when it is used, not before.

Of the flags for ``os.open``, Windows needs none: what they rule out does not exist there. Its own, by which a file is
no text, is nothing elsewhere.
"""

from __future__ import annotations

import errno
import importlib
import os
import socket
import sys
from typing import TYPE_CHECKING, Any, NoReturn

from svcctl.errors import UsageError

if TYPE_CHECKING:
    import fcntl as fcntl  # noqa: PLC0414 (for whoever imports this)
    import grp as grp  # noqa: PLC0414 (for whoever imports this)
    import pwd as pwd  # noqa: PLC0414 (for whoever imports this)
    import resource as resource  # noqa: PLC0414 (for whoever imports this)

AF_UNIX: int = vars(socket).get("AF_UNIX", -1)

O_BINARY: int = vars(os).get("O_BINARY", 0)
O_CLOEXEC: int = vars(os).get("O_CLOEXEC", 0)
O_DIRECTORY: int = vars(os).get("O_DIRECTORY", 0)
O_NOCTTY: int = vars(os).get("O_NOCTTY", 0)
O_NOFOLLOW: int = vars(os).get("O_NOFOLLOW", 0)
O_NONBLOCK: int = vars(os).get("O_NONBLOCK", 0)
O_PATH: int = vars(os).get("O_PATH", 0)

_MODULES = ("fcntl", "grp", "pwd", "resource")


def geteuid() -> int:
    """Return whom files of this process belong to, as ``stat`` tells it: on Windows 0, as for all files there."""
    return os.geteuid() if hasattr(os, "geteuid") else 0


def unix_family() -> int:
    """Return the family of sockets that have paths.

    Raises:
        OSError: This is Windows, whose Python has none.
    """
    if AF_UNIX < 0:
        raise OSError(errno.EAFNOSUPPORT, "Python has no UNIX sockets on Windows")
    return AF_UNIX


def reason(number: int) -> str:
    """Return the system's text for the number of an error; those of sockets have numbers of their own on Windows."""
    if sys.platform == "win32":
        return str(importlib.import_module("ctypes").FormatError(number))
    return os.strerror(number)


def require(what: str) -> None:
    """Refuse something where this is Windows.

    Args:
        what: It, as the beginning of a sentence.

    Raises:
        UsageError: This is Windows.
    """
    if sys.platform == "win32":
        raise refusal(what)


def refusal(what: str) -> UsageError:
    """Return the error for something that there is not on Windows."""
    return UsageError(f"{what}: that does not exist on Windows", hint="do it on Linux, or leave it out")


class _Missing:
    """Stands for a module that the system does not have."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("__"):
            raise AttributeError(name)
        raise refusal(f"{self._name}.{name}")


def __getattr__(name: str) -> Any:  # noqa: ANN401 (a module)
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        found: Any = importlib.import_module(name)
    except ModuleNotFoundError:
        found = _Missing(name)
    globals()[name] = found
    return found
