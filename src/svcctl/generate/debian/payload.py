"""The units as they come from their own target: where a package has them, and what its scripts have to know of them.

Source: Debian policy, section 9.3.1; systemd.unit(5), systemd.exec(5); lintian's ``aliased-location``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from svcctl.generate.debian.model import ProgramFile
from svcctl.plan.model import File, Rendering

SYSTEM_UNITS = "/usr/lib/systemd/system"
SYSUSERS = "/usr/lib/sysusers.d"
TMPFILES = "/usr/lib/tmpfiles.d"

#: Directive, and the folder below which systemd makes what it names.
_ROOTS = {"StateDirectory": "/var/lib", "CacheDirectory": "/var/cache", "LogsDirectory": "/var/log"}
_FOLDER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\-]*(?:/[A-Za-z0-9_][A-Za-z0-9_.\-]*)*")
_STORED = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@\-]*")
_SUFFIXES = (".service", ".socket", ".target", ".timer", ".path")

#: Folders that are not one application's.
_SHARED = frozenset({"private", "systemd", "dpkg", "svcctl", "apt"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """What the scripts and the conffiles follow from.

    Attributes:
        files: The files where a package has them, sorted.
        services: Names of the service units.
        sockets: Names of the socket units.
        sysusers: Names of the files that declare users.
        tmpfiles: Names of the files that declare folders.
        folders: Absolute paths of what the services write, to be deleted on purge.
        configuration: Folders in ``/etc`` that are deleted on purge if they are empty.
        credentials: Names of the secrets in the system's credential stores.
        environment_file: Absolute path of the file of variables that the services read; empty if there is none.
        unknown: Folders that the units name in a way that only systemd can resolve.
        interpreters: Of each service that svcctl runs, by its name, the path of the Python that it runs on.
    """

    files: tuple[ProgramFile, ...]
    services: tuple[str, ...]
    sockets: tuple[str, ...]
    sysusers: tuple[str, ...]
    tmpfiles: tuple[str, ...]
    folders: tuple[str, ...]
    configuration: tuple[str, ...]
    credentials: tuple[str, ...]
    environment_file: str
    unknown: tuple[str, ...]
    interpreters: tuple[tuple[str, str], ...]

    @property
    def units(self) -> tuple[str, ...]:
        """All units in the order in which they are enabled and started: sockets first."""
        return (*self.sockets, *self.services)


def read_payload(units: Rendering, documentation: str) -> Payload:
    """Return the units' files as the package has them, and the facts in them.

    Args:
        units: As the systemd target renders them, whatever folder it was told.
        documentation: The manual page, such as ``man:echo(8)``, for units that name no documentation.
    """
    placed = tuple(sorted((_place(file, documentation) for file in units.files), key=lambda file: file.path))
    names = [file.path.rpartition("/") for file in placed]
    lines = [line for file in placed if file.path.endswith(".service") for line in _directives(file.content)]
    folders, unknown = _written(lines)
    return Payload(
        files=placed,
        services=_in(names, SYSTEM_UNITS, ".service"),
        sockets=_in(names, SYSTEM_UNITS, ".socket"),
        sysusers=_in(names, SYSUSERS, ".conf"),
        tmpfiles=_in(names, TMPFILES, ".conf"),
        folders=folders,
        configuration=_folders(lines, "ConfigurationDirectory", "/etc")[0],
        credentials=tuple(sorted(set(_credentials(lines)))),
        environment_file=_environment_file(lines),
        unknown=unknown,
        interpreters=tuple(_interpreters(placed)),
    )


def is_for_users(units: Rendering) -> bool:
    """Return whether some of the units are for the managers of users."""
    return any("/systemd/user/" in file.path for file in units.files)


def _place(file: File, documentation: str) -> ProgramFile:
    _, below, unit = file.path.partition("/systemd/system/")
    name = file.path.rpartition("/")[2]
    path, content = file.path, file.content
    if below or name.endswith(_SUFFIXES):
        path = f"{SYSTEM_UNITS}/{unit or name}"
    elif "/sysusers.d/" in file.path:
        path = f"{SYSUSERS}/{name}"
    elif "/tmpfiles.d/" in file.path:  # noqa: S108 (where systemd reads declarations, not files of anybody)
        path = f"{TMPFILES}/{name}"
    if path.endswith((".service", ".socket")):
        content = _documented(content, documentation)
    return ProgramFile(path=path, content=content, mode=file.mode)


def _documented(content: bytes, documentation: str) -> bytes:
    if any(name == "Documentation" for name, _ in _directives(content)):
        return content
    return content.replace(b"[Unit]\n", f"[Unit]\nDocumentation={documentation}\n".encode(), 1)


def _interpreters(placed: tuple[ProgramFile, ...]) -> Iterator[tuple[str, str]]:
    for file in placed:
        for name, value in _directives(file.content) if file.path.endswith(".service") else ():
            python, runner, _ = value.partition(" -P -m svcctl.runtime ")
            if name == "ExecStart" and runner:
                yield file.path.rpartition("/")[2], python


def _in(names: list[tuple[str, str, str]], folder: str, suffix: str) -> tuple[str, ...]:
    return tuple(name for where, _, name in names if where == folder and name.endswith(suffix))


def _directives(content: bytes) -> Iterator[tuple[str, str]]:
    for line in content.decode("utf-8", "replace").splitlines():
        name, equals, value = line.partition("=")
        if equals and not line.startswith(("#", ";")):
            yield name.strip(), value.strip()


def _written(lines: list[tuple[str, str]]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    folders: list[str] = []
    unknown: list[str] = []
    for directive, root in _ROOTS.items():
        known, others = _folders(lines, directive, root)
        unknown += others
        # A dynamic user's folder lies in a private one, and a link to it where it would be otherwise.
        for path in known:
            folders += [path, path.replace(f"{root}/", f"{root}/private/", 1)]
    return tuple(folders), tuple(unknown)


def _folders(
    lines: list[tuple[str, str]], directive: str, root: str
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    known, unknown = [], []
    for word in _values(lines, directive):
        # Instances have a folder each, below that of all of them.
        name = word.partition(":")[0].partition("/%")[0]
        if _FOLDER.fullmatch(name) and name not in _SHARED:
            known.append(f"{root}/{name}")
        else:
            unknown.append(f"{directive}={word}")
    return tuple(sorted(set(known))), tuple(sorted(set(unknown)))


def _values(lines: list[tuple[str, str]], directive: str) -> list[str]:
    words: list[str] = []
    for name, value in lines:
        if name == directive:
            words = [*words, *value.split()] if value else []
    return words


def _credentials(lines: list[tuple[str, str]]) -> Iterator[str]:
    for name, value in lines:
        first, _, second = value.partition(":")
        stored = {"LoadCredential": second, "LoadCredentialEncrypted": second, "ImportCredential": first}
        if name in stored and _STORED.fullmatch(stored[name]):
            yield stored[name]


def _environment_file(lines: list[tuple[str, str]]) -> str:
    found = [
        value for name, value in lines if name == "EnvironmentFile" and value.startswith("-/etc/default/")
    ]
    path = found[0].removeprefix("-") if found else ""
    return path if _FOLDER.fullmatch(path.removeprefix("/etc/default/")) else ""
