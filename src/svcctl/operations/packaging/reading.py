"""Reads the files of a project that say something about its package; links are followed, strangers' ones are not."""

from __future__ import annotations

import os

from svcctl.errors import Problem, SvcctlError
from svcctl.host import files


def content_of(path: str, problems: list[Problem]) -> bytes | None:
    """Return a file's content; ``None`` if there is none, or if it cannot be read, which is added to the problems."""
    try:
        read = files.read("", os.path.realpath(path))
    except SvcctlError as error:
        problems.append(Problem(path, f"{error.message}; {error.hint}"))
        return None
    return None if read is None else read.data


def text_of(path: str, what: str, problems: list[Problem]) -> str:
    """Return the text of a file that has to be there; empty, with a problem more, if it is not.

    Args:
        path: Absolute path of the file.
        what: What it is said to be.
        problems: Is added to.
    """
    before = len(problems)
    content = content_of(path, problems)
    if content is None:
        if len(problems) == before:
            problems.append(Problem(path, f"it is said to be {what}, and it is not there"))
        return ""
    return content.decode("utf-8", "replace").replace("\r\n", "\n")
