"""What can be started, as a value: the arguments of ``addProcess``, checked, and the path of the program they name."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from svcctl.errors import UsageError


class Program(NamedTuple):
    """What to start, and as whom.

    Attributes:
        args: The program and its arguments.
        uid: User's name or number; ``None`` for that of this process.
        gid: Group's name or number; ``None`` for the user's own, or that of this process.
        env: Its whole environment; ``None`` for that of this process.
        cwd: Its folder; ``None`` for that of this process.
    """

    args: tuple[str | bytes, ...]
    uid: str | int | None
    gid: str | int | None
    env: Mapping[str, str] | None
    cwd: str | None


def make_program(name: object, args: object, uid: object, gid: object, env: object, cwd: object) -> Program:
    """Return what ``addProcess`` was given, as a value.

    Raises:
        UsageError: Something is of a wrong kind.
    """
    if not isinstance(name, str) or not name:
        raise UsageError(f"{name!r} is no name of a process", hint="give a text")
    for what, identity in (("user", uid), ("group", gid)):
        if isinstance(identity, bool) or not (identity is None or _is_identity(identity)):
            raise UsageError(
                f"process {name!r}: {identity!r} is no {what}", hint="give a name, or a number from 0 up"
            )
    return Program(_args(name, args), uid, gid, _environment(name, env), _folder(name, cwd))  # type: ignore[arg-type]  # checked just above


def path_of(program: Program) -> str:
    """Return the path of a program as far as it is stated; a name alone is looked for when it is started."""
    command = os.fsdecode(program.args[0])
    return os.path.normpath(os.path.join(program.cwd or "", command)) if "/" in command else command  # noqa: PTH118 (pathlib is not loaded where services run)


def _is_identity(identity: object) -> bool:
    return bool(identity) if isinstance(identity, str) else isinstance(identity, int) and identity >= 0


def _args(name: str, args: object) -> tuple[str | bytes, ...]:
    hint = "give a list: the program, then its arguments"
    if isinstance(args, str | bytes) or not isinstance(args, Sequence) or not args:
        raise UsageError(f"process {name!r}: {args!r} is no list of arguments", hint=hint)
    values = tuple(os.fspath(each) if isinstance(each, os.PathLike) else each for each in args)
    for each in values:
        if not isinstance(each, str | bytes) or 0 in os.fsencode(each):
            raise UsageError(f"process {name!r}: {each!r} is no argument", hint="give texts without NUL")
    if not values[0]:
        raise UsageError(f"process {name!r}: the program has no name", hint=hint)
    return values


def _environment(name: str, env: object) -> dict[str, str] | None:
    if env is None:
        return None
    if not isinstance(env, Mapping):
        raise UsageError(f"process {name!r}: {env!r} is no environment", hint="give a dict of texts")
    for key, value in env.items():
        if not _is_variable(key, value):
            # The value may be a secret.
            raise UsageError(f"process {name!r}: the variable {key!r} is none", hint="give texts without NUL")
    return dict(env)


def _is_variable(key: Any, value: Any) -> bool:  # noqa: ANN401 (what was given)
    if not isinstance(key, str) or not isinstance(value, str):
        return False
    return bool(key) and "=" not in key and "\0" not in key and "\0" not in value


def _folder(name: str, cwd: object) -> str | None:
    folder = os.fspath(cwd) if isinstance(cwd, os.PathLike) else cwd
    if folder is not None and (not isinstance(folder, str) or not folder or "\0" in folder):
        raise UsageError(f"process {name!r}: {cwd!r} is no folder", hint="give a path")
    return folder
