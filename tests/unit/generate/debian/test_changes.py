"""The archives of source packages, and the files that list what belongs together."""

from __future__ import annotations

import hashlib
import io
import lzma
import tarfile
from dataclasses import replace
from typing import Any

import pytest

from svcctl.generate.debian.changes import Artefact, changes, dsc, folder_name, source_archives
from svcctl.generate.debian.model import ChangelogEntry, ProgramFile
from tests.unit.generate.debian.packages import BUNDLE, EPOCH, OPTIONS
from tests.unit.generate.debian.test_source import source_of

DEB = Artefact("echo_1.0_all.deb", b"deb")


def members(archive: Artefact) -> list[tarfile.TarInfo]:
    """Return what is in an archive."""
    with tarfile.open(fileobj=io.BytesIO(lzma.decompress(archive.content))) as tar:
        return tar.getmembers()


def fields(text: str) -> dict[str, str]:
    """Return the fields of a control file; those of several lines as they are."""
    found: dict[str, str] = {}
    name = ""
    for line in text.splitlines():
        if line.startswith(" "):
            found[name] += f"\n{line}"
        else:
            name, _, value = line.partition(":")
            found[name] = value.strip()
    return found


def test_a_native_package_is_one_archive() -> None:
    """With one folder in it, all of it root's and of one time."""
    (archive,) = source_archives(source_of())
    assert archive.name == "echo_1.0.tar.xz"
    listed = members(archive)
    assert {one.name.partition("/")[0] for one in listed} == {"echo-1.0"}
    assert [one.name for one in listed] == sorted(one.name for one in listed)
    assert {(one.uname, one.gname, one.uid, one.mtime) for one in listed} == {("root", "root", 0, EPOCH)}
    assert [one.name for one in listed if one.isfile() and one.mode == 0o755] == [
        "echo-1.0/debian/rules",
        "echo-1.0/debian/tests/service",
    ]


def test_a_package_with_a_revision_has_the_program_by_itself() -> None:
    """Which is the same in each revision of a version, and has no epoch in its name."""
    first, debian = source_archives(source_of(version="2:1.0-1"))
    second, _ = source_archives(source_of(version="2:1.0-2", synopsis="another line"))
    assert first == second
    assert (first.name, debian.name) == ("echo_1.0.orig.tar.xz", "echo_1.0-1.debian.tar.xz")
    assert {one.name.partition("/")[0] for one in members(debian)} == {"debian"}
    assert [one.name for one in members(first)][:2] == ["echo-1.0", "echo-1.0/program"]
    assert folder_name(replace(OPTIONS, version="2:1.0-1")) == "echo-1.0"


def test_the_archives_are_listed_with_their_digests() -> None:
    """After what is known without them."""
    source = source_of()
    (archive,) = archives = source_archives(source)
    told = fields(dsc(source, archives))
    assert {name: value for name, value in told.items() if "\n" not in value} == {
        "Format": "3.0 (native)",
        "Source": "echo",
        "Binary": "echo",
        "Architecture": "all",
        "Version": "1.0",
        "Maintainer": "Ann Example <ann@example.org>",
        "Standards-Version": "4.6.2",
        "Testsuite": "autopkgtest",
        "Testsuite-Triggers": "python3",
        "Build-Depends": "debhelper-compat (= 13)",
    }
    assert told["Package-List"] == "\n echo deb net optional arch=all"
    size = len(archive.content)
    assert told["Files"] == f"\n {hashlib.md5(archive.content).hexdigest()} {size} echo_1.0.tar.xz"  # noqa: S324 (as Debian has it)
    assert (
        told["Checksums-Sha256"] == f"\n {hashlib.sha256(archive.content).hexdigest()} {size} echo_1.0.tar.xz"
    )
    assert told["Checksums-Sha1"].startswith(f"\n {hashlib.sha1(archive.content).hexdigest()} ")  # noqa: S324 (the same)


def test_an_upload_says_what_changed() -> None:
    """In the newest release, and who did it."""
    log = (
        ChangelogEntry(
            version="1.0", changes=("Say it.",), author="Bob <bob@example.org>", date=0, urgency="high"
        ),
        ChangelogEntry(version="0.9", changes=("Listen.",), author="Ann <ann@example.org>", date=0),
    )
    told = fields(changes(replace(OPTIONS, changelog=log), ["all"], [DEB]))
    assert {name: value for name, value in told.items() if not name.startswith(("Check", "Files"))} == {
        "Format": "1.8",
        "Date": "Thu, 01 Jan 1970 00:00:00 +0000",
        "Source": "echo",
        "Binary": "echo",
        "Architecture": "all",
        "Version": "1.0",
        "Distribution": "bookworm",
        "Urgency": "high",
        "Maintainer": "Ann Example <ann@example.org>",
        "Changed-By": "Bob <bob@example.org>",
        "Description": "\n echo - server that says it again",
        "Changes": "\n echo (1.0) bookworm; urgency=high\n .\n   * Say it.",
    }
    assert told["Files"].endswith(" 3 net optional echo_1.0_all.deb")


def test_an_upload_of_source_alone_names_no_package() -> None:
    """Nobody gets one of it."""
    told = fields(changes(OPTIONS, ["source"], [Artefact("echo_1.0.dsc", b"")]))
    assert told["Architecture"] == "source"
    assert not told.keys() & {"Binary", "Description"}


@pytest.mark.parametrize("version", ["1.0", "1.0-1"])
def test_the_same_source_gives_the_same_bytes(version: Any) -> None:  # noqa: ANN401 (an option)
    """In whatever order the files come."""
    files = (*BUNDLE.files, ProgramFile(path="/usr/lib/echo/z.py", content=b"z"))
    there = source_archives(source_of(bundle=replace(BUNDLE, files=files), version=version))
    back = source_archives(source_of(bundle=replace(BUNDLE, files=files[::-1]), version=version))
    assert there == back
