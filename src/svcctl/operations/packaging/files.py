"""The application's own files: what a package has of it beside the distributions that it needs."""

from __future__ import annotations

import os
import re
import stat
import sys
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import NamedTuple

from svcctl.errors import Problem, SvcctlError
from svcctl.generate.debian.elf import is_elf
from svcctl.generate.debian.model import ProgramFile
from svcctl.generate.debian.private import application_folder
from svcctl.host import files
from svcctl.loading.report import LoadedModule
from svcctl.operations.packaging.imports import imported

MAX_FILES = 20_000
MAX_BYTES = 1 << 30

_BYTECODE = (".pyc", ".pyo")
_MODULE = re.compile(r"\w+(\.py|(\..+)?\.so)")  # a compiled one is found so that it can be refused


class ApplicationFiles(NamedTuple):
    """The files of an application that lie below ``/usr/share/PACKAGE``.

    Attributes:
        files: Sorted by path, no path twice.
        problems: What stands in the way of a package.
        sources: Where the files were read: absolute paths without links.
        imports: Outermost names of the modules that they import, wherever these are.
    """

    files: tuple[ProgramFile, ...]
    problems: tuple[Problem, ...]
    sources: frozenset[str]
    imports: frozenset[str] = frozenset()


def application_files(
    application: str,
    package: str,
    include: tuple[str, ...] = (),
    *,
    loaded: Iterable[LoadedModule] = (),
    without: Collection[str] = (),
) -> ApplicationFiles:
    """Read the files that an application consists of.

    Of a file these are itself, and the modules and packages beside it that it imports anywhere in its text, directly
    or through each other: of a module its file, of a package its whole folder, with data but without bytecode and
    hidden files. An application that is a ``module:attribute`` or a plug-in comes in a distribution, and has no files
    of its own but those that are included.

    A link to something in the folder is read; one that leads out of it is a problem. So are compiled modules, which
    may not lie below ``/usr/share``, and more than 20 000 files or 1 GiB of content.

    Args:
        application: Absolute path of a ``.tac`` file or of a saved application, or another target.
        package: Name of the package.
        include: Further files and folders, relative to the application's folder; to the working directory if the
            application is no file.
        loaded: The modules of its own that it has loaded: they are sought beside it, whoever imports them.
        without: Modules beside the application that the package has in a distribution.
    """
    folder, name = os.path.split(application) if application.startswith("/") else (str(Path.cwd()), "")
    reader = _Reader(os.path.realpath(folder), application_folder(package))
    if name:
        reader.add(name)
    wanted = {each.name.partition(".")[0] for each in loaded} if name else set()
    left_out = {*without, "svcctl"}
    if name:
        _follow(reader, wanted, left_out)
    for given in include:
        _include(reader, given)
    return reader.result()


def outside(
    modules: Iterable[LoadedModule], found: ApplicationFiles, provided: Collection[str]
) -> tuple[Problem, ...]:
    """Return which modules an application has loaded that its package would not have, one for each outermost name.

    Args:
        modules: Those of its own that it has loaded.
        found: Its files.
        provided: Outermost names of the modules in the package's distributions.
    """
    missing: dict[str, Problem] = {}
    for module in sorted(modules):
        top = module.name.partition(".")[0]
        if top not in provided and module.path not in found.sources:
            message = (
                f"the application loads the module {module.name} from here, and the package would not have it: "
                "move it beside the application, or into a distribution that it requires, or --include its folder "
                "if that lies below the application's"
            )
            missing.setdefault(top, Problem(module.path, message))
    return tuple(missing.values())


def _follow(reader: _Reader, names: set[str], left_out: Collection[str]) -> None:
    """Add the modules of these names, and those that what has been read imports, until there is no other."""
    seen: set[str] = set(left_out)
    while names := (names | reader.imports()) - seen:
        seen |= names
        for name in sorted(names):
            for found in _beside(reader.folder, name):
                reader.add(found)


def _beside(folder: str, name: str) -> list[str]:
    """Return what the name of a module means in a folder, in Python's order: a package, a module, a mere folder."""
    if not name.isidentifier():
        return []
    package = Path(folder, name)
    beside = sorted(path.name for path in Path(folder).glob(f"{name}.*"))
    modules = [each for each in beside if _MODULE.fullmatch(each)]
    if Path(package, "__init__.py").exists() or (
        package.is_dir() and not modules and name not in sys.stdlib_module_names
    ):
        return [name]
    return modules


