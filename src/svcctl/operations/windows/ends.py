"""Says in words how a service of Windows has ended."""

from __future__ import annotations

import re
from collections.abc import Sequence

from svcctl.errors import EX_UNAVAILABLE, SvcctlError
from svcctl.host.windows.machine import Machine, Status
from svcctl.plan.windows import WindowsReceipt

_SPECIFIC = 1066
_NEVER_STARTED = 1077
_TIMED_OUT = 1053
_ACCESS_DENIED = 5
_NOT_FOUND = (2, 3)
_LOGON_FAILED = 1069
_STOPPED, _PAUSED = 1, 7

#: Numbers by which Windows refuses to start a service for a reason that lies in the service itself.
REFUSED = (*_NOT_FOUND, _ACCESS_DENIED, _TIMED_OUT, _LOGON_FAILED)


#: How the service host's own lines, and those of the runner, begin.
_HOST = "svcctl.host: "
_STARTED = f"{_HOST}the application is started"
_LINE = re.compile(r"\S+ \S+ (?P<level>[a-z]+) +\S+: (?P<text>.+)")
_FATAL = {"error", "critical", "alert", "emerg"}


class NotStartedError(SvcctlError):
    """A service has not started.

    Args:
        name: The service.
        why: The reason, in words.
        hint: What to do.
    """

    code = "not-started"
    exit_status = EX_UNAVAILABLE

    def __init__(self, name: str, why: str, *, hint: str) -> None:
        super().__init__(f"{name} has not started: {why}", hint=hint)


def is_failure(status: Status) -> bool:
    """Return whether a service has ended with an error, or waits to be started again after one."""
    if status.state == _PAUSED:
        return True
    return status.state == _STOPPED and status.win32 not in {0, _NEVER_STARTED}


def reason(receipt: WindowsReceipt, status: Status | None, machine: Machine) -> str:
    """Return why a service does not run, with what Windows says about it."""
    if status is None:
        return "the service is gone"
    if status.state != _STOPPED:
        again = "it failed after it had been ready, and its service host starts it again"
        return again if status.state == _PAUSED else "it tells of no progress"
    said = machine.services.text_of(status.win32)
    service = receipt.service
    files = f"{service.interpreter}, {service.host}, {service.hosted.python}"
    late = f"it was not ready within {service.hosted.start_limit_ms / 1000:g} s, or did not stop in time"
    reasons = {
        0: "its application has ended",
        _SPECIFIC: f"its application ended with status {status.status}",
        _TIMED_OUT: f"{late}: {said}",
        _ACCESS_DENIED: f"{service.account} may not read or run one of {files}: {said}",
        **dict.fromkeys(_NOT_FOUND, f"one of {files} or {service.hosted.directory} is not there: {said}"),
    }
    return reasons.get(status.win32, f"{said} (error {status.win32})")


def last_words(lines: Sequence[str]) -> str:
    """Return what an application has logged last before it failed: its last error, else its last line.

    Args:
        lines: The end of its log, with those of earlier starts and of its service host.
    """
    last = next((at for at in range(len(lines) - 1, -1, -1) if _STARTED in lines[at]), -1)
    own = [line.strip() for line in lines[last + 1 :] if line.strip() and _HOST not in line]
    matches = [_LINE.fullmatch(line) for line in own]
    errors = [match["text"] for match in matches if match is not None and match["level"] in _FATAL]
    return errors[-1] if errors else own[-1] if own else ""
