"""Starts a program, as somebody else if it has to be."""

from __future__ import annotations

import errno
import os
import subprocess

from svcctl.application.processes.programs import Program
from svcctl.errors import ConfigurationError, PermissionDeniedError


def start(program: Program) -> tuple[subprocess.Popen[bytes], int]:
    """Start a program in a session of its own, with pipes for its output and nothing for its input.

    Returns:
        The process, which the caller reaps, and its descriptor, which the caller closes.

    Raises:
        OSError: It cannot be started.
        PermissionDeniedError: This process may not start it as that user or group.
        ConfigurationError: There is no such user or group.
    """
    popen = _spawn(program)
    try:
        return popen, os.pidfd_open(popen.pid)
    except OSError:  # there are too many descriptors
        popen.kill()
        popen.communicate()
        raise


def _spawn(program: Program) -> subprocess.Popen[bytes]:
    user, group, groups = _identity(program)
    try:
        return subprocess.Popen(
            program.args,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=program.env,
            cwd=program.cwd,
            user=user,
            group=group,
            extra_groups=groups,
            start_new_session=True,
            bufsize=0,
        )
    except PermissionError as error:
        if (user is None and group is None) or _is_the_programs(error, program):
            raise
        whom = f"user {program.uid!r}" if program.uid is not None else f"group {program.gid!r}"
        raise PermissionDeniedError(
            f"cannot start {program.args[0]!r} as {whom}: {error.strerror}",
            hint="only root, or who has CAP_SETUID and CAP_SETGID, starts programs as somebody else",
        ) from error


def _is_the_programs(error: PermissionError, program: Program) -> bool:
    """Return whether the program or its folder is refused, and not the user; those calls have EPERM alone.

    Source: execve(2), chdir(2), setresuid(2), setgroups(2).
    """
    return error.errno == errno.EACCES or error.filename == program.args[0]


def _identity(program: Program) -> tuple[int | None, int | None, list[int] | None]:
    """Return user, group and further groups of a program; ``None`` for what need not be changed."""
    if program.uid is None and program.gid is None:
        return None, None, None
    import grp  # noqa: PLC0415 (only for programs of somebody else)
    import pwd  # noqa: PLC0415 (the same)

    try:
        gid = grp.getgrnam(program.gid).gr_gid if isinstance(program.gid, str) else program.gid
        if program.uid is None:
            uid, name, own = None, None, None
        elif isinstance(program.uid, str) or gid is None:
            entry = pwd.getpwnam(program.uid) if isinstance(program.uid, str) else pwd.getpwuid(program.uid)
            uid, name, own = entry.pw_uid, entry.pw_name, entry.pw_gid
        else:
            uid, name, own = program.uid, None, None
    except KeyError as error:
        raise ConfigurationError(
            f"cannot start {program.args[0]!r}: {error.args[0]}", hint="create it, or name another one"
        ) from error
    gid = own if gid is None else gid
    if (uid is None or uid == os.geteuid()) and gid == os.getegid():
        return None, None, None
    groups = os.getgrouplist(name, gid) if name is not None and gid is not None else []
    return uid, gid, groups
