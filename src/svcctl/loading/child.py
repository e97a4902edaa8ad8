"""The process that executes an application to describe it: ``python -P -m svcctl.loading.child DESCRIPTOR TARGET …``.

The report goes to the descriptor as one line of JSON, never to stdout, where the application may print. Then the
process ends at once, whatever threads or exit handlers the application has left. A saved application comes through
stdin, verified by whoever has started the process: see :mod:`svcctl.loading.handover`.
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from svcctl.application.observing import opening
from svcctl.errors import EX_OK, ProblemsError, SvcctlError
from svcctl.loading.failure import raised
from svcctl.loading.interpreter import describe_interpreter, modules_since
from svcctl.loading.origin import file_of
from svcctl.loading.report import Failure, LoadedModule, Report
from svcctl.loading.tac import absolute, execute, read
from svcctl.loading.target import load, refuse_arguments, resolve
from svcctl.manifest.model import Manifest, Origin
from svcctl.posix import resource
from svcctl.records.text import to_text

_PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 4, 38  # prctl(2)


def describe_here(target: str, arguments: Sequence[str] = ()) -> Report:
    """Load an application in this process and return its description, or what went wrong.

    Args:
        target: The application.
        arguments: The options of a plug-in.
    """
    interpreter = describe_interpreter()
    known = frozenset(sys.modules)
    try:
        manifest = _manifest(target, arguments)
        modules = tuple(LoadedModule(*map(_encodable, each)) for each in modules_since(known))
    except SvcctlError as error:
        return Report(error=_failure(error))
    except BaseException as error:  # noqa: BLE001 (the user's code can raise anything)
        return Report(error=_failure(raised(target, error)))
    return Report(manifest=manifest, interpreter=interpreter, modules=modules)


def _manifest(text: str, arguments: Sequence[str]) -> Manifest:
    target = resolve(text)
    if target.kind == "saved":
        refuse_arguments(text, arguments)
        return _described_saved()
    if target.kind == "tac":
        refuse_arguments(text, arguments)
        path = absolute(target.value)
        source = read(path)
        return execute(path, source).describe(Origin(kind="tac", digest=hashlib.sha256(source).hexdigest()))
    application = load(text, arguments)
    digest = hashlib.sha256(file_of(target).read_bytes()).hexdigest()
    return application.describe(Origin(kind=target.kind, digest=digest))


def _described_saved() -> Manifest:
    from svcctl.loading import handover, saved  # noqa: PLC0415 (only for saved applications)

    state = handover.unpack(sys.stdin.buffer)
    return saved.application_in(state).describe(Origin(kind="saved", digest=state.digest))


def _failure(error: SvcctlError) -> Failure:
    return Failure(
        code=error.code,
        message=_encodable(error.message),
        hint=_encodable(error.hint),
        exit_status=error.exit_status,
        frames=_encodable(getattr(error, "frames", "")),
        problems=error.problems if isinstance(error, ProblemsError) else (),
    )


def _encodable(text: str) -> str:
    """Return a text without what UTF-8 cannot hold, such as bytes of a path."""
    return text.encode(errors="backslashreplace").decode()


def _text(report: Report) -> str:
    try:
        return to_text(report)
    except ProblemsError as error:
        return to_text(Report(error=_failure(error)._replace(problems=())))


def _confine() -> None:
    """Give up what no description needs: core files and programs that raise rights.

    Nor may other processes of the same user, often ``nobody``, look into this one: its environment may hold secrets.
    """
    if sys.platform == "win32":
        return  # whoever has started this process has seen to it
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Elsewhere than on Linux there is no prctl, and nothing to give up.
    with contextlib.suppress(AttributeError, OSError):
        libc = ctypes.CDLL(None)
        libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def _inherited(number: int) -> int:
    """Return the descriptor that is meant by a number on the command line: on Windows, that of a handle."""
    if sys.platform == "win32":
        import msvcrt  # noqa: PLC0415 (only there)

        return msvcrt.open_osfhandle(number, os.O_WRONLY)
    return number


def _main(arguments: list[str]) -> NoReturn:
    descriptor, target = _inherited(int(arguments[0])), arguments[1]
    os.set_inheritable(descriptor, False)  # noqa: FBT003 (its parameter takes no name)
    _confine()
    os.write(descriptor, b" ")  # from now on nobody else can read what comes through stdin
    opening.describing = True
    line = f"{_text(describe_here(target, arguments[2:]))}\n".encode()
    with contextlib.suppress(OSError, ValueError):  # the application may have closed them
        sys.stdout.flush()
        sys.stderr.flush()
    with open(descriptor, "wb") as pipe:  # noqa: PTH123 (a descriptor has no path)
        pipe.write(line)
    os._exit(EX_OK)


if __name__ == "__main__":
    _main(sys.argv[1:])
