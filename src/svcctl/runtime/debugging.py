"""A debugger on failures, and a trace of every line: for somebody who sits in front of it."""

from __future__ import annotations

import pdb  # noqa: T100 (what --debug asks for)
import signal
import sys
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def post_mortem(error: BaseException) -> None:
    """Open the debugger where an error, or what caused it, was raised. Returns when it is left."""
    cause = error.__cause__ or error.__context__ or error  # an error of ours may hide that of the application
    sys.stderr.write(f"{type(cause).__name__}: {cause}\n")
    trace: TracebackType | None = cause.__traceback__ or error.__traceback__
    if trace is not None:
        pdb.post_mortem(trace)


def enter_on_signal() -> None:
    """Open the debugger wherever the process is when it gets SIGUSR2. Who quits it has the application stop."""
    if hasattr(signal, "SIGUSR2"):
        signal.signal(signal.SIGUSR2, _enter)


def _enter(_number: int, frame: FrameType | None) -> None:
    _Debugger().set_trace(frame)


class _Debugger(pdb.Pdb):
    def set_quit(self) -> None:
        # The usual exception would be logged, and no more, where it is raised in a callback of the loop.
        self.set_continue()
        signal.raise_signal(signal.SIGTERM)


def spew() -> Callable[[], None]:
    """Write each line of Python to stderr before it runs, from now on; return what ends it."""
    sys.settrace(_trace)
    return lambda: sys.settrace(None)


def _trace(frame: FrameType, event: str, _argument: Any) -> Any:  # noqa: ANN401 (what sys.settrace takes)
    if event == "line":
        code = frame.f_code
        sys.stderr.write(f"{code.co_filename}:{frame.f_lineno} {code.co_qualname}\n")
    return _trace
