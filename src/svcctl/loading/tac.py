"""A ``.tac`` file to the application that it binds.

The file is Python. It runs once, as a module of the stable name ``__tac__``: dataclasses and pickles of its classes
work, and ``if __name__ == "__main__"`` does not fire. ``__file__`` is absolute, the file's folder is the first of
``sys.path``, the working directory stays as it is.

This module is on the runner's start path: what only an error needs is imported there.
"""

from __future__ import annotations

import os
import stat
import sys
from types import ModuleType
from typing import TYPE_CHECKING

from svcctl.errors import ApplicationNotFoundError

if TYPE_CHECKING:
    from svcctl.application.service import Application

#: Name under which the file is found in ``sys.modules``.
MODULE_NAME = "__tac__"

MAX_BYTES = 16 * 2**20


def load_tac(path: str) -> Application:
    """Execute a ``.tac`` file and return what it binds to ``application``.

    Args:
        path: Path of the file; a relative one counts from the working directory.

    Raises:
        ApplicationNotFoundError: There is no such file, or it cannot be read.
        ApplicationLoadError: It is no Python source, it raised an error, or binds no ``Application``.
    """
    path = absolute(path)
    return execute(path, read(path))


def absolute(path: str) -> str:
    """Return a path from the root without ``..``; links that are not followed by one stay as they are.

    Raises:
        ApplicationNotFoundError: It is relative and the working directory is gone.
    """
    try:
        # The working directory is asked for only if it counts: it may be gone.
        joined = path if os.path.isabs(path) else os.path.join(os.getcwd(), path)  # noqa: PTH109, PTH117, PTH118 (pathlib is not on the start path)
    except OSError as error:
        raise ApplicationNotFoundError(
            f"{path!r} cannot be found: the working directory is gone", hint="give an absolute path"
        ) from error
    # Behind a link ".." is not what stands before it in the text.
    upwards, found, below = f"{joined}/".rpartition("/../")
    return os.path.normpath(os.path.join(os.path.realpath(f"{upwards}/.."), below) if found else joined)  # noqa: PTH118 (the same)


def read(path: str) -> bytes:
    """Return the bytes of a ``.tac`` file.

    Args:
        path: Absolute path of the file.

    Raises:
        ApplicationNotFoundError: There is no such file, or it cannot be read.
    """
    try:
        # A pipe would make open() wait for ever; the file is told from it before.
        mode = os.stat(path).st_mode  # noqa: PTH116 (pathlib is not on the start path)
        if stat.S_ISREG(mode):
            with open(path, "rb") as file:  # noqa: PTH123 (pathlib is not on the start path)
                source = file.read(MAX_BYTES + 1)
            if len(source) <= MAX_BYTES:
                return source
    except (OSError, ValueError) as error:
        from svcctl.loading.unreadable import unreadable  # noqa: PLC0415 (only an error needs it)

        raise unreadable(path, error) from None
    is_folder = stat.S_ISDIR(mode)
    what = (
        "a folder"
        if is_folder
        else "too large for Python source"
        if stat.S_ISREG(mode)
        else "no regular file"
    )
    hint = "name the .tac file in it" if is_folder else "name a .tac file"
    raise ApplicationNotFoundError(f"{path!r} is {what}", hint=hint)


def execute(path: str, source: bytes) -> Application:
    """Execute the source of a ``.tac`` file and return what it binds to ``application``.

    Args:
        path: Absolute path of the file.
        source: What the file holds.

    Raises:
        ApplicationLoadError: It is no Python source, it raised an error, or binds no ``Application``.
    """
    module = ModuleType(MODULE_NAME)
    module.__file__ = path
    known = sys.modules.get(MODULE_NAME)
    search_path = sys.path[:]
    folder = os.path.dirname(path)  # noqa: PTH120 (pathlib is not on the start path)
    sys.path[:] = [folder, *(entry for entry in search_path if entry != folder)]
    sys.modules[MODULE_NAME] = module
    expect_twisted()
    try:
        _run(path, source, module)
        return _application_of(path, vars(module))
    except BaseException:
        sys.path[:] = search_path
        sys.modules.pop(MODULE_NAME, None)
        if known is not None:
            sys.modules[MODULE_NAME] = known
        raise


class _Expecting:
    """A finder that finds nothing: it is only told that Twisted is about to be imported, and leaves."""

    @classmethod
    def find_spec(cls, name: str, _path: object = None, _target: object = None) -> None:
        """Have Twisted's reactor run on the runner's loop."""
        if name == "twisted":
            sys.meta_path.remove(cls)
            from svcctl.interop.twisted import importing  # noqa: PLC0415 (few applications are Twisted's)

            importing.begin()


def expect_twisted() -> None:
    """Get ready for code that may import Twisted; to be called before it runs. It costs next to nothing."""
    if "twisted" in sys.modules:
        from svcctl.interop.twisted import importing  # noqa: PLC0415 (few applications are Twisted's)

        importing.begin()
    elif _Expecting not in sys.meta_path:
        sys.meta_path.insert(0, _Expecting)


def adapted(candidate: object) -> object:
    """Return an application of ours that runs one of Twisted's; anything else as it is."""
    if "twisted.application.service" not in sys.modules:
        return candidate
    from svcctl.interop.twisted.application import adapted as adapt  # noqa: PLC0415 (the same)

    return adapt(candidate) or candidate


def _run(path: str, source: bytes, module: ModuleType) -> None:
    try:
        code = compile(source, path, "exec", dont_inherit=True)
    except (SyntaxError, ValueError, MemoryError, RecursionError, OverflowError) as error:
        from svcctl.loading.failure import not_python  # noqa: PLC0415 (only an error needs it)

        raise not_python(path, source, error) from None
    try:
        exec(code, vars(module))  # noqa: S102 (a .tac file is a program)
    except KeyboardInterrupt:
        raise  # from outside: somebody wants the loading to end
    except BaseException as error:  # noqa: BLE001 (the user's code can raise anything)
        from svcctl.loading.failure import raised  # noqa: PLC0415 (only an error needs it)

        raise raised(path, error) from None


def _application_of(path: str, names: dict[str, object]) -> Application:
    from svcctl.application.service import Application  # noqa: PLC0415 (a wrong file is told without it)

    application = names.get("application")
    if not isinstance(application, Application):
        application = adapted(application)
    if isinstance(application, Application):
        if "reload" in names or "check_reload" in names:
            from svcctl.application.tree.hooks import adopt  # noqa: PLC0415 (few files have any)

            adopt(application, names)
        return application
    from svcctl.loading.failure import no_application  # noqa: PLC0415 (only an error needs it)

    raise no_application(path, names)
