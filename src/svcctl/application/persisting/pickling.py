"""The style ``pickle``: an application to bytes and back."""

from __future__ import annotations

import io
import pickle
from typing import Any

from svcctl.application.persisting import scripts
from svcctl.application.persisting.errors import UnsavableError
from svcctl.application.persisting.live import is_live
from svcctl.errors import SavedStateError, SvcctlError, describe_cause

_PROTOCOL = 5  # the newest of every Python that svcctl runs on


def dump(original: object) -> tuple[bytes, dict[str, Any] | None]:
    """Return an application as bytes, and where to find the classes that it defines itself.

    Raises:
        UnsavableError: Something in it cannot be saved; the message names it.
    """
    file = io.BytesIO()
    pickler = _Pickler(file, _PROTOCOL)
    try:
        pickler.dump(original)
    except SvcctlError:
        raise
    except RecursionError:
        raise UnsavableError("it is nested too deeply", hint="hold less within each other") from None
    except Exception as error:
        from svcctl.application.persisting.source import write  # noqa: PLC0415 (only to find who is to blame)

        write(original)
        raise UnsavableError(
            f"it cannot be pickled: {describe_cause(error)}",
            hint="leave it out in the __getstate__ of whoever holds it",
        ) from error
    return file.getvalue(), pickler.origin


def load(body: bytes, origin: dict[str, Any] | None) -> object:
    """Return the application in bytes that have been verified.

    Raises:
        SavedStateError: A class of it is not there any more, or raised an error, which is the cause.
    """
    try:
        return _Unpickler(io.BytesIO(body), origin).load()
    except SvcctlError:
        raise
    except Exception as error:
        raise SavedStateError(describe_cause(error), hint="what it holds no longer fits its code") from error


class _Pickler(pickle.Pickler):
    """Notes which classes come from a file that cannot be imported, and leaves out what is never saved."""

    origin: dict[str, Any] | None = None

    def reducer_override(self, obj: Any) -> Any:  # noqa: ANN401 (what pickle passes and takes)
        name = getattr(obj, "__module__", None)
        if name in scripts.NAMES and hasattr(obj, "__qualname__"):
            self.origin = one_origin(self.origin, name, f"{obj.__qualname__}")
        if is_live(obj):
            return type(None), ()
        return NotImplemented


def one_origin(known: dict[str, Any] | None, name: str, what: str) -> dict[str, Any]:
    """Return where the classes of an application are that it defines itself, which is one file.

    Raises:
        UnsavableError: It would be two.
    """
    origin = scripts.origin_of(name, what)
    if known is not None and known != origin:
        raise UnsavableError(
            f"its classes are defined in two files: {_shown(known)} and {_shown(origin)} ({what})",
            hint="put them into modules that can be imported",
        )
    return origin


def _shown(origin: dict[str, Any]) -> str:
    return str(origin.get("file") or origin.get("module"))


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, origin: dict[str, Any] | None) -> None:
        super().__init__(file)
        self._origin = origin

    def find_class(self, module: str, name: str) -> Any:  # noqa: ANN401 (a class or a function)
        if module in scripts.NAMES and self._origin is not None:
            module = scripts.module_at(self._origin).__name__
        try:
            return super().find_class(module, name)
        except (ModuleNotFoundError, AttributeError) as error:
            raise gone(module, name, error) from error


def gone(module: str, name: str, error: Exception) -> SavedStateError:
    """Return the error for a class or function that is not where it was."""
    missing = getattr(error, "name", None) or module
    what = f"no module {missing}" if isinstance(error, ModuleNotFoundError) else f"no {name} in {module}"
    return SavedStateError(
        f"it needs {module}.{name}, and there is {what}",
        hint="bring that code back or name its folder in PYTHONPATH; or leave the old name there for the new class",
    )
