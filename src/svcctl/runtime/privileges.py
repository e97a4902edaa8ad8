"""Gives up root for a user and a group. Loaded only if the application or its caller names one."""

from __future__ import annotations

import logging
import os
from typing import NamedTuple

from svcctl.errors import ConfigurationError, PermissionDeniedError
from svcctl.posix import grp, pwd, require

_log = logging.getLogger(__name__)


class Identity(NamedTuple):
    """Whom a process shall become.

    Attributes:
        uid: The user's number; ``None`` keeps the present one.
        gid: The group's number; ``None`` keeps the present one.
        groups: All groups of the user, the group included.
    """

    uid: int | None
    gid: int | None
    groups: tuple[int, ...]

    @property
    def is_present(self) -> bool:
        """Whether this process is that already."""
        return (self.uid is None or self.uid == os.geteuid()) and (
            self.gid is None or self.gid == os.getegid()
        )


def drop(user: str | int | None, group: str | int | None) -> None:
    """Become a user and a group, for good, with that user's supplementary groups. Source: credentials(7).

    Args:
        user: Name or number; ``None`` keeps the present one.
        group: Name or number; ``None`` takes the user's own.

    Raises:
        ConfigurationError: There is no such user or group.
        PermissionDeniedError: This process may not become them.
    """
    become(look_up(user, group))


def look_up(user: str | int | None, group: str | int | None) -> Identity:
    """Return the numbers of a user and a group, to be used where the names are not known any more.

    Args:
        user: Name or number; ``None`` for the present one. A number needs no entry, as for chown(1).
        group: Name or number; ``None`` for the user's own.

    Raises:
        ConfigurationError: There is no such user or group.
        PermissionDeniedError: This process may not become them.
        UsageError: This is Windows, and one is named.
    """
    if user is not None or group is not None:
        require(f"the application wants to run as user {user}, group {group}")
    uid, own_gid, name = _user(user)
    gid = own_gid if group is None else _group(group)
    groups: tuple[int, ...] = () if gid is None else (gid,)
    if name is not None and gid is not None:
        groups = tuple(os.getgrouplist(name, gid))
    identity = Identity(uid, gid, groups)
    if not identity.is_present and os.geteuid() != 0:
        raise PermissionDeniedError(
            f"the application wants to run as user {user}, group {group}, which only root can change to",
            hint="start it as root or as that user, or let the init system set the user",
        )
    if gid is None and not identity.is_present:
        raise ConfigurationError(
            f"user {user} has no entry, so nothing says which group is its own", hint="name the group, too"
        )
    return identity


def become(identity: Identity, *, effective: bool = False) -> None:
    """Become somebody else, for good.

    Args:
        identity: Whom; see :func:`look_up`.
        effective: Change the effective ids alone. Whoever takes the process over can go back then.

    Raises:
        PermissionDeniedError: The system refuses it, or would let the process go back.
    """
    uid, gid, groups = identity
    if identity.is_present:
        return
    try:
        if groups:
            os.setgroups(groups)
        if gid is not None:
            os.setegid(gid) if effective else os.setresgid(gid, gid, gid)
        if uid is not None:
            os.seteuid(uid) if effective else os.setresuid(uid, uid, uid)
    except OSError as error:
        raise PermissionDeniedError(
            f"cannot become user {uid}, group {gid}: {error.strerror}",
            hint="in a container or a user namespace only some numbers can be had",
        ) from error
    if not effective:
        _check(identity)
    _log.info("privileges given up", extra={"svcctl_user": uid, "svcctl_group": gid})


def _check(identity: Identity) -> None:
    """Make sure that there is no way back: some systems and wrappers say yes and do nothing."""
    uid, gid, groups = identity
    done = (uid is None or set(os.getresuid()) == {uid}) and (gid is None or set(os.getresgid()) == {gid})
    if done and (gid is None or set(os.getgroups()) <= {*groups}) and not (uid and _can_go_back()):
        return
    raise PermissionDeniedError(
        f"user {uid}, group {gid} were not taken for good", hint="start it as that user instead"
    )


def _can_go_back() -> bool:
    try:
        os.setuid(0)
    except PermissionError:
        return False
    return True


def _user(user: str | int | None) -> tuple[int | None, int | None, str | None]:
    if user is None:
        return None, None, None
    try:
        entry = pwd.getpwuid(int(user)) if str(user).isdigit() else pwd.getpwnam(str(user))
    except (KeyError, OverflowError):
        if str(user).isdigit() and int(user) < 2**32 - 1:
            return int(user), None, None  # a number needs no entry, as for chown
        raise ConfigurationError(
            f"there is no user {user!r}", hint="create it, or correct --uid, or uid= of Application"
        ) from None
    return entry.pw_uid, entry.pw_gid, entry.pw_name


def _group(group: str | int) -> int:
    if str(group).isdigit() and int(group) < 2**32 - 1:
        return int(group)
    try:
        return grp.getgrnam(str(group)).gr_gid
    except KeyError:
        raise ConfigurationError(
            f"there is no group {group!r}", hint="create it, or correct --gid, or gid= of Application"
        ) from None
