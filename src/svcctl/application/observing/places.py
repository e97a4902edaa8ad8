"""Open files as they can be saved: by where they are."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

from svcctl.application.observing.base import BaseLogFile

_STREAMS = ("stdout", "stderr")


def place_of(file: object) -> str:
    """Return where an open file is: ``stdout``, ``stderr`` or its path from the root.

    Returns:
        An empty text for what is no open file of Python's, or has no path.
    """
    for name in _STREAMS:
        if file is getattr(sys, name) or file is getattr(sys, f"__{name}__"):
            return name
    path = getattr(file, "name", None) if isinstance(file, io.TextIOWrapper) else None
    return str(Path(path).absolute()) if isinstance(path, str) else ""


def file_at(place: str) -> Any:  # noqa: ANN401 (what log observers write to)
    """Return the file of a place, to be appended to."""
    return getattr(sys, place) if place in _STREAMS else BaseLogFile.unopened(place)
