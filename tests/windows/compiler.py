"""Debian's compiler for Windows, whose headers say what Windows' structures and numbers are."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

COMPILER = "x86_64-w64-mingw32-gcc"
_OPTIONS = ("-std=c11", "-Wall", "-Wextra", "-Werror", "-D_WIN32_WINNT=0x0A00")


def why_not_here() -> str:
    """Return why it cannot be used here; empty if it can."""
    return "" if shutil.which(COMPILER) else "gcc-mingw-w64-x86-64-win32 is not installed"


def check(source: str) -> None:
    """Compile a text, and keep nothing of it; its assertions have to hold."""
    command = (COMPILER, *_OPTIONS, "-x", "c", "-fsyntax-only", "-")
    done = subprocess.run(command, input=source, text=True, capture_output=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr


def library(source: Path, target: Path, *libraries: str) -> Path:
    """Make a DLL of a file and return its path."""
    command = (COMPILER, *_OPTIONS, "-O2", "-s", "-shared", "-o", str(target), str(source))
    linked = (f"-l{name}" for name in libraries)
    subprocess.run((*command, *linked), check=True, timeout=120)
    return target
