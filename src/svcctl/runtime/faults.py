"""Turns errors into what people and the init system are told. Loaded when the first error comes up."""

from __future__ import annotations

import asyncio
import logging
import os
import traceback
from collections.abc import Iterator, Mapping
from typing import Any

import svcctl
from svcctl.errors import (
    EX_SOFTWARE,
    ReloadError,
    ServiceFailedError,
    StartError,
    StopError,
    StopTimeoutError,
    SvcctlError,
    describe_cause,
)
from svcctl.runtime.machine import Failed, ReloadFailed

_log = logging.getLogger(__name__)

#: Folders whose frames say nothing about the application.
_FOREIGN = tuple(os.path.dirname(str(each.__file__)) + os.sep for each in (svcctl, asyncio))  # noqa: PTH120 (a prefix)


def failed(error: BaseException, *, serving: bool) -> Failed:
    """Return the event for an error, and log it.

    Args:
        error: What went wrong.
        serving: Something is up that has to be stopped.
    """
    report(error)
    status = getattr(error, "exit_status", EX_SOFTWARE)
    return Failed(describe_cause(error), errno_of(error), status, serving)


def reload_failed(error: BaseException) -> ReloadFailed:
    """Return the event for a reload that did not work, and log why."""
    return ReloadFailed("; ".join(report_all(error)), getattr(error, "kept", ()))


def given_up(task: asyncio.Task[None], limit: float) -> Failed:
    """Return the event for a step that does not end within so many seconds after it was cancelled, and log it."""
    shown = f"{limit:g} s"
    _log.error("a cancelled step does not end", extra={"svcctl_limit": shown, "svcctl_task": repr(task)})
    reason = f"what was in progress did not end within {shown} after it was cancelled"
    return Failed(reason, 0, EX_SOFTWARE, serving=False)


def report(error: BaseException) -> None:
    """Log an error as its user needs it: what and where, their own frames, and what to do about it."""
    text = describe_cause(error)
    frames = getattr(error, "frames", "") or user_frames(error)
    if frames:
        text += f"\n{frames.rstrip()}"
    hint = getattr(error, "hint", "")
    if hint:
        text += f"\nhint: {hint}"
    extra = {}
    if isinstance(error, SvcctlError):
        extra["svcctl_code"] = error.code
    if isinstance(error, StartError | StopError | StopTimeoutError | ServiceFailedError):
        extra["svcctl_path"] = error.path
    elif isinstance(error, ReloadError) and error.problems:
        extra["svcctl_path"] = error.problems[0].where
    _log.error("%s", text, extra=extra)
    if not frames:
        _log.debug("details of the error", exc_info=error)
    for each in getattr(error, "rollback", ()):
        report(each)


def report_all(error: BaseException) -> tuple[str, ...]:
    """Log an error, or each one of a group; return a line for each."""
    errors = tuple(leaves(error))
    for each in errors:
        report(each)
    return tuple(describe_cause(each) for each in errors)


def report_unhandled(context: Mapping[str, Any]) -> None:
    """Log what asyncio's exception handler gets: an exception that nobody retrieved, a callback that raised."""
    origin = next((context[key] for key in ("task", "future", "handle", "protocol") if key in context), None)
    error = context.get("exception")
    text, frames = context["message"], user_frames(error) if error is not None else ""
    if frames:
        text += f"\n{frames.rstrip()}"
    _log.error("%s", text, exc_info=None if frames else error, extra={"svcctl_origin": repr(origin)})


def errno_of(error: BaseException) -> int:
    """Return the error number of an error or of what caused it; 0 if there is none."""
    seen: set[int] = set()
    each: BaseException | None = error
    while each is not None and id(each) not in seen:  # an error may have been raised from itself
        number = getattr(each, "errno", None)
        if isinstance(number, int):
            return number
        seen.add(id(each))
        each = each.__cause__
    return 0


def user_frames(error: BaseException) -> str:
    """Return the traceback of the application's own fault, without the frames of svcctl and asyncio.

    Returns:
        Empty if the fault is none of the application's code.
    """
    wrapped = isinstance(error, StartError | StopError | ServiceFailedError | ReloadError)
    cause = error.__cause__ if wrapped else error
    if cause is None or isinstance(cause, SvcctlError):
        return ""
    shown = traceback.TracebackException.from_exception(cause)
    pending = [shown]
    kept = 0
    while pending:
        each = pending.pop()
        each.stack[:] = [frame for frame in each.stack if not frame.filename.startswith(_FOREIGN)]
        kept += len(each.stack)
        others = (each.__cause__, each.__context__, *(each.exceptions or ()))
        pending.extend(other for other in others if other is not None)
    return "".join(shown.format()) if kept else ""


def leaves(error: BaseException) -> Iterator[BaseException]:
    """Yield the errors of a group, and of the groups in it; an error that is no group by itself."""
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            yield from leaves(each)
    else:
        yield error
