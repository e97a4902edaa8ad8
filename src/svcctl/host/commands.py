"""Runs the tools of the operating system."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Collection, Sequence
from typing import NamedTuple

from svcctl.errors import CommandError

TIME_LIMIT = 60.0

#: What a tool sees of our environment; everything else could change what it does or says.
_PASSED_ON = (
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "XDG_RUNTIME_DIR",
    "XDG_CONFIG_HOME",
    "XDG_STATE_HOME",
    "DBUS_SESSION_BUS_ADDRESS",
)
_SHORTENED = 2000


class Output(NamedTuple):
    """What a tool said.

    Attributes:
        status: Its exit status.
        stdout: Text; bytes that are not UTF-8 are escaped.
        stderr: The same.
    """

    status: int
    stdout: str
    stderr: str


def available(tool: str) -> bool:
    """Return whether a tool of this name is on the search path."""
    return shutil.which(tool) is not None


def run(
    arguments: Sequence[str],
    *,
    accept: Collection[int] | None = (0,),
    time_limit: float | None = TIME_LIMIT,
    user: str | None = None,
) -> Output:
    """Run a tool to its end and return what it said.

    The tool gets no standard input, the C.UTF-8 locale and only the few variables that it needs.

    Args:
        arguments: The argument list; the first is looked up in ``PATH``.
        accept: Exit statuses that are no error; ``None`` accepts all.
        time_limit: Seconds after which it is killed; ``None`` where the init system sets the limit itself.
        user: Name of the user to run it as; only root can change to another one.

    Raises:
        CommandError: It is not there, did not end in time or ended with another status.
    """
    command = tuple(arguments)
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    environment["LC_ALL"] = "C.UTF-8"
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            env=environment,
            timeout=time_limit,
            user=user,
            group=_group_of(user),
            extra_groups=None if user is None else (),
            encoding="utf-8",
            errors="backslashreplace",
        )
    except subprocess.TimeoutExpired as error:
        raise CommandError(command, None, f"no end within {time_limit:g} s") from error
    except OSError as error:
        raise CommandError(command, None, error.strerror or str(error)) from error
    if accept is not None and done.returncode not in accept:
        said = done.stderr.strip() or done.stdout.strip()
        raise CommandError(command, done.returncode, said[-_SHORTENED:])
    return Output(done.returncode, done.stdout, done.stderr)


def _group_of(user: str | None) -> int | None:
    if user is None:
        return None
    import pwd  # noqa: PLC0415 (absent on platforms that never get here)

    return pwd.getpwnam(user).pw_gid
