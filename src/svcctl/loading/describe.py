"""An application's description, made where its code can do no harm: in a process of its own, as a user without rights.

On Windows, where to become another user takes a password, it is the same user with fewer rights.

Installing runs as root, and an application is arbitrary code. So the caller never executes it; it reads one line of
JSON, holds it against the model and the model's rules, and believes nothing else.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence

from svcctl.errors import ConfigurationError, PermissionDeniedError, SvcctlError, UsageError
from svcctl.loading import handover
from svcctl.loading.answer import explain_silence, understand
from svcctl.loading.process import Credentials, Outcome, run_confined
from svcctl.loading.report import Description, Interpreter
from svcctl.loading.tac import absolute
from svcctl.loading.target import resolve
from svcctl.posix import pwd, require
from svcctl.records.text import MAX_BYTES

__all__ = ["Description", "Interpreter", "describe"]

_CHILD = "svcctl.loading.child"
_ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "LANG": "C.UTF-8",
    "HOME": "/nonexistent",
}


def describe(
    target: str,
    arguments: Sequence[str] = (),
    *,
    python: str,
    user: str | None,
    environment: Mapping[str, str],
    time_limit: float = 60.0,
    passphrase: str | None = None,
) -> Description:
    """Execute an application in a child process and return its description.

    The file of a saved application is read and verified here, by the caller, and executed there.

    Args:
        target: What names it; see :func:`svcctl.loading.target.resolve`.
        arguments: The options of a plug-in.
        python: Absolute path of the interpreter that the application runs on.
        user: Name of the user to execute it as; ``None`` for the caller.
        environment: Variables that the application gets beside ``PATH``, ``LANG`` and ``HOME``, or what a program of
            Windows' needs.
        time_limit: Seconds until the attempt is given up; importing a large one is slow on a small machine.
        passphrase: What the file of a saved application was encrypted with.

    Raises:
        UsageError: The target names nothing, the interpreter's path is not absolute, or an argument is not what the
            plug-in takes.
        HelpRequestedError: The arguments ask for the plug-in's help.
        ApplicationNotFoundError: There is no such application, or the user cannot read it.
        ApplicationLoadError: Its code raised an error, did not end in time, or said nothing that can be used.
        SavedStateError: Others could have written the file of a saved application, it is damaged, or the passphrase
            is missing or wrong, or its code is gone or does not fit.
        ProblemsError: Its description breaks the rules of the manifest.
        ConfigurationError: The interpreter or the user is not as it has to be.
        PermissionDeniedError: The caller may not become that user.
    """
    resolved = resolve(target)
    value = absolute(resolved.value) if resolved.kind in {"tac", "saved"} else resolved.value
    _refuse_relative(python)
    who = f"the user {user}" if user is not None else "this user"
    credentials = _credentials(user)
    state = handover.verified(value, passphrase) if resolved.kind == "saved" else None
    given = b"" if state is None else handover.pack(state)
    try:
        outcome = _execute(python, [value, *arguments], credentials, environment, time_limit, given)
    except (OSError, ValueError) as error:
        raise _unusable(python, who, error) from None
    if outcome.line is None:
        raise explain_silence(target, outcome, python=python, who=who, time_limit=time_limit)
    return understand(target, outcome.line, None if state is None else state.digest)


def _execute(
    python: str,
    words: list[str],
    credentials: Credentials | None,
    environment: Mapping[str, str],
    time_limit: float,
    given: bytes,
) -> Outcome:
    command = [python, "-P", "-m", _CHILD]
    if sys.platform == "win32":
        from svcctl.loading import confined  # noqa: PLC0415 (only there)

        return confined.run_confined(command, words, environment, time_limit, MAX_BYTES)
    variables = {**_ENVIRONMENT, **environment}
    return run_confined(command, words, credentials, variables, time_limit, MAX_BYTES, given=given)


def _refuse_relative(python: str) -> None:
    if not os.path.isabs(python):  # noqa: PTH117 (a Path would lose a trailing slash)
        raise UsageError(f"the interpreter {python!r} is no absolute path", hint="write /usr/bin/python3")


def _credentials(user: str | None) -> Credentials | None:
    if user is None:
        return None
    require("reading an application as another user")
    try:
        found = pwd.getpwnam(user)
    except KeyError:
        raise ConfigurationError(
            f"there is no user {user!r} to read the application as",
            hint="name one that exists, such as nobody",
        ) from None
    if found.pw_uid == os.geteuid():
        return None
    if os.geteuid() != 0:
        raise PermissionDeniedError(
            f"only root can read the application as {user!r}", hint="use sudo, or read it as yourself"
        )
    return Credentials(found.pw_uid, found.pw_gid)


def _unusable(python: str, who: str, error: OSError | ValueError) -> SvcctlError:
    if isinstance(error, FileNotFoundError):
        return ConfigurationError(f"there is no interpreter {python}", hint="name another one with --python")
    if isinstance(error, PermissionError):
        return ConfigurationError(
            f"the interpreter {python} cannot be run by {who}",
            hint=f"use one that {who} may run, such as /usr/bin/python3; those below a home folder are closed to others",
        )
    reason = error.strerror if isinstance(error, OSError) else str(error)
    return ConfigurationError(f"the interpreter {python} cannot be run: {reason}", hint="name another one")
