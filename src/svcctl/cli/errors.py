"""The one place that turns errors into messages and exit statuses."""

from __future__ import annotations

import errno
import os
import sys
import traceback
from pathlib import Path

import typer

from svcctl.errors import (
    EX_CONFIG,
    EX_OK,
    EX_SOFTWARE,
    EX_USAGE,
    ApplicationLoadError,
    ProblemsError,
    SvcctlError,
    describe_cause,
)

#: 128 and the number of the signal, as shells report it.
INTERRUPTED = 130
READER_GONE = 141
NO_ROOM = 74  # EX_IOERR of sysexits.h

#: Typer brings a parser of its own or uses Click, by its version; this is the base of either's usage errors.
_USAGE_ERROR = typer.BadParameter.__mro__[1]


def report(error: Exception) -> int:
    """Tell the user on stderr what went wrong and return the status to exit with."""
    if isinstance(error, SvcctlError) and error.exit_status == EX_OK:
        sys.stdout.write(error.message)  # the help of a plug-in, which was asked for
        return EX_OK
    if isinstance(error, SvcctlError):
        _tell(error)
        return error.exit_status
    if isinstance(error, _USAGE_ERROR):
        _tell_usage(error)
        return EX_USAGE
    if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}:
        where = f" {error.filename}" if error.filename else ""
        _line("svcctl", f"cannot write{where}: {error.strerror}")
        _line("hint", "make room where its output and its files go, and repeat it")
        return NO_ROOM
    if isinstance(error, FileNotFoundError) and error.filename is None and not _has_working_directory():
        _line("svcctl", "the working directory is gone")
        _line("hint", "change to another one")
        return EX_CONFIG
    if os.environ.get("SVCCTL_TRACEBACK") == "1":
        traceback.print_exception(error)
    _line("svcctl", f"internal error: {describe_cause(error)}")
    if os.environ.get("SVCCTL_TRACEBACK") != "1":
        _line("hint", "this is a fault of svcctl; SVCCTL_TRACEBACK=1 shows where")
    return EX_SOFTWARE


def _has_working_directory() -> bool:
    try:
        Path.cwd()
    except OSError:
        return False
    return True


def _tell(error: SvcctlError) -> None:
    if isinstance(error, ApplicationLoadError) and error.frames:
        sys.stderr.write(error.frames.rstrip("\n") + "\n")
    if isinstance(error, ProblemsError) and len(error.problems) > 1:
        head = error.message.partition(": ")[0]
        _line("svcctl", f"{head}:")
        for problem in error.problems:
            _line(f"  {problem.where}", problem.message)
    else:
        _line("svcctl", error.message)
    if error.hint:
        _line("hint", error.hint)


def _tell_usage(error: Exception) -> None:
    context = getattr(error, "ctx", None)
    text = error.format_message() if hasattr(error, "format_message") else str(error)
    command = context.command_path if context is not None else "svcctl"
    _line("svcctl", text)
    _line("hint", f"{command} --help")


def _line(label: str, text: str) -> None:
    """Write one line; what a file or a unit says may hold line ends and control characters."""
    plain = "".join(character if character.isprintable() else " " for character in text)
    sys.stderr.write(f"{label}: {plain.strip()}\n")
