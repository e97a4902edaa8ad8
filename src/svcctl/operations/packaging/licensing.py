"""Under what terms an application is given away, from what its project says and from the files beside it."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from svcctl.errors import Problem
from svcctl.generate.debian.licences import notices, pointer, whole_text_of
from svcctl.generate.debian.model import Licence
from svcctl.generate.debian.spdx import licence_of
from svcctl.generate.debian.wheel import Metadata
from svcctl.operations.packaging.reading import text_of
from svcctl.operations.packaging.table import Table

#: Names of files that hold the terms, in the order in which they are sought.
_FILES = ("LICENSE*", "LICENCE*", "COPYING*")


class Terms(NamedTuple):
    """What was found.

    Attributes:
        licence: ``None`` if there is nothing about it.
        problems: Files that are named and cannot be read.
    """

    licence: Licence | None
    problems: tuple[Problem, ...]


def read_terms(table: Table) -> Terms:
    """Return the licence of an application.

    Its name is the one that the table gives, else what ``[project]`` says, else the one that its text is known by. Its
    text is that of the file which the table names, else of those that ``[project]`` names, else of the first of
    ``LICENSE``, ``LICENCE`` and ``COPYING``, with any ending. Who holds the copyright is taken from the table, else
    from the notices in the texts.

    Args:
        table: What is decided about the package, with its folder.
    """
    problems: list[Problem] = []
    paths = _named(table, Path(table.folder))
    read = ((path.name, text_of(str(path), "the licence", problems)) for path in paths)
    texts = tuple((name, text) for name, text in read if text)
    project = table.project
    told = Metadata(
        name=project.name,
        version=project.version,
        licence_expression=project.licence_expression,
        licence=project.licence,
        classifiers=project.classifiers,
    )
    name = table.licence or licence_of(told, texts)
    text = "\n\n".join(_shown(text, alone=len(texts) == 1) for _, text in texts)
    holders = table.copyright or notices(text for _, text in texts)
    if not name and not text and not holders:
        return Terms(None, tuple(problems))
    return Terms(Licence(name=name, text=text, holders=holders), tuple(problems))


def _shown(text: str, *, alone: bool) -> str:
    """Return a text as it is to stand beside others: one that every Debian system has is only referred to."""
    common = "" if alone else whole_text_of(text)
    return pointer(common) if common else text.strip("\n")


def _named(table: Table, folder: Path) -> list[Path]:
    if table.licence_file:
        return [folder / table.licence_file]
    for patterns in (table.project.licence_files, _FILES):
        found = [path for pattern in patterns for path in _matching(folder, pattern)]
        if found:
            return found if patterns is not _FILES else found[:1]
    return []


def _matching(folder: Path, pattern: str) -> list[Path]:
    try:
        return sorted(path for path in folder.glob(pattern) if path.is_file())
    except (ValueError, NotImplementedError):  # no pattern, or an absolute one
        return []
