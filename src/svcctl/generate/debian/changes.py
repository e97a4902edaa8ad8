"""The files that list what belongs together: ``.dsc`` for a source package, ``.changes`` for an upload.

Source: Debian policy, sections 5.4 and 5.5; dsc(5), deb-changes(5), dpkg-genchanges(1).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from typing import NamedTuple

from svcctl.generate.debian.archive import tar_xz
from svcctl.generate.debian.changelog import changelog, date, entries
from svcctl.generate.debian.control import control_text
from svcctl.generate.debian.model import DebianOptions
from svcctl.generate.debian.naming import is_native
from svcctl.generate.debian.source import SourcePackage
from svcctl.generate.debian.text import continuation

_DEBIAN = "/debian/"


class Artefact(NamedTuple):
    """A file that is made.

    Attributes:
        name: Its name, without a folder.
        content: Its bytes.
    """

    name: str
    content: bytes


def file_version(version: str) -> str:
    """Return a version as names of files have it: without its epoch.

    Example:
        >>> file_version("2:1.0-1")
        '1.0-1'
    """
    return version.partition(":")[2] or version


def folder_name(options: DebianOptions) -> str:
    """Return the name of the source package's folder: it has no revision."""
    version = file_version(options.version)
    return f"{options.package}-{version if is_native(version) else version.rpartition('-')[0]}"


def source_archives(source: SourcePackage) -> tuple[Artefact, ...]:
    """Return the archives of a source package, which are the same for the same files.

    There is one, or, where the version has a revision, that of the program and that of Debian's folder.
    """
    options = source.options
    package, version, epoch = options.package, file_version(options.version), options.source_date_epoch
    top = folder_name(options)
    if is_native(version):
        return (Artefact(f"{package}_{version}.tar.xz", tar_xz(source.files, epoch, top)),)
    program = [file for file in source.files if not file.path.startswith(_DEBIAN)]
    debian = [
        replace(file, path=f"/{file.path.removeprefix(_DEBIAN)}")
        for file in source.files
        if file.path.startswith(_DEBIAN)
    ]
    upstream = version.rpartition("-")[0]
    return (
        Artefact(f"{package}_{upstream}.orig.tar.xz", tar_xz(program, epoch, top)),
        Artefact(f"{package}_{version}.debian.tar.xz", tar_xz(debian, epoch, "debian")),
    )


def dsc(source: SourcePackage, archives: Iterable[Artefact]) -> str:
    """Return the text of ``PACKAGE_VERSION.dsc``, not signed.

    Args:
        source: The source package.
        archives: Its archives.
    """
    listed = tuple(archives)
    files = _lines(f"{_digest('md5', one)} {len(one.content)} {one.name}" for one in listed)
    return control_text((*source.fields, *_checksums(listed), ("Files", files)))


def changes(options: DebianOptions, architectures: Iterable[str], artefacts: Iterable[Artefact]) -> str:
    """Return the text of ``PACKAGE_VERSION_ARCHITECTURE.changes``, not signed.

    Args:
        options: Those of the package, every field filled in.
        architectures: What is uploaded: ``source``, the architecture of the binary package, or both.
        artefacts: The files, as they are uploaded.
    """
    newest = entries(options)[0]
    uploaded, listed = tuple(architectures), tuple(artefacts)
    binary = uploaded != ("source",)
    place = f"{options.section} {options.priority}"
    files = _lines(f"{_digest('md5', one)} {len(one.content)} {place} {one.name}" for one in listed)
    log = changelog(replace(options, changelog=(newest,))).splitlines()
    fields = (
        ("Format", "1.8"),
        ("Date", date(newest.date)),
        ("Source", options.package),
        ("Binary", options.package if binary else ""),
        ("Architecture", " ".join(uploaded)),
        ("Version", options.version),
        ("Distribution", options.distribution),
        ("Urgency", newest.urgency),
        ("Maintainer", options.maintainer),
        ("Changed-By", newest.author),
        ("Description", f"\n {options.package} - {options.synopsis}" if binary else ""),
        ("Changes", "\n" + continuation(log[:-2])),
        *_checksums(listed),
        ("Files", files),
    )
    return control_text((name, value) for name, value in fields if value)


def _checksums(artefacts: tuple[Artefact, ...]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (
            f"Checksums-{name.capitalize()}",
            _lines(f"{_digest(name, one)} {len(one.content)} {one.name}" for one in artefacts),
        )
        for name in ("sha1", "sha256")
    )


def _digest(name: str, artefact: Artefact) -> str:
    return hashlib.new(name, artefact.content, usedforsecurity=False).hexdigest()


def _lines(lines: Iterable[str]) -> str:
    return "".join(f"\n {line}" for line in lines)
