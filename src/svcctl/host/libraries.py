"""The shared libraries of the release that a package is made for, as their packages describe them."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from pathlib import Path

from svcctl.errors import ConfigurationError
from svcctl.generate.debian.shlibs import Library, read_shlibs, read_symbols
from svcctl.host import environment

_Reader = Callable[[str, Iterable[str]], dict[str, Library]]

_INFO = "var/lib/dpkg/info"
_RELEASE = "etc/os-release"
_FILE = re.compile(r"(?P<package>[a-z0-9][a-z0-9+.-]*)(:(?P<architecture>[a-z0-9-]+))?\.(symbols|shlibs)")
#: Where the dynamic linker looks by itself; what lies elsewhere (as the C library of another ABI) is not meant.
_FOLDERS = re.compile(r"/(usr/)?lib(64)?(/[a-z0-9_]+-linux-gnu[a-z0-9]*)?/")


def read_libraries(
    sonames: Collection[str],
    *,
    release: str,
    architecture: str,
    folder: Path | None = None,
    root: Path = Path("/"),
) -> dict[str, Library]:
    """Return the libraries of the target, by soname; those that no package describes are missing.

    Args:
        sonames: The libraries that are asked for.
        release: Code name of the target's release, such as ``bookworm``.
        architecture: Debian's name of the target's architecture.
        folder: A folder with ``symbols`` and ``shlibs`` files of that release, named as dpkg names them
            (``libc6:amd64.symbols``), or a tree that has such a system in it; ``None`` takes those of ``root``.
        root: The running system.

    Raises:
        ConfigurationError: No folder is given and the running system is no Debian system of that release, or there
            is nothing in the folder.
    """
    if not sonames:
        return {}
    source = _given(folder) if folder is not None else _running(release, root)
    listings = _matching(source, architecture)
    if not listings:
        raise ConfigurationError(
            f"{source} describes no libraries for {architecture}",
            hint=f"give a folder with the symbols files of {release}, such as /{_INFO} of a system with it",
        )
    found = _read(listings, sonames, "symbols", read_symbols)
    left = [soname for soname in sonames if soname not in found]
    return found | _read(listings, left, "shlibs", read_shlibs)


def _running(release: str, root: Path) -> Path:
    path = root / _RELEASE
    here = environment.read(f"-{path}").get("VERSION_CODENAME", "")
    if here != release:
        raise ConfigurationError(
            f"this system is {here or 'no Debian release'}, so it does not know the libraries of {release}",
            hint=f"give a folder with the symbols files of {release}, or build on it",
        )
    return root / _INFO


def _given(folder: Path) -> Path:
    return folder / _INFO if (folder / _INFO).is_dir() else folder


def _matching(folder: Path, architecture: str) -> list[tuple[str, Path]]:
    """Return package and path of each file for the architecture, sorted."""
    found = []
    for path in folder.iterdir() if folder.is_dir() else ():
        parts = _FILE.fullmatch(path.name)
        if parts is not None and parts["architecture"] in (None, architecture):
            found.append((parts["package"], path))
    return sorted(found)


def _read(
    listings: Iterable[tuple[str, Path]], sonames: Collection[str], kind: str, reader: _Reader
) -> dict[str, Library]:
    candidates: dict[str, list[tuple[Path, Library]]] = {}
    for _, path in listings:
        if path.suffix == f".{kind}":
            text = path.read_text(encoding="utf-8", errors="replace")
            for soname, library in reader(text, sonames).items():
                candidates.setdefault(soname, []).append((path, library))
    return {soname: _chosen(soname, several) for soname, several in candidates.items()}


def _chosen(soname: str, several: list[tuple[Path, Library]]) -> Library:
    """Of several packages with a library of that name, the one that has it where programs find it."""
    if len(several) > 1:
        several = [each for each in several if _ships(each[0], soname)] or several
    return several[0][1]


def _ships(path: Path, soname: str) -> bool:
    listing = path.with_suffix(".list")
    if not listing.is_file():
        return False
    lines = listing.read_text(encoding="utf-8", errors="replace").splitlines()
    return any(
        line.endswith(f"/{soname}") and _FOLDERS.fullmatch(line.removesuffix(soname)) for line in lines
    )
