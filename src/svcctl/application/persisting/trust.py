"""Opens files without being led astray: what others own or could have written is refused.

The rules are those of ``svcctl.host.files``: a folder on the way must belong to root or to the caller, and nobody
else may be able to exchange what is in it. A folder that all may write but that is sticky, as /tmp, may lie on the
way, but is no place for state.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from svcctl.application.persisting import places
from svcctl.errors import SavedStateError, UsageError
from svcctl.posix import O_CLOEXEC, O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_PATH

_WAY = O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW
_FOLDER = os.O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW
_LINKS = 40  # as many as the kernel follows: path_resolution(7)


class Rule(NamedTuple):
    """What a file must be like.

    Attributes:
        forbidden: Permission bits that it must not have.
        owners: Who may own it, beside root and the caller.
        group: The group of root and the caller's own may write it, as they may in the folders on the way.
    """

    forbidden: int = 0o022
    owners: tuple[int, ...] = ()
    group: bool = False


#: State: nobody else could have written it.
STATE = Rule()
#: A secret of ours: nobody else could have read it either.
SECRET = Rule(forbidden=0o077)
#: A secret that the init system handed over: where it uses access lists, the group's bits are their mask.
CREDENTIAL = Rule(forbidden=0o037)
#: Code: nobody else could have written it, but for the group that the user has to himself.
CODE = Rule(group=True)


def absolute(path: str) -> str:
    """Return a path from the root; links in it stay as they are."""
    return path if path.startswith("/") else f"{os.getcwd()}/{path}"  # noqa: PTH109 (paths are texts here)


@contextmanager
def folder_of(path: str, *, listed: bool = False, owners: Collection[int] = ()) -> Iterator[tuple[int, str]]:
    """Open the folder that a file is in; yield its descriptor and the file's name in it.

    Args:
        path: Path of the file; a relative one counts from the working directory.
        listed: The folder itself is to be synchronised or listed, which takes more than passing through it.
        owners: Who may own the folder, beside root and the caller.

    Raises:
        FileNotFoundError: A folder on the way is not there.
        SavedStateError: Another user could exchange what is in it, or in a folder on the way.
        UsageError: This is Windows, where that is not checked.
        OSError: A folder on the way cannot be opened.
    """
    if sys.platform == "win32":
        raise UsageError(
            "saved applications are not used on Windows: who could have written a file is not checked there",
            hint="start it from its code",
        )
    above, _, name = absolute(path).rpartition("/")
    if name in {"", ".", ".."}:
        raise SavedStateError(f"{path} names no file", hint="name a file in that folder")
    way = _open_given(above) if above == places.given_folder() else _open_way(above)
    try:
        _check_folder(way, above, last=True, owners=owners)
        if not listed:
            yield way, name
            return
        folder = os.open(".", _FOLDER, dir_fd=way)
        try:
            yield folder, name
        finally:
            os.close(folder)
    finally:
        os.close(way)


def read(folder: int, name: str, path: str, rule: Rule) -> bytes:
    """Return what is in a file of an opened folder.

    Args:
        folder: Descriptor of the folder.
        name: Name of the file in it.
        path: Path of the file, for messages.
        rule: What the file must be like.

    Raises:
        FileNotFoundError: There is none.
        SavedStateError: It is a link or no regular file, or others own it or have rights that they must not have.
        OSError: It cannot be read.
    """
    check_kind(os.stat(name, dir_fd=folder, follow_symlinks=False), path)
    # O_NONBLOCK: a pipe that has come into its place must not keep us waiting for a writer.
    file = os.open(name, os.O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, dir_fd=folder)
    try:
        info = os.fstat(file)
        check_kind(info, path)
        _check_file(info, path, rule)
        with os.fdopen(file, "rb", closefd=False) as opened:
            return opened.read()
    finally:
        os.close(file)


def check_kind(info: os.stat_result, path: str) -> None:
    """Refuse what is no regular file.

    Raises:
        SavedStateError: It is a link, a folder, a device or the like.
    """
    if stat.S_ISLNK(info.st_mode):
        raise SavedStateError(
            f"{path} is a link, which could lead anywhere", hint="name the file that it leads to"
        )
    if not stat.S_ISREG(info.st_mode):
        what = "a folder" if stat.S_ISDIR(info.st_mode) else "no regular file"
        raise SavedStateError(f"{path} is {what}", hint="name a file")


def _check_file(info: os.stat_result, path: str, rule: Rule) -> None:
    if info.st_uid not in {0, os.geteuid(), *rule.owners}:
        raise SavedStateError(
            f"{path} belongs to another user (uid {info.st_uid}), who decides what is in it",
            hint="run as that user",
        )
    forbidden = rule.forbidden
    if rule.group and info.st_gid in {0, os.getegid()}:
        forbidden &= ~stat.S_IRWXG
    if info.st_mode & forbidden:
        verb = "write" if info.st_mode & forbidden & 0o022 else "read"
        raise SavedStateError(
            f"{path} can be {'written' if verb == 'write' else verb} by other users "
            f"(mode {stat.S_IMODE(info.st_mode):04o})",
            hint=f"if nobody has, make it yours alone: chmod go-{'w' if verb == 'write' else 'rwx'} {path}",
        )


def _open_given(path: str) -> int:
    """Open the state folder: whoever gave it answers for the way to it, systemd's own link included."""
    return os.open(os.path.realpath(path), _WAY)


