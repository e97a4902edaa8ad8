"""Reads the files that an installer for Windows brings: an application, a Python for Windows, the packages in it."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from svcctl.errors import ConfigurationError, UsageError
from svcctl.generate.debian.model import ProgramFile
from svcctl.generate.windows.options import BundledFile

MAX_FILES = 20_000
MAX_BYTES = 1 << 30

_PYTHON = "python.exe"
_SVCCTL = "svcctl/runtime/windows/__main__.py"
_PATHS = "._pth"


class Bundle(NamedTuple):
    """What an installer brings, below the folder of the application.

    Attributes:
        files: Sorted by path; these are absolute below that folder.
        interpreter: Path of its Python, with ``/`` between its parts.
        packages: Path of the folder that svcctl is in; empty if that is the whole folder.
    """

    files: tuple[ProgramFile, ...]
    interpreter: str
    packages: str

    def listed(self) -> tuple[BundledFile, ...]:
        """Return the files as an installer's source names them."""
        return tuple(BundledFile(file.path[1:], sha256(file.content).hexdigest()) for file in self.files)


def read_bundle(folder: str, application: str) -> Bundle:
    """Return the files below a folder, and that of the application, which is put right into it if it is not in there.

    Bytecode is left out.

    Args:
        folder: Absolute path.
        application: Absolute path of its file; empty if it is none.

    Raises:
        ConfigurationError: The folder cannot be read, has a link in it or too much, or there is no Python for Windows or
            no svcctl in it, or another file where the application belongs.
    """
    contents = _contents(folder)
    inside = application_in(folder, application)
    if application:
        content = Path(application).read_bytes()
        if contents.setdefault(inside, content) != content:
            raise ConfigurationError(
                f"{folder} has another {inside} than {application}", hint="give the one that is meant"
            )
    interpreter = _one(contents, _PYTHON, "no Python for Windows", "unpack the embeddable one into it")
    packages = _one(
        contents, _SVCCTL, "no svcctl", "pip install --platform win_amd64 --only-binary=:all: --target"
    )
    packages = packages.removesuffix(_SVCCTL).rstrip("/")
    _check_search_path(folder, contents, interpreter, packages)
    files = tuple(ProgramFile(path=f"/{path}", content=contents[path]) for path in sorted(contents))
    return Bundle(files, interpreter, packages)


def application_in(folder: str, application: str) -> str:
    """Return the path of an application below the folder that it is, or will be, in; with ``/`` between its parts."""
    inside = os.path.relpath(application, folder) if folder else ".."
    return Path(application).name if inside.startswith("..") else Path(inside).as_posix()


def _contents(folder: str) -> dict[str, bytes]:
    contents: dict[str, bytes] = {}
    size = 0
    try:
        for path in sorted(Path(folder).rglob("*")):
            if path.is_symlink():
                raise ConfigurationError(
                    f"{path} is a link, which no installer brings", hint="copy what it points to"
                )
            if path.is_dir() or path.suffix == ".pyc":
                continue
            size += path.stat().st_size
            if size > MAX_BYTES or len(contents) >= MAX_FILES:
                raise ConfigurationError(
                    f"{folder} has more than {MAX_FILES} files or {MAX_BYTES >> 30} GiB",
                    hint="bundle what the application needs alone",
                )
            contents[path.relative_to(folder).as_posix()] = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(
            f"the bundle {folder} cannot be read: {error.strerror or error}", hint="look at --bundle"
        ) from error
    if not contents:
        raise ConfigurationError(f"there is nothing in the bundle {folder}", hint="look at --bundle")
    return contents


def _one(contents: dict[str, bytes], name: str, missing: str, hint: str) -> str:
    """Return the path that ends so and is nearest to the folder itself: a copy in a virtual environment lies deeper."""
    found = sorted(
        (path for path in contents if f"/{path.lower()}".endswith(f"/{name}")),
        key=lambda path: (path.count("/"), path),
    )
    if not found:
        raise ConfigurationError(f"there is {missing} in the bundle: no {name}", hint=hint)
    return found[0]


def _check_search_path(folder: str, contents: dict[str, bytes], interpreter: str, packages: str) -> None:
    """Check that a Python which has its search path in a file finds svcctl."""
    home = interpreter.rpartition("/")[0]
    for path, content in contents.items():
        if path.rpartition("/")[0] == home and path.endswith(_PATHS):
            listed = [line.strip().replace("\\", "/") for line in content.decode("utf-8-sig").splitlines()]
            wanted = os.path.relpath(packages or ".", home or ".")
            if wanted not in {os.path.normpath(line) for line in listed if line}:
                written = wanted.replace("/", "\\")
                raise ConfigurationError(
                    f"the Python in {folder} would not find svcctl: {path} does not name {written}",
                    hint=f"add the line {written} to it",
                )


def need_folder(folder: str) -> None:
    """Check that there is a folder.

    Raises:
        UsageError: There is none.
    """
    if not Path(folder).is_dir():
        raise UsageError(f"{folder} is no folder", hint="--bundle takes the folder that is to be installed")
