"""What goes into a Debian package and what comes out of the target, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from svcctl.generate.debian.releases import Distribution
from svcctl.plan.model import Diagnostic

Urgency = Literal["low", "medium", "high", "emergency", "critical"]
ScriptName = Literal["preinst", "postinst", "prerm", "postrm"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """One bundled distribution.

    Attributes:
        name: Its name as its metadata has it.
        version: Its version.
        licence: An SPDX expression; empty if none is known.
        licence_texts: File name and text of each licence, notice or list of authors that it ships.
        summary: One line about it.
        homepage: An ``http`` or ``https`` address; empty if none is known.
        sha256: Digest of the archive that it came in, hexadecimal.
        paths: Absolute paths on the target, of files, and with a ``/`` at the end of folders, that are all its own;
            empty if not known.
    """

    name: str
    version: str
    licence: str
    licence_texts: tuple[tuple[str, str], ...] = ()
    summary: str = ""
    homepage: str = ""
    sha256: str = ""
    paths: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramFile:
    """One file, or symbolic link, of the package.

    Attributes:
        path: Absolute path on the target.
        content: Its bytes.
        mode: Permission bits; a link has none of its own.
        link: What a symbolic link points to; empty for a file.
    """

    path: str
    content: bytes = b""
    mode: int = 0o644
    link: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """The application's program and all that it needs, as it is to lie on the target.

    Attributes:
        files: Sorted by path, no path twice.
        components: The bundled distributions, sorted by name.
        architecture: ``all``, or Debian's name of the only one that it runs on.
        depends: Relations of the package, sorted and complete: bounds of python3, libraries.
        requires_python: Lowest Python version that all of it runs on, such as ``3.11``.
    """

    files: tuple[ProgramFile, ...]
    components: tuple[Component, ...] = ()
    architecture: str = "all"
    depends: tuple[str, ...] = ()
    requires_python: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangelogEntry:
    """One release.

    Attributes:
        version: The package's version.
        changes: What changed, one paragraph each.
        author: ``Name <mail>``.
        date: When, in seconds since 1970.
        urgency: How soon one should upgrade.
    """

    version: str
    changes: tuple[str, ...]
    author: str
    date: int
    urgency: Urgency = "medium"


@dataclass(frozen=True, slots=True, kw_only=True)
class Licence:
    """Under what terms the application itself is given away.

    Attributes:
        name: An SPDX expression.
        text: The whole text; may be empty for those in ``/usr/share/common-licenses``.
        holders: Who holds the copyright, with the years, such as ``2026 Ann``.
    """

    name: str
    text: str = ""
    holders: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """One tag of lintian that is not a fault here.

    Attributes:
        tag: Its name, with lintian's context if only some places are meant.
        reason: Why, in one sentence.
    """

    tag: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovedConffile:
    """A file in ``/etc`` that earlier versions had.

    Attributes:
        path: Its absolute path.
        last_version: The last version of the package that had it.
    """

    path: str
    last_version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DebianOptions:
    """How an application becomes a package; an empty text leaves the choice to the manifest.

    Attributes:
        package: Name of the package.
        version: Version of the package; the manifest's is translated to Debian's order (``1.0rc1`` is ``1.0~rc1``).
        maintainer: ``Name <mail>``.
        section: Section of the archive, with its area if that is not ``main``.
        priority: How much a system needs it.
        homepage: An ``http`` or ``https`` address.
        synopsis: One line for people, below 80 characters.
        description: Paragraphs for people, with an empty line between two.
        distribution: The release that it is made for.
        depends: Further relations, such as ``postgresql-client (>= 15)``.
        recommends: The same, for what it works better with.
        source_date_epoch: The one time in the package, in seconds since 1970.
        changelog: The releases, newest first.
        licence: The application's own terms.
        overrides: Tags of lintian to override.
        removed_conffiles: Files in ``/etc`` that it no longer has.
    """

    package: str
    source_date_epoch: int
    version: str = ""
    maintainer: str = ""
    section: str = "net"
    priority: str = "optional"
    homepage: str = ""
    synopsis: str = ""
    description: str = ""
    distribution: Distribution = "bookworm"
    depends: tuple[str, ...] = ()
    recommends: tuple[str, ...] = ()
    changelog: tuple[ChangelogEntry, ...] = ()
    licence: Licence | None = None
    overrides: tuple[Override, ...] = ()
    removed_conffiles: tuple[RemovedConffile, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """One binary package, ready to be written.

    Attributes:
        control: Fields and values in Debian's order; lines after the first begin with a blank.
        scripts: The maintainer scripts that it has.
        conffiles: The paths of those files that the administrator may edit, sorted.
        files: All files, sorted by path, no path twice.
        diagnostics: What the user should know; none is an error.
    """

    control: tuple[tuple[str, str], ...]
    scripts: Mapping[ScriptName, str]
    conffiles: tuple[str, ...]
    files: tuple[ProgramFile, ...]
    diagnostics: tuple[Diagnostic, ...] = ()
