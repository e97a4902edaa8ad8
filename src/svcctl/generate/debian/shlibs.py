"""Which packages provide the shared libraries that ELF files need, and from which version on.

The answer is the one of dpkg-shlibdeps(1): of each library that a file is linked with, the ``symbols`` file of its
package (deb-symbols(5)) says for every symbol since which version it is there, and the newest one counts; where there
is none, the ``shlibs`` file (deb-shlibs(5)) names the dependency as a whole. Unlike dpkg-shlibdeps, a version of a
library that the target does not have yet (a wheel built on a newer glibc) is a problem and no warning.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from posixpath import basename, dirname, join, normpath
from typing import NamedTuple

from svcctl.errors import Problem
from svcctl.generate.debian.elf import ElfFile, Undefined
from svcctl.generate.debian.version_order import compare

_SONAME = re.compile(r"(?P<name>.+)\.so\.(?P<version>.+)|(?P<plain>.+)-(?P<number>\d.*)\.so")
_SIMPLE = re.compile(r"(?P<package>[^\s(]+)\s*(?:\(\s*(?P<relation>[<>=]+)\s*(?P<version>[^)\s]+)\s*\))?")
_SHLIB = re.compile(
    r"\s*(?:(?P<kind>[^\s#:]+):\s+)?(?P<name>[^\s#]\S*)\s+(?P<version>\S+)(?:\s+(?P<dependencies>\S.*?))?\s*"
)
_RELATIONS = (">=", ">>", "=", "<<", "<=")
_BASE = "Base"


class Introduced(NamedTuple):
    """Since when a library has a symbol.

    Attributes:
        version: The package's version that brought it.
        dependency: Which of the library's dependency templates it needs, counted from 0.
    """

    version: str
    dependency: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """A shared library of the target.

    Attributes:
        soname: What programs are linked with.
        templates: What using it depends on; ``#MINVER#`` stands for the least version. A ``shlibs`` file gives one,
            without a version to fill in.
        symbols: Name and version of each symbol, as ``name@VERSION``, and since when it is there.
    """

    soname: str
    templates: tuple[str, ...]
    symbols: Mapping[str, Introduced] = field(default_factory=dict)


class Dependencies(NamedTuple):
    """What shared objects depend on.

    Attributes:
        depends: One dependency each, in dpkg-shlibdeps' order, such as ``libc6 (>= 2.34)``.
        problems: Libraries and versions of libraries that the target does not have.
    """

    depends: tuple[str, ...]
    problems: tuple[Problem, ...]


def read_symbols(text: str, sonames: Iterable[str]) -> dict[str, Library]:
    """Read a package's ``symbols`` file, as it is installed.

    Symbols marked as gone or deprecated, and patterns (which only source packages have), are left out.

    Args:
        text: The file.
        sonames: The libraries that are asked for; the others are not read.
    """
    wanted = set(sonames)
    templates: dict[str, list[str]] = {}
    symbols: dict[str, dict[str, Introduced]] = {}
    soname = ""
    for line in text.splitlines():
        if line[:1] == " ":
            if soname and line[1:2] not in ("(", "*"):
                name, _, rest = line[1:].partition(" ")
                version, _, number = rest.partition(" ")
                symbols[soname][name] = Introduced(version, int(number) if number.isdecimal() else 0)
        elif line[:1] == "|":
            if soname:
                templates[soname].append(line[1:].strip())
        elif line[:1] not in ("#", "*", ""):
            name, _, template = line.partition(" ")
            soname = name if name in wanted else ""
            if soname:
                templates[soname], symbols[soname] = [template.strip()], {}
    return {
        each: Library(soname=each, templates=tuple(templates[each]), symbols=symbols[each])
        for each in templates
    }


def read_shlibs(text: str, sonames: Iterable[str]) -> dict[str, Library]:
    """Read a package's ``shlibs`` file.

    Args:
        text: The file.
        sonames: The libraries that are asked for.
    """
    plain: dict[tuple[str, str], str] = {}
    typed: dict[tuple[str, str], str] = {}
    for line in text.splitlines():
        entry = _SHLIB.fullmatch(line)
        if entry is not None and entry["kind"] in (None, "deb"):
            found = typed if entry["kind"] else plain
            found.setdefault((entry["name"], entry["version"]), entry["dependencies"] or "")
    known = {**plain, **typed}
    libraries = {}
    for soname in sonames:
        parts = _SONAME.fullmatch(soname)
        key = (parts["name"] or parts["plain"], parts["version"] or parts["number"]) if parts else ("", "")
        if key in known:
            libraries[soname] = Library(soname=soname, templates=(known[key],))
    return libraries


def wanted_sonames(objects: Mapping[str, ElfFile]) -> frozenset[str]:
    """Return the libraries that the target has to provide.

    Args:
        objects: The ELF files by their absolute path on the target.
    """
    return frozenset(
        soname
        for path, each in objects.items()
        for soname in each.needed
        if not _bundled(soname, path, each, objects)
    )


def dependencies(objects: Mapping[str, ElfFile], libraries: Mapping[str, Library]) -> Dependencies:
    """Return what ELF files depend on, together.

    Args:
        objects: All ELF files of the package by their absolute path on the target. What one of them provides to
            another by its search path needs no package.
        libraries: The target's libraries by soname, at least those of :func:`wanted_sonames`.
    """
    needed: dict[str, str] = {}
    problems: list[Problem] = []
    carried = {each.soname or basename(path) for path, each in objects.items()}
    for path in sorted(objects):
        each = objects[path]
        outside = [soname for soname in each.needed if not _bundled(soname, path, each, objects)]
        used = []
        for soname in outside:
            if soname in libraries:
                used.append(libraries[soname])
            elif soname not in carried:  # else another object has loaded it by then
                message = (
                    f"{soname} is in no package of the target that is known here, nor in the package itself"
                )
                problems.append(Problem(path, message))
        problems += _too_new(path, each, libraries)
        _require(each, used, needed)
    found = (_dependency(template, version) for template, version in needed.items())
    return Dependencies(tuple(sorted(found, key=sort_key)), tuple(problems))


def sort_key(dependency: str) -> tuple[str, int, str]:
    """Return what dependencies are sorted by: the package, then the relation, then the version as a text."""
    parts = _SIMPLE.match(dependency)
    if parts is None:
        return (dependency, 0, "")
    relation = parts["relation"]
    return (
        parts["package"],
        _RELATIONS.index(relation) + 1 if relation in _RELATIONS else 0,
        parts["version"] or "",
    )


def _bundled(soname: str, path: str, file: ElfFile, objects: Mapping[str, ElfFile]) -> bool:
    folders = (
        folder.replace("${ORIGIN}", dirname(path)).replace("$ORIGIN", dirname(path)) for folder in file.rpath
    )
    return any(normpath(join(folder, soname)) in objects for folder in folders)


def _require(file: ElfFile, used: list[Library], needed: dict[str, str]) -> None:
    for library in used:
        versions = [each.version for each in library.symbols.values() if each.dependency == 0]
        for template in _parts(library.templates[0]):
            _raise(needed, template, _least(versions))
    for symbol in file.undefined:
        found = _look_up(symbol, used)
        if found is None:
            continue
        library, introduced = found
        if introduced.dependency < len(library.templates):
            for template in _parts(library.templates[introduced.dependency]):
                _raise(needed, template, introduced.version)


def _look_up(symbol: Undefined, used: list[Library]) -> tuple[Library, Introduced] | None:
    name = f"{symbol.name}@{symbol.version or _BASE}"
    return next(((library, library.symbols[name]) for library in used if name in library.symbols), None)


def _too_new(path: str, file: ElfFile, libraries: Mapping[str, Library]) -> list[Problem]:
    """Return the versions of libraries that the dynamic linker would not find on the target."""
    problems = []
    for needed in file.versions:
        library = libraries.get(needed.library)
        if library is None or not library.symbols or needed.weak:
            continue
        name = f"{needed.version}@{needed.version}"
        stem = needed.version.rstrip("0123456789.")
        known = [each for each in library.symbols if each.startswith(stem) and _is_version(each)]
        if known and name not in library.symbols:
            problems.append(
                Problem(path, f"needs {needed.version} of {needed.library}, which the target lacks")
            )
    return problems


def _is_version(symbol: str) -> bool:
    name, _, version = symbol.partition("@")
    return name == version


def _parts(template: str) -> list[str]:
    return [part.strip() for part in template.split(",") if part.strip()]


def _least(versions: list[str]) -> str:
    least = ""
    for version in set(versions):
        if not least or compare(version, least) < 0:
            least = version
    return least


def _raise(needed: dict[str, str], template: str, version: str) -> None:
    known = needed.get(template, "")
    if not known or (version and compare(version, known) > 0):
        needed[template] = version


def _dependency(template: str, version: str) -> str:
    bound = f"(>= {version})" if version else ""
    return " ".join(template.replace("#MINVER#", bound).split())
