"""The classes that a ``.tac`` file or a script defines itself: a saved application needs them to be loaded.

Such classes live in a module that cannot be imported: ``__tac__`` for a ``.tac`` file, ``__main__`` for a script. A
saved application says which file that was. To load it, that file is executed as the module ``__tac__``, as a ``.tac``
is; where it would save or run its own application, or end the process, its execution ends, since by then its classes
are there. A script that was started with ``python -m`` is imported by its name instead.
"""

from __future__ import annotations

import importlib
import os
import sys
from types import ModuleType
from typing import Any

from svcctl.application.persisting import trust
from svcctl.application.persisting.errors import UnsavableError
from svcctl.errors import LifecycleError, SavedStateError
from svcctl.posix import O_CLOEXEC, O_DIRECTORY, O_PATH

#: Modules that are no modules to import.
NAMES = ("__tac__", "__main__")

_NAME = "__tac__"
#: The files that are being executed for their classes at this moment.
_executing: list[str] = []


class DefinitionsEndError(BaseException):
    """The file that is executed for its classes begins to do something with its application."""


def end_of_definitions() -> None:
    """End the execution of a file that is executed for its classes; do nothing if none is.

    Whatever would save or run an application calls this first.

    Raises:
        DefinitionsEndError: One is.
    """
    if _executing:
        raise DefinitionsEndError


def origin_of(name: str, what: str) -> dict[str, Any]:
    """Return where to find a module that cannot be imported, as a saved application says it.

    Args:
        name: One of :data:`NAMES`.
        what: What in it is needed, for messages.

    Raises:
        UnsavableError: It has come from nowhere that could be named, such as standard input.
    """
    module = sys.modules.get(name)
    spec = getattr(module, "__spec__", None)
    if name == "__main__" and spec is not None:
        return {"module": spec.name}
    path = getattr(module, "__file__", None)
    if path is None or not os.path.isfile(path):  # noqa: PTH113 (paths are texts here)
        raise UnsavableError(
            f"{what} is defined in {name}, which has no file", hint="define it in a module of its own"
        )
    return {"file": os.path.realpath(path), "owner": os.stat(path).st_uid}  # noqa: PTH116 (paths are texts here)


def module_at(origin: dict[str, Any]) -> ModuleType:
    """Return the module that :func:`origin_of` described, executing its file if that has not been done.

    Raises:
        SavedStateError: The file is not there, others could have written it, or it raised an error.
    """
    if "module" in origin:
        return importlib.import_module(origin["module"])
    path = origin["file"]
    for name in NAMES:
        module = sys.modules.get(name)
        known = getattr(module, "__file__", None)
        if module is not None and known is not None and os.path.realpath(known) == path:
            return module
    try:
        source = _read(path, origin["owner"])
    except OSError as error:
        raise SavedStateError(
            f"the file with its classes, {path}, cannot be read: {error.strerror}", hint="put it back there"
        ) from error
    return execute(path, source)


def _read(path: str, owner: int) -> bytes:
    """Read a file with code: root trusts itself alone, others whoever owned it when they executed it before."""
    if os.geteuid() == 0:
        with trust.folder_of(path) as (folder, name):
            return trust.read(folder, name, path, trust.CODE)
    above, _, name = path.rpartition("/")
    folder = os.open(above or "/", O_PATH | O_DIRECTORY | O_CLOEXEC)
    try:
        return trust.read(folder, name, path, trust.CODE._replace(owners=(owner,)))
    finally:
        os.close(folder)


def execute(path: str, source: bytes) -> ModuleType:
    """Execute a file for what it defines.

    Args:
        path: Absolute path of the file.
        source: What it holds.

    Raises:
        SavedStateError: It raised an error, which is the cause.
    """
    _executing.append(path)
    try:
        return run(path, source)
    except (DefinitionsEndError, SystemExit, LifecycleError):
        return sys.modules[_NAME]
    except Exception as error:
        raise SavedStateError(
            f"{path}, which defines its classes, raised {type(error).__name__}: {error}", hint="mend it there"
        ) from error
    finally:
        _executing.pop()


def run(path: str, source: bytes) -> ModuleType:
    """Execute a file as the module ``__tac__``, which stays in ``sys.modules``, as it does for a ``.tac``.

    Args:
        path: Absolute path of the file.
        source: What it holds.

    Raises:
        Exception: Whatever the file raised; the module that was there before is there again.
    """
    module = ModuleType(_NAME)
    module.__file__ = path
    known = sys.modules.get(_NAME)
    search_path = sys.path[:]
    folder = os.path.dirname(path)  # noqa: PTH120 (paths are texts here)
    sys.path[:] = [folder, *(entry for entry in search_path if entry != folder)]
    sys.modules[_NAME] = module
    try:
        exec(compile(source, path, "exec", dont_inherit=True), vars(module))  # noqa: S102 (it is the application's own code)
    except Exception as error:
        if _executing and isinstance(error, LifecycleError):
            raise
        sys.path[:] = search_path
        sys.modules.pop(_NAME, None)
        if known is not None:
            sys.modules[_NAME] = known
        raise
    return module
