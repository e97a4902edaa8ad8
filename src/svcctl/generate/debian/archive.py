"""A package's bytes: an ar archive of two compressed tar archives, the same for the same package.

Owner and group are root, and every time is the one that is given. Members are sorted, programs and libraries of machine
code behind all else: among texts they would compress worse. Source: deb(5); ar(5); Debian policy, section 10.9 (modes).
"""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Iterable

from svcctl.errors import UsageError
from svcctl.generate.debian.checks import LATEST
from svcctl.generate.debian.compression import compress
from svcctl.generate.debian.control import control_text, parents
from svcctl.generate.debian.elf import is_elf
from svcctl.generate.debian.model import Package, ProgramFile

_MAGIC = b"!<arch>\n"


def archive(package: Package, epoch: int) -> bytes:
    """Return the file ``NAME_VERSION_ARCHITECTURE.deb``.

    Args:
        package: What goes into it.
        epoch: The time of every member, in seconds since 1970.

    Raises:
        UsageError: The time is before 1970, or later than a tar archive can hold.
    """
    if not 0 <= epoch <= LATEST:
        raise UsageError(f"time {epoch}: expected seconds since 1970, at most {LATEST}")
    amd64 = dict(package.control)["Architecture"] == "amd64"
    members = (
        ("debian-binary", b"2.0\n"),
        ("control.tar.xz", tar_xz(_control(package), epoch)),
        ("data.tar.xz", tar_xz(package.files, epoch, amd64=amd64)),
    )
    return _MAGIC + b"".join(_member(name, content, epoch) for name, content in members)


def file_name(package: Package) -> str:
    """Return the name that the file has by convention; a version's epoch is not in it."""
    fields = dict(package.control)
    version = fields["Version"].partition(":")[2] or fields["Version"]
    return f"{fields['Package']}_{version}_{fields['Architecture']}.deb"


def md5sums(package: Package) -> str:
    """Return the digests of all files but the conffiles, for ``dpkg --verify``, sorted by path."""
    return "".join(
        f"{hashlib.md5(file.content, usedforsecurity=False).hexdigest()}  {file.path.removeprefix('/')}\n"
        for file in sorted(package.files, key=lambda file: file.path)
        if not file.link and file.path not in package.conffiles
    )


def _control(package: Package) -> Iterable[ProgramFile]:
    yield ProgramFile(path="/control", content=control_text(package.control).encode())
    yield ProgramFile(path="/md5sums", content=md5sums(package).encode())
    if package.conffiles:
        yield ProgramFile(
            path="/conffiles", content="".join(f"{path}\n" for path in package.conffiles).encode()
        )
    for name, text in package.scripts.items():
        yield ProgramFile(path=f"/{name}", content=text.encode(), mode=0o755)


def tar_xz(files: Iterable[ProgramFile], epoch: int, folder: str = ".", *, amd64: bool = False) -> bytes:
    """Return files as a compressed tar archive, sorted, with the folders that they lie in; machine code comes last.

    Args:
        files: With paths that are absolute below ``folder``.
        epoch: The time of every member, in seconds since 1970.
        folder: The one folder at the top of the archive.
        amd64: There are programs of that architecture among them.
    """
    by_path = {file.path: file for file in files}
    folders = {folder for path in by_path for folder in parents(path)}
    programs = {path for path, file in by_path.items() if is_elf(file.content)}
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w", format=tarfile.GNU_FORMAT, encoding="utf-8") as tar:
        tar.addfile(_entry(folder, tarfile.DIRTYPE, 0o755, epoch))
        for path in sorted((folders | by_path.keys()) - programs):
            _add(tar, f"{folder}{path}", by_path.get(path), epoch)
        end = written.tell()
        for path in sorted(programs):
            _add(tar, f"{folder}{path}", by_path[path], epoch)
    content = written.getvalue()
    return compress(content[:end], content[end:], amd64=amd64) if programs else compress(content)


def _add(tar: tarfile.TarFile, name: str, file: ProgramFile | None, epoch: int) -> None:
    """Add a file, a link, or a folder if there is no file."""
    if file is None:
        tar.addfile(_entry(name, tarfile.DIRTYPE, 0o755, epoch))
    elif file.link:
        link = _entry(name, tarfile.SYMTYPE, 0o777, epoch)
        link.linkname = file.link
        tar.addfile(link)
    else:
        entry = _entry(name, tarfile.REGTYPE, file.mode, epoch)
        entry.size = len(file.content)
        tar.addfile(entry, io.BytesIO(file.content))


def _entry(name: str, kind: bytes, mode: int, epoch: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type = kind
    entry.mode = mode
    entry.mtime = epoch
    entry.uname = entry.gname = "root"
    return entry


def _member(name: str, content: bytes, epoch: int) -> bytes:
    header = f"{name:<16}{epoch:<12}{0:<6}{0:<6}{0o100644:<8o}{len(content):<10}`\n".encode("ascii")
    return header + content + b"\n" * (len(content) % 2)