def _include(reader: _Reader, given: str) -> None:
    plain = os.path.normpath(given)
    if not given or plain.startswith(("/", "..")) or "\0" in given:
        message = f"it is to be included, and does not lie in {reader.folder}: give a path relative to that, without .."
        reader.problems.append(Problem(given, message))
    elif not os.path.lexists(f"{reader.folder}/{plain}"):
        message = f"it is to be included, and there is no such file or folder in {reader.folder}"
        reader.problems.append(Problem(given, message))
    else:
        reader.add("" if plain == "." else plain)


class _TooMuchError(Exception):
    """A limit is reached."""


class _Reader:
    """Reads files of one folder, and nothing that lies elsewhere.

    Args:
        folder: Absolute path without links.
        target: Where the folder is to lie on the target.

    Attributes:
        problems: What could not be read.
    """

    def __init__(self, folder: str, target: str) -> None:
        self.folder = folder
        self.problems: list[Problem] = []
        self._target = target
        self._found: dict[str, ProgramFile] = {}
        self._sources: set[str] = set()
        self._size = 0
        self._unread: list[bytes] = []
        self._imports: set[str] = set()

    def add(self, relative: str) -> None:
        """Read a file, or a folder with all below it."""
        try:
            self._add(relative, frozenset())
        except _TooMuchError as error:
            self.problems.append(Problem(f"{self.folder}/{relative}", str(error)))

    def imports(self) -> set[str]:
        """Return the names that the sources import which were read since the last call."""
        unread, self._unread = self._unread, []
        found = {name for source in unread for name in imported(source)}
        self._imports |= found
        return found

    def result(self) -> ApplicationFiles:
        """Return what was read."""
        found = tuple(self._found[path] for path in sorted(self._found))
        self.imports()  # of what was included
        problems = tuple(dict.fromkeys(self.problems))
        return ApplicationFiles(found, problems, frozenset(self._sources), frozenset(self._imports))

    def _add(self, relative: str, above: frozenset[str]) -> None:
        path = f"{self.folder}/{relative}".rstrip("/")
        if relative in self._found:
            return
        try:
            real = os.path.realpath(path, strict=True)
            info = Path(real).lstat()
            if real != self.folder and not real.startswith(f"{self.folder}/"):
                self._tell(path, f"leads to {real}, out of the application's folder: put a copy in its place")
            elif not stat.S_ISDIR(info.st_mode):
                self._read(relative, path, real, info.st_size)
            elif real in above:
                self._tell(path, f"leads back to {real}, which it lies in: take the link away")
            else:
                for name in files.names("", real):
                    if not name.startswith(".") and name != "__pycache__" and not name.endswith(_BYTECODE):
                        self._add(f"{relative}/{name}".lstrip("/"), above | {real})
        except SvcctlError as error:
            self._tell(path, f"{error.message}; {error.hint}")
        except (OSError, ValueError) as error:
            self._tell(path, f"cannot be read: {getattr(error, 'strerror', None) or error}")

    def _read(self, relative: str, path: str, real: str, size: int) -> None:
        if len(self._found) >= MAX_FILES:
            raise _TooMuchError(
                f"it makes more than {MAX_FILES} files: a package takes no more of one application"
            )
        if self._size + size > MAX_BYTES:
            raise _TooMuchError(
                f"it makes more than {MAX_BYTES} bytes: a package takes no more of one application"
            )
        read = files.read("", real)
        if read is None:
            self._tell(path, "was there, and no longer is")
            return
        content, mode = read
        if is_elf(content):
            self._tell(path, "is compiled for one architecture: only a distribution (a wheel) can bring it")
            return
        program = bool(mode & 0o111) and content.startswith(b"#!")
        target = f"{self._target}/{relative}"
        self._found[relative] = ProgramFile(path=target, content=content, mode=0o755 if program else 0o644)
        self._sources.add(real)
        self._size += len(content)
        if relative.endswith((".py", ".tac")):
            self._unread.append(content)

    def _tell(self, path: str, message: str) -> None:
        self.problems.append(Problem(path, message))