def _open_way(path: str) -> int:
    """Open a folder one component at a time, so that no link of a stranger's is followed."""
    opened = [os.open("/", _WAY)]
    pending = _components(path)
    links = 0
    try:
        while pending:
            part = pending.pop()
            if part == "..":
                if len(opened) > 1:
                    os.close(opened.pop())
                continue
            _check_folder(opened[-1], path, last=False)
            info = os.stat(part, dir_fd=opened[-1], follow_symlinks=False)
            if not stat.S_ISLNK(info.st_mode):
                opened.append(os.open(part, _WAY, dir_fd=opened[-1]))
                continue
            links += 1
            _check_link(info, f"{path}: {part}", links)
            target = os.readlink(part, dir_fd=opened[-1])
            if target.startswith("/"):
                _close_from(opened, 1)
            pending += _components(target)
        return os.dup(opened[-1])
    finally:
        _close_from(opened, 0)


def _components(path: str) -> list[str]:
    return [part for part in reversed(path.split("/")) if part not in {"", "."}]


def _close_from(opened: list[int], first: int) -> None:
    while len(opened) > first:
        os.close(opened.pop())


def _check_link(info: os.stat_result, where: str, links: int) -> None:
    if not _may_be_on_the_way(info.st_uid):
        raise SavedStateError(
            f"{where} is a link made by another user (uid {info.st_uid})", hint="look at it and remove it"
        )
    if links > _LINKS:
        raise SavedStateError(f"{where}: too many links on the way", hint="they lead in a circle")


def _check_folder(folder: int, path: str, *, last: bool, owners: Collection[int] = ()) -> None:
    """Refuse a folder in which another user could exchange files."""
    info = os.fstat(folder)
    others = bool(info.st_mode & stat.S_IWOTH)
    # The groups of root and of the caller (often the user's private group) add nobody else.
    group = bool(info.st_mode & stat.S_IWGRP) and info.st_gid not in {0, os.getegid()}
    safe = info.st_uid in {0, os.geteuid(), *owners} if last else _may_be_on_the_way(info.st_uid)
    if not safe:
        problem, command = f"belongs to another user (uid {info.st_uid})", f"chown {os.geteuid() or 'root'}"
    elif (others or group) and (last or not info.st_mode & stat.S_ISVTX):
        problem = f"can be written by other users (mode {stat.S_IMODE(info.st_mode):04o})"
        command = "chmod go-w"
    else:
        return
    where = _name_of(folder) or path
    raise SavedStateError(
        f"{where} {problem}, so that nothing in it is safe from them",
        hint=f"use a folder of your own, or make it yours alone: {command} {where}",
    )


def _name_of(folder: int) -> str:
    try:
        return os.readlink(f"/proc/self/fd/{folder}")  # noqa: PTH115 (paths are texts here)
    except OSError:
        return ""


def _may_be_on_the_way(uid: int) -> bool:
    """Tell whether a folder or link of this user may lie on the way: it is root's or the caller's.

    In a user namespace that does not know root, root's are the overflow user's. Source: user_namespaces(7).
    """
    if uid in {0, os.geteuid()}:
        return True
    try:
        with open("/proc/self/uid_map", encoding="ascii") as known:  # noqa: PTH123 (paths are texts here)
            if any(line.split()[0] == "0" for line in known):
                return False
        with open("/proc/sys/kernel/overflowuid", encoding="ascii") as overflow:  # noqa: PTH123 (the same)
            return uid == int(overflow.read())
    except (OSError, ValueError):
        return False
