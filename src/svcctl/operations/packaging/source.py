"""Writes a source package, and lists of what was built that can be signed and uploaded."""

from __future__ import annotations

from pathlib import Path

from svcctl.generate.debian.changes import (
    Artefact,
    changes,
    dsc,
    file_version,
    folder_name,
    source_archives,
)
from svcctl.generate.debian.model import DebianOptions
from svcctl.generate.debian.source import SourcePackage
from svcctl.host.output import write_together
from svcctl.host.signing import check_key, clearsign


def signing_key(key: str, maintainer: str) -> str:
    """Return which key signs: the one that is asked for, else one of the maintainer's address.

    Args:
        key: Fingerprint, id or user; empty if none is asked for.
        maintainer: ``Name <mail>``.

    Raises:
        UsageError: That can be no key.
        ConfigurationError: There is no gpg, or it has no such key. Better known before all is built.
    """
    chosen = key or f"<{maintainer.rpartition('<')[2]}"
    check_key(chosen)
    return chosen


def write_source(
    output: Path,
    options: DebianOptions,
    *,
    source: SourcePackage | None = None,
    deb: Artefact | None = None,
    key: str = "",
) -> tuple[Path, ...]:
    """Write what was built into a folder, with a ``.changes`` file that lists it; return the paths.

    The source package's folder comes first, if there is one, then its archives and its ``.dsc``, the binary package,
    and ``.changes``. They are written only when all of them are there.

    Args:
        output: The folder; made if it is not there.
        options: Those of the package, every field filled in, as by :func:`svcctl.generate.debian.render.settle`.
        source: The source package, if there is one.
        deb: The binary package, if there is one; one of the two is needed.
        key: What signs ``.dsc`` and ``.changes``, as from :func:`signing_key`; empty: they are not signed.

    Raises:
        ConfigurationError: They cannot be signed or written; nothing was written then.
    """
    stem = f"{options.package}_{file_version(options.version)}"
    artefacts: list[Artefact] = []
    architectures: list[str] = []
    if source:
        archives = source_archives(source)
        artefacts += [*archives, Artefact(f"{stem}.dsc", _signed(dsc(source, archives), key))]
        architectures.append("source")
    if deb:
        artefacts.append(deb)
        architectures.append(deb.name.rpartition("_")[2].removesuffix(".deb"))
    listed = _signed(changes(options, architectures, artefacts), key)
    artefacts.append(Artefact(f"{stem}_{architectures[-1]}.changes", listed))
    trees = {folder_name(options): source.files} if source else {}
    return write_together(output, {one.name: one.content for one in artefacts}, trees)


def _signed(text: str, key: str) -> bytes:
    return (clearsign(text, key) if key else text).encode()
