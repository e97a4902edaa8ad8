"""Runs the tools of the operating system."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
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
    given: bytes | None = None,
    variables: Mapping[str, str] | None = None,
) -> Output:
    """Run a tool to its end and return what it said.

    The tool gets the C.UTF-8 locale and only the few variables that it needs.

    Args:
        arguments: The argument list; the first is looked up in ``PATH``.
        accept: Exit statuses that are no error; ``None`` accepts all.
        time_limit: Seconds after which it is killed; ``None`` where the init system sets the limit itself.
        user: Name of the user to run it as; only root can change to another one.
        given: Its standard input; ``None`` for none.
        variables: Further variables of its environment, which win.

    Raises:
        CommandError: It is not there, did not end in time or ended with another status.
    """
    command = tuple(arguments)
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL if given is None else None,
            input=given,
            capture_output=True,
            check=False,
            env=_environment() | dict(variables or {}),
            timeout=time_limit,
            user=user,
            group=_group_of(user),
            extra_groups=None if user is None else (),
        )
    except subprocess.TimeoutExpired as error:
        raise CommandError(command, None, f"no end within {time_limit:g} s") from error
    except OSError as error:
        raise CommandError(command, None, error.strerror or str(error)) from error
    stdout, stderr = (each.decode(errors="backslashreplace") for each in (done.stdout, done.stderr))
    if accept is not None and done.returncode not in accept:
        said = stderr.strip() or stdout.strip()
        raise CommandError(command, done.returncode, said[-_SHORTENED:])
    return Output(done.returncode, stdout, stderr)


def lines(
    arguments: Sequence[str], *, merged: bool = False, variables: Mapping[str, str] | None = None
) -> Iterator[str]:
    """Run a tool and yield the lines it says, without their ends, as they come.

    The tool is ended when nobody wants more of them. See :func:`run` for what it gets.

    Args:
        arguments: The argument list; the first is looked up in ``PATH``.
        merged: Also yield what it says on stderr.
        variables: Further variables of its environment, which win.

    Raises:
        CommandError: It is not there, or ended with a status other than 0; without what it said if that was yielded.
    """
    command = tuple(arguments)
    # Nobody reads its stderr meanwhile, and a pipe that is full would stop it.
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="backslashreplace") as said:
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT if merged else said,
                env=_environment() | dict(variables or {}),
                encoding="utf-8",
                errors="backslashreplace",
            )
        except OSError as error:
            raise CommandError(command, None, error.strerror or str(error)) from error
        with process:
            try:
                yield from (line.removesuffix("\n") for line in process.stdout or ())
            except BaseException:
                process.terminate()
                raise
        if process.returncode:
            said.seek(0)
            raise CommandError(command, process.returncode, said.read()[-_SHORTENED:])


def _environment() -> dict[str, str]:
    passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return {**passed_on, "LC_ALL": "C.UTF-8"}


def _group_of(user: str | None) -> int | None:
    if user is None:
        return None
    import pwd  # noqa: PLC0415 (absent on platforms that never get here)

    return pwd.getpwnam(user).pw_gid
