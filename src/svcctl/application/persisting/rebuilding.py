"""What a file of the style ``source`` calls to rebuild an application; pickle does the same for its bytes."""

from __future__ import annotations

from typing import Any

from svcctl.application.persisting.scripts import module_at


def make(kind: type[Any], *arguments: object) -> Any:  # noqa: ANN401 (an object of that class)
    """Return a new object of a class without calling its ``__init__``."""
    return kind.__new__(kind, *arguments)


def fill(made: Any, state: Any) -> None:  # noqa: ANN401 (an object of any class and what it says its state is)
    """Give an object its state: by its ``__setstate__`` if it has one, else as its attributes."""
    setter = getattr(made, "__setstate__", None)
    if setter is not None:
        setter(state)
        return
    slots: dict[str, Any] | None = None
    if isinstance(state, tuple) and len(state) == 2:  # noqa: PLR2004 (what object.__getstate__ returns for slots)
        state, slots = state
    if state:
        vars(made).update(state)
    for name, value in (slots or {}).items():
        setattr(made, name, value)


def script(**origin: Any) -> Any:  # noqa: ANN401 (as module_at; a module has whatever it has)
    """Return the file or module that defines the classes of an application that it defines itself."""
    return module_at(origin)
