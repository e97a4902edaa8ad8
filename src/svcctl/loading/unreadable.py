"""Why a file cannot be read, in terms that its owner can mend."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

from svcctl.errors import ApplicationNotFoundError
from svcctl.posix import grp, pwd


def unreadable(path: str, error: OSError | ValueError) -> ApplicationNotFoundError:
    """Return the error for a file that could not be opened.

    Args:
        path: Absolute path of the file.
        error: What opening it raised.
    """
    if isinstance(error, FileNotFoundError):
        return ApplicationNotFoundError(f"there is no file {path!r}", hint=_nearest(path))
    if isinstance(error, PermissionError):
        return _denied(path)
    reason = error.strerror if isinstance(error, OSError) else str(error)
    return ApplicationNotFoundError(f"{path!r} cannot be read: {reason}", hint="name a .tac file")


def user_name(uid: int) -> str:
    """Return the name of a user, or the number if there is none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _group_name(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)


def _nearest(path: str) -> str:
    """Return which part of a path is missing, or which file may be meant."""
    file = Path(path)
    try:
        if not file.parent.is_dir():
            return f"its folder {str(file.parent)!r} does not exist either"
        others = sorted(entry.name for entry in file.parent.iterdir() if entry.suffix == ".tac")
    except OSError:
        return "check the path"
    return f"its folder holds {', '.join(others[:5])}" if others else "its folder holds no .tac file"


def _denied(path: str) -> ApplicationNotFoundError:
    if sys.platform == "win32":
        return ApplicationNotFoundError(
            f"{path!r} cannot be read by this user",
            hint="let it read the file and the folders above, or run as another",
        )
    reader = f"the user {user_name(os.geteuid())}"
    file = Path(path)
    for folder in reversed(file.parents):
        try:
            found = folder.stat()
        except OSError:
            continue
        if not os.access(folder, os.X_OK, effective_ids=os.access in os.supports_effective_ids):
            may = f"the folder {str(folder)!r} ({_rights(found)}) does not let {reader} through"
            return ApplicationNotFoundError(f"{path!r} cannot be read: {may}", hint=_move(reader))
    try:
        rights = _rights(file.stat())
    except OSError:
        rights = "of unknown owner"
    return ApplicationNotFoundError(
        f"{path!r} ({rights}) cannot be read by {reader}", hint=f"let {reader} read it, or run as its owner"
    )


def _move(reader: str) -> str:
    return f"put the application where {reader} may read it, such as below /srv or /opt"


def _rights(found: os.stat_result) -> str:
    mode = stat.S_IMODE(found.st_mode)
    return f"owner {user_name(found.st_uid)}, group {_group_name(found.st_gid)}, mode {mode:04o}"
