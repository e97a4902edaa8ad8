"""What a description in a child process consists of: the records that cross the pipe."""

from __future__ import annotations

from typing import NamedTuple

from svcctl.errors import Problem
from svcctl.manifest.model import Manifest


class Interpreter(NamedTuple):
    """The Python that an application runs on.

    Attributes:
        executable: Absolute path, as it was called: in a virtual environment, the link there.
        version: Such as ``3.11.2``.
        prefix: Folder of the environment.
        base_prefix: Folder of the installation that the environment was made of.
        library_paths: Folders that it maps code from, and itself: absolute, without links, sorted; none lies in
            another.
        svcctl_version: Version of svcctl in that environment.
    """

    executable: str
    version: str
    prefix: str
    base_prefix: str
    library_paths: tuple[str, ...]
    svcctl_version: str


class LoadedModule(NamedTuple):
    """A module of the application's own that is in memory once it has been loaded.

    Attributes:
        name: Its full name, such as ``shop.orders``.
        path: The file of its code: absolute, without links.
    """

    name: str
    path: str


class Failure(NamedTuple):
    """An error of the child; the fields are those of :class:`svcctl.errors.SvcctlError` and its kinds."""

    code: str
    message: str
    hint: str
    exit_status: int
    frames: str = ""
    problems: tuple[Problem, ...] = ()


class Report(NamedTuple):
    """What the child tells: a manifest, the interpreter and the application's own modules, or an error."""

    manifest: Manifest | None = None
    interpreter: Interpreter | None = None
    modules: tuple[LoadedModule, ...] = ()
    error: Failure | None = None


class Description(NamedTuple):
    """An application and what it runs on, once the report has passed every check.

    Attributes:
        manifest: Has passed validation.
        interpreter: What the child said of its interpreter.
        modules: Those in memory that are neither Python's, nor installed for that interpreter, nor svcctl's, sorted.
    """

    manifest: Manifest
    interpreter: Interpreter
    modules: tuple[LoadedModule, ...] = ()
