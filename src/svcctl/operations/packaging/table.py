"""What a person has decided about a package: ``[tool.svcctl.deb]`` of a ``pyproject.toml``, and single fields over it.

Example::

    [tool.svcctl.deb]
    maintainer = "Ann Example <ann@example.org>"
    section = "web"
    depends = ["postgresql-client (>= 15)"]
    [tool.svcctl.deb.licences]
    some-library = "MIT"
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, get_args

from svcctl.errors import Problem
from svcctl.generate.debian.releases import Distribution
from svcctl.operations.packaging.project import Project, read_project
from svcctl.operations.packaging.reading import content_of

FILE = "pyproject.toml"
_WHERE = "tool.svcctl.deb"
_WANTED = {
    "str": "a text",
    "int": "a whole number, 0 or more",
    "tuple[str, ...]": "a list of texts",
    "Pairs": "a table of texts",
}

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The decisions; each key of the table is the field's name with ``-`` for ``_``. What is left out is empty.

    Attributes:
        package: Name of the package.
        version: Its version, in Debian's form.
        epoch: Goes before every version if it is not 0; see Debian policy, section 5.6.12.1.
        maintainer: ``Name <mail>``.
        section: Section of the archive.
        priority: How much a system needs it.
        homepage: An address of the web.
        synopsis: One line for people.
        description: Paragraphs for people.
        depends: Further relations, each such as ``postgresql-client (>= 15)``.
        recommends: The same, for what it works better with.
        licence: The application's own, as an SPDX expression.
        licence_file: The file with its text.
        copyright: Who holds the copyright, with the years.
        changelog: The file with the changes.
        include: Further files and folders of the application, relative to its own folder.
        extras: Extras of the project that the package is to have.
        requirements: The requirements file with digests.
        overrides: Tags of lintian that are no faults here, each with the reason.
        removed_conffiles: Files in ``/etc`` that there no longer are, each with the last version that had it.
        licences: SPDX expressions of distributions that do not state theirs.
        distribution: The release that the package is made for.
        folder: Where the file lies, or would lie; other relative paths count from there.
        project: What ``[project]`` of the same file says.
        problems: What is wrong with the table.
    """

    package: str = ""
    version: str = ""
    epoch: int = 0
    maintainer: str = ""
    section: str = ""
    priority: str = ""
    homepage: str = ""
    synopsis: str = ""
    description: str = ""
    depends: tuple[str, ...] = ()
    recommends: tuple[str, ...] = ()
    licence: str = ""
    licence_file: str = ""
    copyright: tuple[str, ...] = ()
    changelog: str = ""
    include: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    requirements: str = ""
    overrides: Pairs = ()
    removed_conffiles: Pairs = ()
    licences: Pairs = ()
    distribution: str = ""
    folder: str = ""
    project: Project = field(default_factory=Project)
    problems: tuple[Problem, ...] = ()


_KINDS = {
    each.name.replace("_", "-"): str(each.type)
    for each in fields(Table)
    if each.name not in {"folder", "project", "problems"}
}


def read_table(folder: str) -> Table:
    """Return what the ``pyproject.toml`` of a folder says about the package; nothing if there is no such file.

    What is wrong with it is among the problems of what is returned; the rest holds.

    Args:
        folder: Absolute path.
    """
    path = f"{folder}/{FILE}"
    problems: list[Problem] = []
    content = content_of(path, problems) or b""
    try:
        told = tomllib.loads(content.decode())
    except (ValueError, RecursionError) as error:
        return Table(folder=folder, problems=(Problem(path, f"it is no TOML: {error}"),))
    project = read_project(told.get("project"))
    table: object = told
    for name in _WHERE.split("."):
        table = table.get(name, {}) if isinstance(table, dict) else None
    if not isinstance(table, dict):
        problem = Problem(f"{path}: {_WHERE}", "expected a table")
        return Table(folder=folder, project=project, problems=(problem,))
    values = dict(_values(table, f"{path}: {_WHERE}", problems))
    return _checked(Table(folder=folder, project=project, problems=tuple(problems), **values), path)


def override(table: Table, texts: Iterable[str]) -> Table:
    """Return the table with single fields set anew.

    A list's field takes one item each time it is given, and no longer has those that it had; given empty, it has none.
    Of a table's field one entry is set: ``licences.some-library=MIT``.

    Args:
        table: What there is.
        texts: Each ``FIELD=VALUE``, the field as the table's key.
    """
    changes: dict[str, Any] = {}
    found = [_set(table, changes, text) for text in texts]
    problems = (*table.problems, *(problem for problem in found if problem))
    return _checked(replace(table, problems=problems, **changes), "--override")


def _set(table: Table, changes: dict[str, Any], text: str) -> Problem | None:
    """Put what one text says into the changes, or return what is wrong with it."""
    where, equals, value = text.partition("=")
    key, _, entry = where.strip().partition(".")
    name, kind = key.replace("-", "_"), _KINDS.get(key)
    if kind is None:
        return _unknown("--override", key)
    if not equals or (kind == "Pairs") != bool(entry):
        return Problem("--override", f"{text!r}: expected {key}{'.NAME' if kind == 'Pairs' else ''}=VALUE")
    if kind == "int" and not (value.isascii() and value.isdecimal()):
        return _wrong("--override", key)
    if kind == "Pairs":
        changes[name] = tuple((dict(changes.get(name, getattr(table, name))) | {entry: value}).items())
    elif kind == "int":
        changes[name] = int(value)
    elif kind == "str":
        changes[name] = value
    else:
        changes[name] = (*changes.get(name, ()), *([value] if value else []))
    return None


def _values(table: Mapping[str, object], where: str, problems: list[Problem]) -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        kind = _KINDS.get(key)
        if kind is None:
            problems.append(_unknown(where, key))
        elif not _fits(value, kind):
            problems.append(_wrong(where, key))
        else:
            yield key.replace("-", "_"), _frozen(value)


def _fits(value: object, kind: str) -> bool:
    if kind == "int":
        return type(value) is int and value >= 0
    if kind == "str":
        return isinstance(value, str)
    items = value if kind.startswith("tuple") and isinstance(value, list) else None
    if kind == "Pairs" and isinstance(value, dict):
        items = list(value.values())
    return items is not None and all(isinstance(item, str) for item in items)


def _frozen(value: object) -> object:
    if isinstance(value, dict):
        return tuple(value.items())
    return tuple(value) if isinstance(value, list) else value


def _checked(table: Table, where: str) -> Table:
    """Return the table without a release that is none."""
    known = get_args(Distribution)
    if not table.distribution or table.distribution in known:
        return table
    message = f"{table.distribution!r}: expected one of {', '.join(known)}"
    return replace(
        table, distribution="", problems=(*table.problems, Problem(f"{where}: distribution", message))
    )


def _unknown(where: str, key: str) -> Problem:
    near = difflib.get_close_matches(key, _KINDS, n=1)
    proposal = f"did you mean {near[0]}?" if near else f"there are {', '.join(_KINDS)}"
    return Problem(f"{where}: {key}", f"there is no such field; {proposal}")


def _wrong(where: str, key: str) -> Problem:
    return Problem(f"{where}: {key}", f"expected {_WANTED[_KINDS[key]]}")
