"""Finds and reads files without being led astray by links that other users made.

Folders are opened one component at a time. A folder on the way must belong to root or to the caller, and nobody
else may be able to exchange what is in it: then no link in it is a stranger's. Absolute links lead back to the
``root`` they were found under, as they would for a process that has it as its root folder.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal, NamedTuple

from svcctl.errors import ConfigurationError, PermissionDeniedError
from svcctl.posix import O_CLOEXEC, O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_PATH

_FOLDER = os.O_RDONLY | O_DIRECTORY | O_CLOEXEC
_LINKS = 40  # as many as the kernel follows: path_resolution(7)
_NOT_A_FOLDER = (errno.ENOTDIR, errno.ELOOP)


class Contents(NamedTuple):
    """A file as it is now.

    Attributes:
        data: Its bytes.
        mode: Its permission bits.
    """

    data: bytes
    mode: int


def open_folder(root: str, path: str, *, shared: bool = False) -> int:
    """Open a folder and return its descriptor, which the caller closes.

    Args:
        root: The folder that ``path`` is below; empty for the machine's own.
        path: Absolute path of the folder.
        shared: A group may write to root's folders, as syslog may to /var/log on some systems. Its members can
            exchange what is in them, but neither make folders nor links of root's: enough to look at something,
            not to rely on it.

    Raises:
        FileNotFoundError: It, or one on the way, is not there.
        PermissionDeniedError: Another user could exchange what is in it, or in a folder on the way.
        ConfigurationError: Something on the way is no folder, or links lead in a circle.
    """
    opened = [os.open(root or "/", _FOLDER)]
    pending = _components(path)
    links = 0
    try:
        while pending:
            part = pending.pop()
            if part == "..":
                if len(opened) > 1:
                    os.close(opened.pop())
                continue
            _check_owner(opened[-1], path, last=False, shared=shared)
            try:
                opened.append(os.open(part, _FOLDER | O_NOFOLLOW, dir_fd=opened[-1]))
            except PermissionError as error:
                hint = "try with sudo"
                raise PermissionDeniedError(
                    f"cannot look into {path}: {error.strerror}", hint=hint
                ) from error
            except OSError as error:
                if error.errno not in _NOT_A_FOLDER:
                    raise
                links += 1
                target = read_link(opened[-1], part, path, links)
                if target.startswith("/"):
                    _close_from(opened, 1)
                pending += _components(target)
        _check_owner(opened[-1], path, last=True, shared=shared)
        return os.dup(opened[-1])
    finally:
        _close_from(opened, 0)


def make_folder(root: str, path: str) -> tuple[str, ...]:
    """Make a folder and those above it that are missing, mode 0755; return the paths of those it made.

    If one of them cannot be made, those above it are removed again.

    Raises:
        PermissionDeniedError: As for :func:`open_folder`, or the system forbids it.
        ConfigurationError: As for :func:`open_folder`, or the disk is full or read-only.
    """
    made: list[str] = []
    above = ""
    try:
        for part in reversed(_components(path)):
            above = f"{above}/{part}"
            try:
                os.close(open_folder(root, above))
            except FileNotFoundError:
                _make(root, above)
                made.append(above)
    except BaseException:
        for folder in reversed(made):
            remove_empty_folder(root, folder)
        raise
    return tuple(made)


def _make(root: str, path: str) -> None:
    with parent(root, path) as (folder, name):
        try:
            os.mkdir(name, 0o755, dir_fd=folder)
        except PermissionError as error:
            hint = "try with sudo"
            raise PermissionDeniedError(f"cannot make {path}: {error.strerror}", hint=hint) from error
        except FileExistsError:
            _refuse_blind_link(folder, name, path)
            return
        except OSError as error:
            hint = "is the disk full or read-only?"
            raise ConfigurationError(f"cannot make {path}: {error.strerror}", hint=hint) from error
        # The umask has no say in who may read what belongs to the whole machine.
        os.chmod(name, 0o755, dir_fd=folder)  # noqa: S103 (as /var/lib and /etc/systemd are)


def _refuse_blind_link(folder: int, name: str, path: str) -> None:
    """Refuse a link that leads nowhere; anything else was made by somebody else meanwhile."""
    with suppress(OSError):
        target = os.readlink(name, dir_fd=folder)
        raise ConfigurationError(
            f"{path} is a link to {target}, and there is no such folder",
            hint=f"make {target}, or mend the link",
        )


@contextmanager
def parent(root: str, path: str, *, shared: bool = False) -> Iterator[tuple[int, str]]:
    """Open the folder that something is in; yield its descriptor and the name in it. As :func:`open_folder`."""
    above, _, name = path.rpartition("/")
    folder = open_folder(root, above, shared=shared)
    try:
        yield folder, name
    finally:
        os.close(folder)


def remove_empty_folder(root: str, path: str) -> bool:
    """Remove a folder if there is nothing in it; return whether it was removed."""
    try:
        with parent(root, path) as (folder, name):
            os.rmdir(name, dir_fd=folder)
    except OSError as error:
        if error.errno in {errno.ENOTEMPTY, errno.EEXIST, errno.ENOENT, errno.EBUSY, errno.EROFS}:
            return False
        raise
    return True


def read(root: str, path: str) -> Contents | None:
    """Return a file as it is now, ``None`` if there is none.

    Raises:
        ConfigurationError: There is something else in its place: a link, a folder, a device.
        PermissionDeniedError: As for :func:`open_folder`, or the file cannot be read.
    """
    try:
        with parent(root, path) as (folder, name):
            return read_in(folder, name, path)
    except FileNotFoundError:
        return None


def read_in(folder: int, name: str, path: str) -> Contents | None:
    """Return the file ``name`` of an opened folder; ``path`` is for messages. As :func:`read`."""
    try:
        # O_NONBLOCK: a pipe in its place must not keep us waiting for a writer.
        file = os.open(name, os.O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, dir_fd=folder)
    except FileNotFoundError:
        return None
    except PermissionError as error:
        raise PermissionDeniedError(f"cannot read {path}: {error.strerror}", hint="try with sudo") from error
    except OSError as error:
        if error.errno == errno.ELOOP:
            target = os.readlink(name, dir_fd=folder)
            raise _not_a_file(path, f"a link to {target}") from error
        raise _not_a_file(path, error.strerror or str(error)) from error
    try:
        info = os.fstat(file)
        if not stat.S_ISREG(info.st_mode):
            raise _not_a_file(path, "a folder" if stat.S_ISDIR(info.st_mode) else "no regular file")
        with os.fdopen(file, "rb", closefd=False) as opened:
            return Contents(opened.read(), stat.S_IMODE(info.st_mode))
    finally:
        os.close(file)


def exists(root: str, path: str) -> bool:
    """Return whether there is anything at this path, be it a link that leads nowhere."""
    try:
        with parent(root, path) as (folder, name):
            os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def names(root: str, path: str) -> tuple[str, ...]:
    """Return the names of what is in a folder, sorted; none if it is not there. Raises as :func:`open_folder`."""
    try:
        folder = open_folder(root, path)
    except FileNotFoundError:
        return ()
    try:
        with os.scandir(folder) as entries:
            return tuple(sorted(entry.name for entry in entries))
    finally:
        os.close(folder)


def is_occupied(root: str, path: str, *, owner: int | None) -> bool:
    """Return whether there is a folder with something in it that systemd did not make for a service.

    What it makes belongs to the service's own user, or is a link into the private folder (dynamic users). With
    instances, the folder is root's and one of these is in it for each. A folder that the caller may not look into
    is occupied. Source: systemd.exec(5), ``StateDirectory=`` and ``DynamicUser=``.

    Args:
        root: As for :func:`open_folder`.
        path: The folder that the service would have.
        owner: Number of the service's user, ``None`` if there is no such user. Root's folders are everybody's.
    """
    try:
        with parent(root, path, shared=True) as (folder, name):
            info = os.stat(name, dir_fd=folder, follow_symlinks=False)
            if not stat.S_ISDIR(info.st_mode) or info.st_uid == (owner or None):
                return False
            inner = os.open(name, _FOLDER | O_NOFOLLOW, dir_fd=folder)
    except FileNotFoundError:
        return False
    except PermissionError:
        return True
    try:
        with os.scandir(inner) as entries:
            return not all(
                info.st_uid == 0 and _is_of_instance(inner, entry.name, path, owner) for entry in entries
            )
    finally:
        os.close(inner)


def made_for(root: str, path: str) -> Literal["", "one service", "instances"]:
    """Return for whom systemd has made a folder of dynamic users; empty if it is not there, or none of these.

    For one service it is a link to the private folder; for instances a folder with such a link for each. A service of
    the one kind cannot start where there is the folder of the other. Source: systemd.exec(5), ``DynamicUser=``.

    Args:
        root: As for :func:`open_folder`.
        path: The folder that the service would have.
    """
    above, _, own = path.rpartition("/")
    try:
        with parent(root, path, shared=True) as (folder, name):
            if stat.S_ISLNK(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
                target = os.path.join(above, os.readlink(name, dir_fd=folder))  # noqa: PTH118 (paths are texts here)
                return "one service" if os.path.normpath(target) == f"{above}/private/{own}" else ""
            inner = os.open(name, _FOLDER | O_NOFOLLOW, dir_fd=folder)
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return ""
    try:
        with os.scandir(inner) as entries:
            links = any(
                each.is_symlink() and _is_of_instance(inner, each.name, path, None) for each in entries
            )
            return "instances" if links else ""
    finally:
        os.close(inner)


def _is_of_instance(folder: int, name: str, path: str, owner: int | None) -> bool:
    info = os.stat(name, dir_fd=folder, follow_symlinks=False)
    if not stat.S_ISLNK(info.st_mode):
        return info.st_uid == (owner or None)
    target = os.readlink(name, dir_fd=folder)
    above, _, own = path.rpartition("/")
    whole = target if target.startswith("/") else f"{path}/{target}"
    return os.path.normpath(whole) == f"{above}/private/{own}/{name}"


def remove_tree(root: str, path: str) -> bool:
    """Remove what is at this path with all below it, following no link; return whether there was anything."""
    try:
        with parent(root, path) as (folder, name):
            if stat.S_ISDIR(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
                shutil.rmtree(name, dir_fd=folder)
            else:
                os.unlink(name, dir_fd=folder)
    except FileNotFoundError:
        return False
    return True


def _not_a_file(path: str, what: str) -> ConfigurationError:
    unit = path.rpartition("/")[2]
    hint = (
        f"systemctl unmask {unit}" if what == "a link to /dev/null" else f"look at it and remove it: {path}"
    )
    return ConfigurationError(f"{path} is {what}, where a plain file belongs", hint=hint)


def _components(path: str) -> list[str]:
    return [part for part in reversed(path.split("/")) if part not in {"", "."}]


def _close_from(opened: list[int], first: int) -> None:
    while len(opened) > first:
        os.close(opened.pop())


def read_link(folder: int, name: str, path: str, links: int) -> str:
    """Return where a link in an opened folder leads to.

    Args:
        folder: Descriptor of the folder.
        name: The link in it.
        path: What is looked for, for messages.
        links: How many there have been on the way.

    Raises:
        ConfigurationError: It is no link, or there were too many.
        PermissionDeniedError: Somebody else has made it.
    """
    # Through a descriptor: what is looked at is what is read, whatever takes its place meanwhile.
    found = os.open(name, O_PATH | O_NOFOLLOW | O_CLOEXEC, dir_fd=folder)
    try:
        info = os.fstat(found)
        if not stat.S_ISLNK(info.st_mode):
            raise ConfigurationError(f"{path}: {name} is no folder", hint=f"move {name} out of the way")
        if info.st_uid not in {0, os.geteuid()}:
            raise PermissionDeniedError(
                f"{path}: {name} is a link made by another user (uid {info.st_uid})",
                hint="look at it and remove it",
            )
        if links > _LINKS:
            raise ConfigurationError(f"{path}: too many links on the way", hint="they lead in a circle")
        return os.readlink("", dir_fd=found)
    finally:
        os.close(found)


def _check_owner(folder: int, path: str, *, last: bool, shared: bool) -> None:
    """Refuse a folder in which another user could exchange files.

    A folder that all may write but that is sticky, as /tmp, may lie on the way: what belongs to us in it can
    only be exchanged by us.
    """
    info = os.fstat(folder)
    others = bool(info.st_mode & stat.S_IWOTH)
    # The groups of root and of the caller (often the user's private group) add nobody else.
    group = bool(info.st_mode & stat.S_IWGRP) and info.st_gid not in {0, os.getegid()}
    group = group and not (shared and info.st_uid == 0)
    if info.st_uid not in {0, os.geteuid()}:
        problem, command = f"belongs to another user (uid {info.st_uid})", f"chown {os.geteuid() or 'root'}"
    elif (others or group) and (last or not info.st_mode & stat.S_ISVTX):
        problem, command = (
            f"can be written by other users (mode {stat.S_IMODE(info.st_mode):04o})",
            "chmod go-w",
        )
    else:
        return
    seen = Path(f"/proc/self/fd/{folder}")
    where = seen.readlink() if seen.exists() else path
    raise PermissionDeniedError(
        f"{where} {problem}, so that nothing below it is safe from them",
        hint=f"make it root's (or yours) alone: {command} {where}",
    )
