"""Reads wheels (PEP 427), in memory, and distributions where they are installed, and believes neither."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import os
import re
import stat
import zipfile
import zlib
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from svcctl.errors import EX_DATAERR, Problem, ProblemsError, SvcctlError
from svcctl.generate.debian.wheel import Wheel, WheelFile, normalised, read_metadata, tags_of
from svcctl.host import files
from svcctl.posix import O_CLOEXEC, O_DIRECTORY

_MAX_ARCHIVE = 1 << 30
_MAX_FILES = 50_000
_MAX_CONTENT = 2 << 30
_CHUNK = 1 << 20
_NAME = re.compile(r"(?P<name>[A-Za-z0-9][\w.]*)-(?P<version>[A-Za-z0-9_.!+]+)(-\d[\w.]*)?(-[\w.]+){3}\.whl")
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 0x1
_HASHES = ("sha256", "sha384", "sha512")
_UNLISTED = ("RECORD", "RECORD.jws", "RECORD.p7s")
_NOT_IN_PATHS = re.compile(r"[\x00-\x1f\x7f\\]")
_INSTALLERS = ("pip", "setuptools", "wheel")
_EXTRA = re.compile(r"\bextra\s*==")
_REQUIREMENT = re.compile(r"[A-Za-z0-9][\w.-]*")


class WheelError(SvcctlError, ValueError):
    """A wheel is not as it has to be.

    Args:
        path: The archive.
        why: What is wrong with it.
    """

    code = "wheel"
    exit_status = EX_DATAERR

    def __init__(self, path: str, why: str) -> None:
        super().__init__(f"{path}: {why}", hint="get it again from where it comes")
        self.path = path


class _Recorded(NamedTuple):
    digest: str
    size: str


def read_wheel(path: Path) -> Wheel:
    """Read a wheel and hold each file against the list of digests that it carries.

    Nothing is written. Up to 1 GiB of archive, 50 000 files and 2 GiB of content are taken.

    Args:
        path: The archive. Its last component may not be a link.

    Raises:
        WheelError: It is no wheel, is damaged or too large, or holds what a wheel must not: absolute names, ``..``,
            links, two files of one name, files that its ``RECORD`` does not list.
        ConfigurationError: There is something else than a file.
        PermissionDeniedError: It may not be read.
    """
    known = _NAME.fullmatch(path.name)
    if known is None:
        raise WheelError(str(path), "the name is not that of a wheel")
    found = _read(path)
    if found is None:
        raise WheelError(str(path), "is not there")
    try:
        wheel = _checked(found.data)
    except (ValueError, EOFError, zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError) as error:
        raise WheelError(str(path), str(error) or "is damaged") from error
    named = (normalised(known["name"]), known["version"].replace("_", "-"))
    if named != (normalised(wheel.metadata.name), wheel.metadata.version.replace("_", "-")):
        raise WheelError(str(path), f"holds {wheel.metadata.name} {wheel.metadata.version}")
    return wheel


def read_installed(site: Path, *, without: Collection[str] = ()) -> tuple[Wheel, ...]:
    """Read the distributions that are installed in a folder, each by its own list of files.

    pip, setuptools and wheel are left out unless another one requires them; programs beside the folder are left out.

    Args:
        site: A ``site-packages`` folder.
        without: Names of distributions to leave out, in any spelling.

    Raises:
        ProblemsError: Some have no list, are used in place from a source tree ("editable"), or are not as they were
            when they were installed.
        ConfigurationError: A file in a list is none.
        PermissionDeniedError: A file may not be read, or others could exchange it.
    """
    omitted = {normalised(name) for name in without}
    found, problems = [], []
    for info in sorted(site.glob("*.dist-info")):
        if normalised(info.name.partition("-")[0]) not in omitted:
            try:
                found.append(_of_folder(site, info.name))
            except (ValueError, csv.Error) as error:
                problems.append(Problem(info.name.removesuffix(".dist-info"), str(error)))
    if problems:
        hint = "install them again, or give the project or a requirements file"
        raise ProblemsError("what is installed cannot be taken", tuple(problems), hint=hint)
    needed = {
        normalised(name[0])
        for wheel in found
        for text in wheel.metadata.requires
        if not _EXTRA.search(text) and (name := _REQUIREMENT.match(text))
    }
    return tuple(
        wheel
        for wheel in found
        if normalised(wheel.metadata.name) not in _INSTALLERS or normalised(wheel.metadata.name) in needed
    )


def _read(path: Path) -> files.Contents | None:
    """Read a file in a folder that may be another user's: where wheels are resolved by one."""
    try:
        folder = os.open(path.parent, os.O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    except OSError:
        return None
    try:
        return files.read_in(folder, path.name, str(path))
    finally:
        os.close(folder)


def _checked(archive: bytes) -> Wheel:
    if len(archive) > _MAX_ARCHIVE:
        raise ValueError("the archive is larger than 1 GiB")
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        content = {entry.path: entry for entry in sorted(_entries(opened), key=lambda each: each.path)}
    info = _info(content)
    record = content.get(f"{info}/RECORD")
    if record is None:
        raise ValueError("it has no RECORD")
    listed = _record(record.content)
    for file in content.values():
        if file.path not in {f"{info}/{each}" for each in _UNLISTED}:
            _hold(file, listed.get(file.path))
    missing = sorted(path for path, each in listed.items() if each.digest and path not in content)
    if missing:
        raise ValueError(f"{missing[0]} is in its RECORD, but not there")
    return _wheel(info, tuple(content.values()), hashlib.sha256(archive).hexdigest())


def _wheel(info: str, content: tuple[WheelFile, ...], sha256: str) -> Wheel:
    texts = {file.path: file.content for file in content if file.path.startswith(f"{info}/")}
    if f"{info}/METADATA" not in texts:
        raise ValueError("it has no METADATA")
    metadata = read_metadata(texts[f"{info}/METADATA"].decode("utf-8", "replace"))
    tags = tags_of(texts.get(f"{info}/WHEEL", b"").decode("utf-8", "replace"))
    return Wheel(metadata=metadata, tags=tags, info=info, files=content, sha256=sha256)


def _entries(archive: zipfile.ZipFile) -> Iterator[WheelFile]:
    entries = archive.infolist()
    if len(entries) > _MAX_FILES:
        raise ValueError(f"it has more than {_MAX_FILES} files")
    left, seen = _MAX_CONTENT, set()
    for entry in entries:
        mode = entry.external_attr >> 16
        if entry.is_dir():
            continue
        _refuse(entry, mode)
        path = _safe(entry.filename)
        if path in seen:
            raise ValueError(f"{path} is there twice")
        seen.add(path)
        content = _content(archive, entry, left)
        left -= len(content)
        yield WheelFile(path=path, content=content, executable=bool(mode & 0o111))


def _refuse(entry: zipfile.ZipInfo, mode: int) -> None:
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        raise ValueError(f"{entry.filename} is a link or no file")
    if entry.flag_bits & _ENCRYPTED or entry.compress_type not in _METHODS:
        raise ValueError(f"{entry.filename} is encrypted, or compressed in a way that wheels do not use")


def _content(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, left: int) -> bytes:
    """Read an entry without believing the size that it states."""
    if entry.file_size > left:
        raise ValueError("its content is larger than 2 GiB")
    chunks, size = [], 0
    with archive.open(entry) as opened:
        while chunk := opened.read(_CHUNK):
            size += len(chunk)
            if size > entry.file_size:
                raise ValueError(f"{entry.filename} is larger than it says")
            chunks.append(chunk)
    return b"".join(chunks)


def _safe(path: str) -> str:
    parts = path.split("/")
    if _NOT_IN_PATHS.search(path) or path.startswith("/") or any(part in ("", ".", "..") for part in parts):
        raise ValueError(f"the name {path!r} leads out of the folder it is for, or is none")
    return path


def _info(content: Iterable[str]) -> str:
    found = {path.partition("/")[0] for path in content if ".dist-info/" in path}
    folders = sorted(each for each in found if each.endswith(".dist-info"))
    if len(folders) != 1:
        raise ValueError("it has no folder of metadata, or several")
    return folders[0]


def _record(text: bytes) -> dict[str, _Recorded]:
    rows = csv.reader(io.StringIO(text.decode("utf-8", "replace"), newline=""))
    listed = {}
    try:
        for row in rows:
            if row:
                path, digest, size = (*row, "", "")[:3]
                listed[path] = _Recorded(digest, size)
    except csv.Error as error:
        raise ValueError(f"its RECORD does not parse: {error}") from error
    return listed


def _hold(file: WheelFile, recorded: _Recorded | None) -> None:
    if recorded is None:
        raise ValueError(f"{file.path} is not in its RECORD")
    name, _, digest = recorded.digest.partition("=")
    if name not in _HASHES:
        raise ValueError(f"{file.path} has no digest in its RECORD, or one that is too weak")
    found = base64.urlsafe_b64encode(hashlib.new(name, file.content).digest()).rstrip(b"=").decode()
    if found != digest.rstrip("="):
        raise ValueError(f"{file.path} is not what its RECORD says")


def _of_folder(site: Path, info: str) -> Wheel:
    record = files.read(str(site), f"/{info}/RECORD")
    if record is None:
        raise ValueError("it has no RECORD: it was not installed by pip or another that keeps one")
    origin = files.read(str(site), f"/{info}/direct_url.json")
    if origin is not None and _editable(origin.data):
        raise ValueError("it is used in place from its source tree (editable): build a wheel of it")
    found = []
    for path, recorded in sorted(_record(record.data).items()):
        if path.startswith(("../", "/")) or path.endswith(".pyc"):
            continue  # a program beside the folder, or bytecode
        file = files.read(str(site), f"/{_safe(path)}")
        if file is None:
            raise ValueError(f"{path} is in its RECORD, but not there")
        kept = WheelFile(path=path, content=file.data, executable=bool(file.mode & 0o111))
        if recorded.digest:
            _hold(kept, recorded)
        found.append(kept)
    return _wheel(info, tuple(found), "")


def _editable(origin: bytes) -> bool:
    """Return whether ``direct_url.json`` (PEP 610) says that the files are elsewhere."""
    told = json.loads(origin)
    folder = told.get("dir_info") if isinstance(told, dict) else None
    return isinstance(folder, dict) and bool(folder.get("editable"))
