"""What a package's program is, as a whole: its architecture, and what it depends on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from posixpath import basename, normpath
from typing import NamedTuple

from svcctl.errors import Problem, ProblemsError
from svcctl.generate.debian.elf import ElfFile, is_elf
from svcctl.generate.debian.layout import Layout, read_objects
from svcctl.generate.debian.model import Bundle
from svcctl.generate.debian.python_bounds import (
    Bounds,
    allows,
    minor_of,
    narrowest,
    relations,
    required,
    tagged,
)
from svcctl.generate.debian.shlibs import Library, dependencies, sort_key
from svcctl.generate.debian.wheel import Wheel
from svcctl.plan.model import Diagnostic

_MODULE_OF_ONE_MINOR = re.compile(r".+\.cpython-3\d+\w*(-[\w-]+)?\.so")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What the package is made for.

    Attributes:
        python: Minor version of the release's python3, such as ``3.11``.
        architecture: Debian's name of the architecture, such as ``amd64``.
        root: The folder with the program, as an absolute path; one that is for one minor version of Python
            (``…/python3.11/site-packages``) binds the package to that.
    """

    python: str
    architecture: str
    root: str


class Assembly(NamedTuple):
    """A bundle, and what the user should know about it.

    Attributes:
        bundle: All that the package holds of the program.
        diagnostics: None of them an error.
    """

    bundle: Bundle
    diagnostics: tuple[Diagnostic, ...]


class _Objects(NamedTuple):
    found: Mapping[str, ElfFile]
    problems: tuple[Problem, ...]


def assemble(
    wheels: Iterable[Wheel], layout: Layout, target: Target, libraries: Mapping[str, Library]
) -> Assembly:
    """Work out architecture and dependencies of a program.

    Args:
        wheels: The wheels that the layout was made of.
        layout: Their files as they are to lie on the target; shared objects may have been stripped.
        target: What the package is made for.
        libraries: The target's libraries by soname, at least those of
            :func:`~svcctl.generate.debian.shlibs.wanted_sonames`.

    Raises:
        ProblemsError: Everything that stands in the way of a package: those of the layout, a wheel for another
            platform or Python, a library that the target lacks or has in an older version.
    """
    objects = _Objects(*read_objects(layout.files))
    foreign = _foreign(objects.found, target)
    native = {path: each for path, each in objects.found.items() if each.architecture == target.architecture}
    needed = dependencies(native, libraries)
    bounds, unfit = _python(tuple(wheels), native, target)
    problems = (*layout.problems, *objects.problems, *foreign, *unfit, *needed.problems)
    if problems:
        raise ProblemsError("no package can be made of this program", problems)
    python = relations(bounds, same_architecture=bool(objects.found))
    bundle = Bundle(
        files=layout.files,
        components=layout.components,
        architecture=target.architecture if objects.found else "all",
        depends=tuple(sorted({*python, *needed.depends}, key=sort_key)),
        requires_python=".".join(map(str, bounds.lowest)) if bounds.lowest else "",
    )
    return Assembly(bundle, (*layout.diagnostics, *_warnings(objects.found, target)))


def _python(
    wheels: tuple[Wheel, ...], objects: Mapping[str, ElfFile], target: Target
) -> tuple[Bounds, list[Problem]]:
    found, problems = [], []
    for wheel in wheels:
        try:
            found.append(_of_wheel(wheel, target))
        except ValueError as error:
            problems.append(Problem(f"{wheel.metadata.name} {wheel.metadata.version}", str(error)))
    modules = [path for path in objects if _MODULE_OF_ONE_MINOR.fullmatch(basename(path))]
    if modules or f"/python{target.python}/" in target.root:
        found.append(_exactly(target.python))
    ours = f".cpython-{target.python.replace('.', '')}-"
    problems += [
        Problem(path, f"is a module for another Python than the target's {target.python}")
        for path in modules
        if ours not in basename(path)
    ]
    return narrowest(found), problems


def _of_wheel(wheel: Wheel, target: Target) -> Bounds:
    """Return the bounds of one wheel; raise :class:`ValueError` if it does not run on the target."""
    specifier = wheel.metadata.requires_python
    stated = required(specifier)
    if not allows(specifier, target.python):
        raise ValueError(f"it runs on Python {specifier}, and the target has {target.python}")
    if not wheel.tags:  # the names of its modules tell, but for those without any tag
        plain = any(is_elf(file.content) and not file.path.endswith(".abi3.so") for file in wheel.files)
        return narrowest((stated, _exactly(target.python))) if plain else stated
    fitting = [each for tag in wheel.tags if (each := tagged(tag, target.python, target.architecture))]
    if not fitting:
        tags = ", ".join(wheel.tags[:3])
        there = f"Python {target.python} on Linux ({target.architecture})"
        raise ValueError(f"its wheel is for {tags}; the target is {there}")
    return narrowest((stated, _loosest(fitting)))


def _exactly(python: str) -> Bounds:
    major, minor = minor_of(python)
    return Bounds((major, minor), (major, minor + 1))


def _loosest(fitting: list[Bounds]) -> Bounds:
    """Any of a wheel's tags is enough to install it."""
    lows, highs = [each.lowest for each in fitting], [each.below for each in fitting]
    return Bounds(
        None if None in lows else min(low for low in lows if low),
        None if None in highs else max(high for high in highs if high),
    )


def _foreign(objects: Mapping[str, ElfFile], target: Target) -> list[Problem]:
    return [
        Problem(
            path, f"is for {each.architecture or 'an unknown architecture'}, not for {target.architecture}"
        )
        for path, each in objects.items()
        if each.architecture != target.architecture
    ]


def _warnings(objects: Mapping[str, ElfFile], target: Target) -> list[Diagnostic]:
    found = []
    for path, each in objects.items():
        if each.executable_stack:
            hint = "Ask its authors for a build without it."
            found.append(_warning(path, "asks for a stack that can be executed", hint))
        outside = [folder for folder in each.rpath if not _inside(folder, path, target.root)]
        if outside:
            message = f"looks for libraries outside of the package: {', '.join(outside)}"
            found.append(_warning(path, message, "Rebuild it without that search path."))
    return found


def _inside(folder: str, path: str, root: str) -> bool:
    origin = path.rpartition("/")[0]
    place = normpath(folder.replace("${ORIGIN}", origin).replace("$ORIGIN", origin))
    return place == root or place.startswith(f"{root}/")


def _warning(path: str, message: str, hint: str) -> Diagnostic:
    return Diagnostic(severity="warning", subject=path, message=message, hint=hint)
