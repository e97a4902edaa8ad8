"""Finds and calls what ``--logger`` names."""

from __future__ import annotations

import contextlib
import difflib
import importlib
import os
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from svcctl.errors import SvcctlError, UsageError, describe_cause

_HINT = "name a callable without arguments that returns a log observer, such as my.logger in my.py"


def call_factory(name: str, folders: Sequence[str] = ()) -> object:
    """Return what the callable of a dotted name returns.

    Args:
        name: ``module.callable``; the module may be in packages, the callable in classes.
        folders: Where the module is looked for first; the working directory comes next, then all other places.

    Raises:
        UsageError: There is no such module or callable, or it raised an error.
    """
    parts = name.split(".")
    if len(parts) < 2 or not all(part.isidentifier() for part in parts):  # noqa: PLR2004 (a module and a name in it)
        raise UsageError(f"{name!r} is no dotted name of a logger", hint=_HINT)
    with _search(folders):
        factory = _attribute(name, *_module(name, parts))
        if not callable(factory):
            raise UsageError(f"the logger {name} cannot be called", hint=_HINT)
        try:
            return factory()
        except SvcctlError:
            raise
        except Exception as error:
            raise UsageError(f"the logger {name} failed: {describe_cause(error)}", hint=_HINT) from error


@contextlib.contextmanager
def _search(folders: Sequence[str]) -> Iterator[None]:
    """Look for modules in some folders and the working directory, too, as long as this goes on."""
    added = list(folders)
    with contextlib.suppress(OSError):
        added.append(os.getcwd())  # noqa: PTH109 (a text is wanted)
    before = sys.path[:]
    sys.path[:0] = added
    try:
        yield
    finally:
        sys.path[:] = before


def _module(name: str, parts: list[str]) -> tuple[Any, list[str]]:
    """Return the innermost module of a dotted name, and the names that are left."""
    for end in range(len(parts) - 1, 0, -1):
        wanted = ".".join(parts[:end])
        try:
            return importlib.import_module(wanted), parts[end:]
        except ModuleNotFoundError as error:
            if error.name is None or not f"{wanted}.".startswith(f"{error.name}."):
                raise _unusable(wanted, error) from error
        except Exception as error:
            raise _unusable(wanted, error) from error
    raise UsageError(
        f"there is no module {parts[0]} for the logger {name}",
        hint="it is looked for beside the application, in the working directory, and among what is installed",
    )


def _unusable(module: str, error: Exception) -> UsageError:
    return UsageError(
        f"the module {module} of the logger cannot be imported: {describe_cause(error)}", hint=_HINT
    )


def _attribute(name: str, found: Any, rest: list[str]) -> Any:  # noqa: ANN401 (whatever has that name)
    for part in rest:
        if not hasattr(found, part):
            close = difflib.get_close_matches(part, dir(found), 1)
            where = getattr(found, "__name__", type(found).__name__)
            hint = f"did you mean {close[0]}?" if close else _HINT
            raise UsageError(f"there is no {part} in {where} for the logger {name}", hint=hint)
        found = getattr(found, part)
    return found
