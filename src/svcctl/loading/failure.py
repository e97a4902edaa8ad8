"""What went wrong in the user's own code, told with the user's own frames."""

from __future__ import annotations

import importlib
import shlex
import sys
import traceback
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType

import svcctl
from svcctl.errors import EX_CONFIG, ApplicationLoadError, SvcctlError, describe_cause

_OURS = f"{Path(svcctl.__file__).parent}/"
_LONGEST = 200
_MEND = "mend it there; svcctl describe shows whether it loads then"
_TWISTED = (
    "install it for that interpreter, with svcctl[twisted], or port the file: "
    "twisted.application becomes svcctl.application"
)
_ADAPTED = "bind what service.Application() of twisted.application returns, or a service"


def raised(path: str, error: BaseException) -> ApplicationLoadError:
    """Return the error for an exception that the user's code raised.

    Args:
        path: The file of the application, as its frames name it.
        error: What came out of it.
    """
    report = traceback.TracebackException.from_exception(error)
    shown = list(_chain(report))
    for part in shown:
        part.stack = traceback.StackSummary.from_list(
            [frame for frame in part.stack if _is_users(frame.filename)]
        )
    where = _named(path)
    frame = next((frame for frame in reversed(report.stack) if frame.filename == path), None)
    if frame is not None:
        where = f"{where}, line {frame.lineno}"
    elif report.stack:
        where = f"{where} ({report.stack[-1].filename}, line {report.stack[-1].lineno})"
    if isinstance(error, SystemExit):
        message, hint = f"it ended the process with {_shortened(error)}", "raise an error instead"
    else:
        message, hint = _shortened(error), _advice(error) or _MEND
    if isinstance(error, SvcctlError) and error.exit_status == EX_CONFIG:
        # Nothing is wrong with the code; the line says enough about where.
        unset = ApplicationLoadError(f"{where}: {message}", hint=hint)
        unset.exit_status = EX_CONFIG
        return unset
    # Without a line of theirs, there is nothing that the message does not say.
    frames = "".join(report.format()) if any(part.stack for part in shown) else ""
    return ApplicationLoadError(f"{where}: {message}", hint=hint, frames=frames)


def not_python(path: str, source: bytes, error: BaseException) -> ApplicationLoadError:
    """Return the error for source that does not compile."""
    named = _named(path)
    if b"\0" in source or isinstance(error, UnicodeDecodeError) or "(unicode error)" in str(error):
        if path.endswith(".etac"):
            return ApplicationLoadError(
                f"{named} is an encrypted .tac file, which svcctl does not decrypt",
                hint="name the .tac file; svcctl convert -e saves it to an encrypted .etap or .etas file",
            )
        return ApplicationLoadError(
            f"{named} is no Python source: it holds bytes that are no text",
            hint="name a .tac file written in Python, in UTF-8 or with a coding line",
        )
    if not isinstance(error, SyntaxError):
        return ApplicationLoadError(
            f"{named} cannot be compiled: {_shortened(error)}", hint="make its expressions simpler"
        )
    text = (error.text or "").strip()[:_LONGEST]
    where = f"{named}, line {error.lineno}, column {error.offset}" if error.lineno else named
    hint = f"check it with: {sys.executable} -m py_compile {_named(shlex.quote(path))}"
    if "Missing parentheses in call to" in error.msg or "multiple exception types" in error.msg:
        hint = "it is written for Python 2: bring it to Python 3 first"
    return ApplicationLoadError(f"{where}: {error.msg}" + (f": {text}" if text else ""), hint=hint)


def no_application(path: str, names: Mapping[str, object], name: str = "application") -> ApplicationLoadError:
    """Return the error for code that binds no application where one is wanted.

    Args:
        path: What was loaded, for the message.
        names: What it binds.
        name: The name that should be an ``Application``.
    """
    from svcctl.application.service import Application, Service  # noqa: PLC0415 (failing to import it is told, too)

    path = _named(path)
    new = f'{name} = service.Application("NAME")'
    if name in names:
        wrong = names[name]
        message = f"{path}: '{name}' is {_described(wrong)}, not an Application"
        return ApplicationLoadError(
            message, hint=_conversion(name, wrong, new, is_service=isinstance(wrong, Service))
        )
    applications = [other for other, value in names.items() if isinstance(value, Application)]
    services = [other for other, value in names.items() if isinstance(value, Service)]
    bound = [
        other for other, value in names.items() if other[:1] != "_" and not isinstance(value, ModuleType)
    ]
    if applications:
        found, hint = f"an Application as {_listed(applications)}", f"write: {name} = {applications[0]}"
    elif services:
        found, hint = (
            f"a service as {_listed(services)}",
            f"write: {new}; {services[0]}.setServiceParent({name})",
        )
    else:
        found, hint = _listed(bound) or "nothing", f"write: {new}"
    return ApplicationLoadError(f"{path} does not bind '{name}'; it binds {found}", hint=hint)


def _conversion(name: str, wrong: object, new: str, *, is_service: bool) -> str:
    if type(wrong).__module__.partition(".")[0] == "twisted":
        return _ADAPTED
    if is_service:
        return f"write: root = {name}; {new}; root.setServiceParent({name})"
    if callable(wrong):
        return f"if it makes the application, call it: {name} = {name}()"
    return f"write: {new}"


def _advice(error: BaseException) -> str:
    if isinstance(error, ModuleNotFoundError) and error.name == "twisted":
        return _TWISTED
    if _is_of_twisted(error):
        return (
            f"it may want another version of Twisted: {_version('twisted')} is installed for {sys.executable}"
        )
    if isinstance(error, ModuleNotFoundError):
        return f"{sys.executable} does not find it: install it for that interpreter or choose another one"
    return error.hint if isinstance(error, SvcctlError) else ""


def _is_of_twisted(error: BaseException) -> bool:
    """Tell whether an error is that a module of Twisted's is not there, or has not what is wanted of it."""
    name = error.name if isinstance(error, ImportError) else None
    if isinstance(error, AttributeError) and isinstance(error.obj, ModuleType):
        name = error.obj.__name__
    return (name or "").partition(".")[0] == "twisted"


def _version(distribution: str) -> str:
    from importlib.metadata import version  # noqa: PLC0415 (only for this error)

    return version(distribution)


def _named(path: str) -> str:
    """Return a path for a message: as it is, unless a line or a terminal would not stay what it is."""
    return path if path.isprintable() else ascii(path)


def _described(value: object) -> str:
    kind = type(value)
    if value is None or isinstance(value, bool):
        return str(value)
    return (
        f"of type {kind.__qualname__}"
        if kind.__module__ == "builtins"
        else f"of type {kind.__module__}.{kind.__qualname__}"
    )


def _listed(names: list[str]) -> str:
    listed = ", ".join(f"'{name}'" for name in names[:5])
    return f"{listed} and others" if len(names) > 5 else listed  # noqa: PLR2004 (as many as are shown)


def _shortened(error: BaseException) -> str:
    try:
        text = describe_cause(error)
    except Exception:  # noqa: BLE001 (a user's __str__ can raise anything)
        return type(error).__name__
    return text if isinstance(error, SvcctlError) or len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _is_users(filename: str) -> bool:
    return not filename.startswith(("<frozen ", _OURS)) and filename != importlib.__file__


def _chain(report: traceback.TracebackException) -> Iterator[traceback.TracebackException]:
    """Yield a report and those of its causes and of the members of a group."""
    waiting = [report]
    while waiting:
        part = waiting.pop()
        yield part
        waiting.extend(other for other in (part.__cause__, part.__context__) if other is not None)
        waiting.extend(part.exceptions or ())
