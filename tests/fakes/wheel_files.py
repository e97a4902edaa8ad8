"""Small wheels, made to measure, in memory and as archives; test_resolving.py has pip take them."""

from __future__ import annotations

import base64
import hashlib
import zipfile
from collections.abc import Mapping
from pathlib import Path

from svcctl.generate.debian.wheel import Wheel, WheelFile, read_metadata, tags_of

TIME = (2020, 1, 1, 0, 0, 0)


def digest(content: bytes) -> str:
    """Return a digest as a RECORD has it."""
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


def contents(
    name: str,
    files: Mapping[str, bytes] | None = None,
    *,
    version: str = "1.0",
    tag: str = "py3-none-any",
    metadata: str = "License-Expression: MIT\n",
) -> dict[str, bytes]:
    """Return all files of a wheel by their paths, with its metadata and RECORD.

    Args:
        name: Its name.
        files: Its own files; a module of its name unless given.
        version: Its version.
        tag: Interpreters, ABIs and platforms.
        metadata: Further lines of METADATA.
    """
    info = f"{name}-{version}.dist-info"
    found = dict(files if files is not None else {f"{name}.py": b"VALUE = 1\n"})
    found[f"{info}/METADATA"] = (
        f"Metadata-Version: 2.4\nName: {name}\nVersion: {version}\n{metadata}\nText.\n".encode()
    )
    found[f"{info}/WHEEL"] = f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n".encode()
    rows = [f"{path},{digest(content)},{len(content)}" for path, content in found.items()]
    found[f"{info}/RECORD"] = "\n".join([*rows, f"{info}/RECORD,,", ""]).encode()
    return found


def make_wheel(
    name: str,
    files: Mapping[str, bytes] | None = None,
    *,
    version: str = "1.0",
    tag: str = "py3-none-any",
    metadata: str = "License-Expression: MIT\n",
) -> Wheel:
    """Return a wheel as it is read; see :func:`contents`."""
    found = contents(name, files, version=version, tag=tag, metadata=metadata)
    info = f"{name}-{version}.dist-info"
    return Wheel(
        metadata=read_metadata(found[f"{info}/METADATA"].decode()),
        tags=tags_of(found[f"{info}/WHEEL"].decode()),
        info=info,
        files=tuple(WheelFile(path=path, content=found[path]) for path in sorted(found)),
        sha256="0" * 64,
    )


def write_wheel(
    folder: Path,
    name: str,
    files: Mapping[str, bytes] | None = None,
    *,
    version: str = "1.0",
    tag: str = "py3-none-any",
    metadata: str = "License-Expression: MIT\n",
) -> Path:
    """Write a wheel into a folder and return its path; see :func:`contents`."""
    path = folder / f"{name}-{version}-{tag}.whl"
    write_archive(path, contents(name, files, version=version, tag=tag, metadata=metadata))
    return path


def write_archive(path: Path, found: Mapping[str, bytes]) -> None:
    """Write files into an archive, with the same bytes each time."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in found.items():
            entry = zipfile.ZipInfo(name, TIME)
            entry.external_attr = 0o100644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
