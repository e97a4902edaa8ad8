"""Folders and files on Windows: folders with the rights that they are to have from the first moment on.

Only Windows can import this. Source: ``CreateDirectoryW``, ``GetNamedSecurityInfoW`` on learn.microsoft.com.
"""

from __future__ import annotations

import ctypes
import os
import shutil
from collections.abc import Iterator
from ctypes import byref, c_void_p
from hashlib import sha256
from pathlib import Path

from svcctl.errors import ConfigurationError, PermissionDeniedError
from svcctl.host.windows import calls, growing
from svcctl.windows import security
from svcctl.windows.structures import SecurityAttributes

_FILE_OBJECT = 1
_OWNER, _DACL, _PROTECTED_DACL = 0x1, 0x4, 0x8000_0000
#: Windows itself and administrators, beside the caller.
_TRUSTED = ("S-1-5-18", "S-1-5-32-544")
_ALREADY_EXISTS = 183
_ACCESS_DENIED = 5


def make(path: str, rights: str) -> bool:
    """Make a folder with its rights; one that is there gets them. Return whether it is new.

    Args:
        path: Absolute path; what it is in is there.
        rights: Who may do what in it, in Microsoft's language for that.

    Raises:
        ConfigurationError: It is somebody else's, is none, or cannot be made.
        PermissionDeniedError: Only administrators can.
    """
    try:
        with security.descriptor(rights) as descriptor:
            attributes = SecurityAttributes(ctypes.sizeof(SecurityAttributes), descriptor, 0)
            try:
                calls.create_directory(path, byref(attributes))
            except OSError as error:
                if getattr(error, "winerror", 0) != _ALREADY_EXISTS:
                    raise
            else:
                return True
            _take_over(path, descriptor)
    except OSError as error:
        number = getattr(error, "winerror", 0)
        message = f"folder {path} cannot be made: {error.strerror} (error {number})"
        if number == _ACCESS_DENIED:
            raise PermissionDeniedError(
                message, hint="be an administrator, in an elevated console"
            ) from error
        raise ConfigurationError(message, hint="give another one with --data") from error
    return False


def remove(path: str) -> None:
    """Remove a folder with all that is in it; what is not there needs no removal.

    Raises:
        ConfigurationError: Something of it cannot be removed.
    """
    try:
        shutil.rmtree(path)
    except FileNotFoundError:
        pass
    except OSError as error:
        raise ConfigurationError(
            f"{error.filename or path} cannot be removed: {error.strerror}", hint="see who has it open"
        ) from error


def exists(path: str) -> bool:
    """Return whether there is something."""
    return os.path.lexists(path)


def digest(path: str) -> str:
    """Return the SHA-256 of a file, hexadecimal.

    Raises:
        OSError: It cannot be read.
    """
    return sha256(Path(path).read_bytes()).hexdigest()


def profiles() -> str:
    """Return the folder that the profiles of users are in."""
    return str(Path(os.environ.get("PUBLIC") or "C:\\Users\\Public").parent)


def last_lines(path: str, count: int) -> list[str]:
    """Return the last lines of a file that may grow meanwhile; none if it is not there."""
    return growing.last_lines(path, count)


def lines(path: str, *, count: int, follow: bool) -> Iterator[str]:
    """Yield the last lines of a file that may grow meanwhile; go on with new ones if that is asked for."""
    return growing.lines(path, count=count, follow=follow)


def _take_over(path: str, descriptor: c_void_p) -> None:
    """Give a folder its rights, if nobody else has made it: whoever owns it could give himself any."""
    if os.path.islink(path) or not os.path.isdir(path) or _is_junction(path):  # noqa: PTH112, PTH114 (texts)
        raise ConfigurationError(f"{path} is no folder", hint="move it away, or give another one with --data")
    owner = _owner(path)
    if owner not in (*_TRUSTED, security.own_user()):
        raise ConfigurationError(
            f"{path} is there already, and its owner is {owner}",
            hint="move it away, or see to its owner and rights yourself",
        )
    dacl = c_void_p()
    calls.get_descriptor_dacl(descriptor, byref(ctypes.c_int32()), byref(dacl), byref(ctypes.c_int32()))
    security.set_named_security(path, _FILE_OBJECT, _DACL | _PROTECTED_DACL, None, None, dacl, None)


def _is_junction(path: str) -> bool:
    return bool(getattr(os.lstat(path), "st_reparse_tag", 0))


def _owner(path: str) -> str:
    owner, descriptor = c_void_p(), c_void_p()
    calls.get_named_security(path, _FILE_OBJECT, _OWNER, byref(owner), None, None, None, byref(descriptor))
    try:
        return security.text_of(owner)
    finally:
        security.local_free(descriptor)
