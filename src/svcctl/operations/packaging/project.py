"""What a project says of itself in the table ``[project]`` of its ``pyproject.toml``.

Only what is of the right form is taken; to complain is up to its build back end.
Source: the ``pyproject.toml`` specification of the Python packaging authority, PEP 621 and PEP 639.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_HOMEPAGES = ("homepage", "home", "source", "sourcecode", "repository", "github")


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """What the table says; a text is empty where it says nothing.

    Attributes:
        name: Name of the distribution.
        version: Its version.
        description: One line about it.
        homepage: An ``http`` or ``https`` address.
        people: The maintainers, then the authors, those with an address: ``Name <mail>``.
        licence_expression: Its licence as an SPDX expression.
        licence: What it calls its licence in the older form, or its whole text.
        licence_files: Patterns of the files with its licences, relative to its folder.
        classifiers: Its classifiers.
        extras: Names of its extras.
    """

    name: str = ""
    version: str = ""
    description: str = ""
    homepage: str = ""
    people: tuple[str, ...] = ()
    licence_expression: str = ""
    licence: str = ""
    licence_files: tuple[str, ...] = ()
    classifiers: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()


def read_project(table: object) -> Project:
    """Return what the table ``[project]`` says.

    Args:
        table: As it was parsed; anything else than a table says nothing.
    """
    told = _table(table)
    licence = told.get("license")
    return Project(
        name=_text(told.get("name")),
        version=_text(told.get("version")),
        description=" ".join(_text(told.get("description")).split()),
        homepage=_homepage(_table(told.get("urls"))),
        people=tuple(_people(told)),
        licence_expression=" ".join(_text(licence).split()),
        licence=_text(_table(licence).get("text")),
        licence_files=_licence_files(told),
        classifiers=_texts(told.get("classifiers")),
        extras=tuple(_table(told.get("optional-dependencies"))),
    )


def _people(told: Mapping[str, object]) -> Iterator[str]:
    for field in ("maintainers", "authors"):
        people = told.get(field)
        for person in people if isinstance(people, list) else ():
            name, mail = (_text(_table(person).get(key)) for key in ("name", "email"))
            if name and mail:
                yield f"{name} <{mail}>"


def _homepage(urls: Mapping[str, object]) -> str:
    # Labels are compared without punctuation and blanks ("well-known labels" of the core metadata).
    named = {"".join(filter(str.isalnum, label)).lower(): _text(value) for label, value in urls.items()}
    found = (named.get(label, "") for label in _HOMEPAGES)
    return next((address for address in found if address.startswith(("http://", "https://"))), "")


def _licence_files(told: Mapping[str, object]) -> tuple[str, ...]:
    file = _text(_table(told.get("license")).get("file"))
    return ((file,) if file else ()) + _texts(told.get("license-files"))


def _table(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""


def _texts(value: object) -> tuple[str, ...]:
    return tuple(filter(None, map(_text, value))) if isinstance(value, list) else ()
