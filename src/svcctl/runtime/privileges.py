"""Gives up root for the user and group that the application names. Loaded only if it names one."""

from __future__ import annotations

import grp
import logging
import os
import pwd

from svcctl.errors import ConfigurationError, PermissionDeniedError

_log = logging.getLogger(__name__)


def drop(user: str | int | None, group: str | int | None) -> None:
    """Become a user and a group, for good, with that user's supplementary groups. Source: credentials(7).

    Args:
        user: Name or number; ``None`` keeps the present one.
        group: Name or number; ``None`` takes the user's own.

    Raises:
        ConfigurationError: There is no such user or group.
        PermissionDeniedError: This process may not become them.
    """
    uid, own_gid, name = _user(user)
    gid = own_gid if group is None else _group(group)
    same_user = uid in {None, os.geteuid()}
    if same_user and gid in {None, os.getegid()}:
        return
    if os.geteuid() != 0:
        raise PermissionDeniedError(
            f"the application wants to run as user {user}, group {group}, which only root can change to",
            hint="start it as root or as that user, or let the init system set the user",
        )
    if gid is not None:
        os.setgroups([gid]) if name is None else os.initgroups(name, gid)
        os.setgid(gid)
    if uid is not None:
        os.setuid(uid)  # root's sets the saved one, too: there is no way back
    _log.info("privileges given up", extra={"svcctl_user": uid, "svcctl_group": gid})


def _user(user: str | int | None) -> tuple[int | None, int | None, str | None]:
    if user is None:
        return None, None, None
    try:
        entry = pwd.getpwuid(int(user)) if str(user).isdigit() else pwd.getpwnam(str(user))
    except KeyError:
        if str(user).isdigit():
            return int(user), None, None  # a number needs no entry, as for chown
        raise ConfigurationError(
            f"there is no user {user!r}", hint="create it, or correct uid= of Application"
        ) from None
    return entry.pw_uid, entry.pw_gid, entry.pw_name


def _group(group: str | int) -> int:
    if str(group).isdigit():
        return int(group)
    try:
        return grp.getgrnam(str(group)).gr_gid
    except KeyError:
        raise ConfigurationError(
            f"there is no group {group!r}", hint="create it, or correct gid= of Application"
        ) from None
