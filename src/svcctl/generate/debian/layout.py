"""Which files of the wheels a package takes, and where it puts them: one private folder, as if installed there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from posixpath import basename
from typing import NamedTuple

from svcctl.errors import Problem
from svcctl.generate.debian.elf import ElfError, ElfFile, is_elf, read_elf
from svcctl.generate.debian.model import Component, ProgramFile
from svcctl.generate.debian.spdx import licence_of
from svcctl.generate.debian.wheel import Wheel, WheelFile, normalised
from svcctl.plan.model import Diagnostic

#: Sources of what is compiled already, and what other compilers would need.
_SOURCES = (".c", ".cc", ".cpp", ".cxx", ".h", ".hh", ".hpp", ".hxx", ".pxd", ".pxi", ".pyx")
_BYTECODE = (".pyc", ".pyo")
_KEPT_INFO = ("METADATA", "entry_points.txt")
_END_OF_FIELDS = re.compile(rb"\r?\n(?=\r?\n)")
_LICENCE = re.compile(r"(?i)(licen[cs]e|copying|copyright|notice|authors)([-_.].*)?")
_TESTS = re.compile(rb"^[ \t]*(?:from|import)[ \t]+[^\n#]*\btests\b", re.MULTILINE)


class Layout(NamedTuple):
    """The files of a package's program.

    Attributes:
        files: Sorted by path, no path twice.
        components: The distributions that they are from, sorted by name.
        diagnostics: What was left out although somebody may miss it.
        problems: What stands in the way of a package.
    """

    files: tuple[ProgramFile, ...]
    components: tuple[Component, ...]
    diagnostics: tuple[Diagnostic, ...]
    problems: tuple[Problem, ...]


class _Taken(NamedTuple):
    files: list[ProgramFile]
    texts: list[tuple[str, str]]
    left_out: list[str]


def lay_out(
    wheels: Iterable[Wheel],
    root: str,
    application: Iterable[ProgramFile] = (),
    licences: Mapping[str, str] | None = None,
) -> Layout:
    """Choose the files of wheels, and put them below one folder.

    Left out are bytecode, what installers note for themselves, sources of compiled modules, C headers, folders
    ``tests`` that no other module of the wheel imports from, and in the metadata the long description, which is the page
    that an index shows. Texts of licences go to the components.

    Args:
        wheels: What the application needs, perhaps itself among them.
        root: The folder, as an absolute path on the target, such as ``/usr/lib/echo``.
        application: Further files, at their absolute paths on the target.
        licences: SPDX expressions by the name of a distribution, in any spelling: they win over what it says itself.
    """
    given = {normalised(name): expression for name, expression in (licences or {}).items()}
    own = {file.path: (file, "the application") for file in application}
    taken = [
        (wheel, _take(wheel, root))
        for wheel in sorted(wheels, key=lambda each: normalised(each.metadata.name))
    ]
    owned = [(file.path, wheel.metadata.name) for wheel, each in taken for file in each.files]
    owners = _owners(root, [*owned, *((path, "") for path in own)])
    found, problems = _merged(own, taken)
    components: list[Component] = []
    diagnostics: list[Diagnostic] = []
    for wheel, each in taken:
        name = wheel.metadata.name
        diagnostics += [_left_out(name, path) for path in each.left_out]
        component = _component(wheel, each, root, given.get(normalised(name), ""), owners)
        components.append(component)
        if not component.licence:
            message = "its metadata and its texts name no licence that is known; give one for it"
            problems.append(Problem(f"{name} {wheel.metadata.version}", message))
    files = tuple(found[path][0] for path in sorted(found))
    return Layout(files, tuple(components), tuple(diagnostics), tuple(problems))


def _merged(
    own: Mapping[str, tuple[ProgramFile, str]], taken: Iterable[tuple[Wheel, _Taken]]
) -> tuple[dict[str, tuple[ProgramFile, str]], list[Problem]]:
    """Return all files with who brought them, and where two do not agree."""
    found, problems = dict(own), []
    for wheel, each in taken:
        name = wheel.metadata.name
        for file in each.files:
            other, owner = found.setdefault(file.path, (file, name))
            if other.content != file.content:
                problems.append(Problem(file.path, f"{owner} and {name} both have it, and not the same"))
    return found, problems


def read_objects(files: Iterable[ProgramFile]) -> tuple[dict[str, ElfFile], tuple[Problem, ...]]:
    """Return the ELF files among files, by path, and which of them cannot be read."""
    objects: dict[str, ElfFile] = {}
    problems = []
    for file in files:
        if is_elf(file.content):
            try:
                objects[file.path] = read_elf(file.content)
            except ElfError as error:
                problems.append(Problem(file.path, str(error)))
    return objects, tuple(problems)


def _take(wheel: Wheel, root: str) -> _Taken:
    taken = _Taken([], [], [])
    tests = _imports_tests(wheel)
    data = wheel.info.removesuffix(".dist-info") + ".data/"
    for file in wheel.files:
        path = file.path
        if path.startswith(f"{wheel.info}/"):
            _take_info(file, wheel, root, taken)
        elif path.startswith(data):
            kind, _, rest = path.removeprefix(data).partition("/")
            if kind in ("purelib", "platlib"):
                _take_file(file, rest, root, taken, tests=tests)
            elif kind == "data":
                taken.left_out.append(rest)
        else:
            _take_file(file, path, root, taken, tests=tests)
    return taken


def _take_info(file: WheelFile, wheel: Wheel, root: str, taken: _Taken) -> None:
    name = file.path.removeprefix(f"{wheel.info}/")
    named = {*wheel.metadata.licence_files}
    if name in _KEPT_INFO:
        content = _fields(file.content) if name == "METADATA" else file.content
        taken.files.append(ProgramFile(path=f"{root}/{file.path}", content=content))
    elif name.startswith(("licenses/", "license_files/")) or name in named or _LICENCE.fullmatch(name):
        text = file.content.decode("utf-8", "replace").replace("\r\n", "\n")
        taken.texts.append((name.removeprefix("licenses/").removeprefix("license_files/"), text))


def _fields(metadata: bytes) -> bytes:
    """Return metadata without the long description that may stand behind the fields."""
    end = _END_OF_FIELDS.search(metadata)
    return metadata[: end.end()] if end else metadata


def _take_file(file: WheelFile, path: str, root: str, taken: _Taken, *, tests: bool) -> None:
    folders = path.split("/")[:-1]
    if (
        path.endswith((*_SOURCES, *_BYTECODE))
        or "__pycache__" in folders
        or ("tests" in folders and not tests)
    ):
        return
    taken.files.append(ProgramFile(path=f"{root}/{path}", content=file.content, mode=_mode(file)))


def _mode(file: WheelFile) -> int:
    """Libraries and modules are loaded, not run; a program is one that the wheel says is one."""
    if file.path.endswith((".py", ".pyi")) or re.search(r"\.so(\.[\w.]+)?$", basename(file.path)):
        return 0o644
    return 0o755 if file.executable and file.content.startswith((b"#!", b"\x7fELF")) else 0o644


def _imports_tests(wheel: Wheel) -> bool:
    return any(
        _TESTS.search(file.content)
        for file in wheel.files
        if file.path.endswith(".py") and "tests" not in file.path.split("/")[:-1] and b"tests" in file.content
    )


def _component(
    wheel: Wheel, taken: _Taken, root: str, licence: str, owners: Mapping[str, set[str]]
) -> Component:
    metadata, texts = wheel.metadata, tuple(sorted(taken.texts))
    return Component(
        name=metadata.name,
        version=metadata.version,
        licence=licence or licence_of(metadata, texts),
        licence_texts=texts,
        summary=metadata.summary,
        homepage=metadata.homepage,
        sha256=wheel.sha256,
        paths=_own(taken.files, root, owners),
    )


def _owners(root: str, owned: Iterable[tuple[str, str]]) -> dict[str, set[str]]:
    """Return who has files in each folder below the root, and each file; folders end with a slash."""
    owners: dict[str, set[str]] = {}
    for path, name in owned:
        for place in _places(path, root):
            owners.setdefault(place, set()).add(name)
    return owners


def _places(path: str, root: str) -> list[str]:
    """Return the folders below the root on the way to a file, the first first, and the file."""
    parts = path.removeprefix(f"{root}/").split("/")
    return [*(f"{root}/{'/'.join(parts[: end + 1])}/" for end in range(len(parts) - 1)), path]


def _own(files: Iterable[ProgramFile], root: str, owners: Mapping[str, set[str]]) -> tuple[str, ...]:
    """Return the outermost folders, and files, that nobody else has anything in."""
    own = set()
    for file in files:
        alone = (place for place in _places(file.path, root) if len(owners[place]) == 1)
        own.add(next(alone, ""))
    return tuple(sorted(own - {""}))


def _left_out(name: str, path: str) -> Diagnostic:
    return Diagnostic(
        severity="warning",
        subject=name,
        message=f"its file {path} is for the folder of a whole installation, and is not in the package",
        hint="Add it by hand if the application reads it.",
    )
