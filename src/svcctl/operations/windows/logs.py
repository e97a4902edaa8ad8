"""Finds what an installed service of Windows has logged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from svcctl.errors import PermissionDeniedError
from svcctl.host.windows.machine import Machine
from svcctl.operations.windows import installed


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowsLogsResult:
    """What an application has logged.

    Attributes:
        name: The service.
        path: Its log file.
        lines: The oldest first. Reading them may raise.
    """

    name: str
    path: str
    lines: Iterator[str]


def logs(name: str, machine: Machine, *, count: int = 100, follow: bool = False) -> WindowsLogsResult:
    """Return what an installed application has written to its log file.

    Args:
        name: The service.
        machine: Where it is.
        count: How many of the last lines; 0 for new ones alone.
        follow: Go on with what is logged from now on, without an end.

    Raises:
        UsageError: There is no such application.
    """
    found = installed.find(machine, name)
    path = found.receipt.service.hosted.log
    lines = _read(path, machine.folders.lines(path, count=count, follow=follow))
    return WindowsLogsResult(name=found.name, path=path, lines=lines)


def _read(path: str, lines: Iterator[str]) -> Iterator[str]:
    try:
        yield from lines
    except OSError as error:
        message = f"cannot read the log file {path}: {error.strerror}"
        raise PermissionDeniedError(message, hint="be an administrator, in an elevated console") from error
