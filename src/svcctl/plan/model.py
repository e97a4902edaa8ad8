"""The values that generators produce and the host applies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["note", "warning", "error"]
Scope = Literal["system", "user"]


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """One generated file.

    Attributes:
        path: Absolute path on the target, with no ``..`` in it.
        content: Its bytes.
        mode: Permission bits.
        conffile: The administrator may edit it: an existing one that differs is kept.
    """

    path: str
    content: bytes
    mode: int = 0o644
    conffile: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """Something that the user should know about a rendering.

    Attributes:
        severity: An ``error`` makes the rendering unusable.
        subject: What it is about: a directive, a field of the manifest, a path in the tree.
        message: One line.
        hint: One line: what to do about it; empty if there is nothing to advise.
    """

    severity: Severity
    subject: str
    message: str
    hint: str = ""


ActionKind = Literal["daemon-reload", "sysusers", "enable", "start", "stop", "disable"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One step after (or, at removal, before) the files are in place.

    Attributes:
        kind: What to do.
        units: The units to do it to; for ``sysusers``, the files to read.
    """

    kind: ActionKind
    units: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendering:
    """What a generator made of a manifest.

    Attributes:
        files: Sorted by path, no path twice.
        diagnostics: In the order in which they were found.
    """

    files: tuple[File, ...]
    diagnostics: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class InstalledFile:
    """One file as a receipt remembers it.

    Attributes:
        path: Absolute path.
        digest: SHA-256 of what was written, hexadecimal.
        conffile: The administrator may edit it: removed only by a purge.
    """

    path: str
    digest: str
    conffile: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedFile:
    """One file with its content.

    Attributes:
        path: Absolute path.
        content: Its text; bytes that are none are surrogates.
        mode: Permission bits.
        written: When it was last written, in seconds since 1970.
    """

    path: str
    content: str
    mode: int
    written: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """An installation that was replaced: all that is needed to bring it back.

    Attributes:
        files: What was there.
        receipt: Its receipt, as JSON, without the generation before it.
    """

    files: tuple[SavedFile, ...]
    receipt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What an installation left on the machine: enough to show, repeat and undo it.

    Attributes:
        name: Name of the application's units, without suffix.
        scope: ``system`` or ``user``.
        application: What was installed: an absolute path, ``module:attribute`` or a plug-in's name.
        python: Absolute path of the interpreter that runs it.
        python_version: That interpreter's version, such as ``3.11.2``.
        service: Name of the service unit.
        sockets: Names of the socket units, in order.
        addresses: What it listens on, as systemd writes it (``0.0.0.0:8007``, ``/run/x.sock``); ``/udp`` follows the
            port of a datagram socket, ``/udp/shared`` one that others may have, too.
        files: What was written.
        directories: Folders of state, logs and so on that belong to the service, as absolute paths.
        manifest_digest: Digest of the manifest that the files were made from.
        manifest: That manifest, as canonical JSON.
        options: The arguments that repeat the installation, as given.
        folders: Folders that had to be made for the files, parents first; removed when they are empty.
        previous: What it replaced the last time that a file changed; ``None`` if it replaced nothing.
        package: Name of the Debian package that it came in; empty if svcctl has installed it.
    """

    name: str
    scope: Scope
    application: str
    python: str
    python_version: str
    service: str
    sockets: tuple[str, ...]
    addresses: tuple[str, ...]
    files: tuple[InstalledFile, ...]
    directories: tuple[str, ...]
    manifest_digest: str
    manifest: str
    options: tuple[str, ...]
    folders: tuple[str, ...] = ()
    previous: Generation | None = None
    package: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to do to a machine.

    Attributes:
        files: What to write.
        removals: Files of an earlier installation that are no longer wanted.
        actions: What to do once the files are in place, in order.
        receipt: What to remember; ``None`` removes the receipt.
    """

    files: tuple[File, ...]
    removals: tuple[InstalledFile, ...] = ()
    actions: tuple[Action, ...] = ()
    receipt: Receipt | None = None
