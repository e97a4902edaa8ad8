from __future__ import annotations

import gzip
import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from svcctl.generate.debian.licences import notices, short_name, whole_text_of
from svcctl.generate.debian.manpage import escape
from svcctl.generate.debian.model import (
    Bundle,
    ChangelogEntry,
    Component,
    Licence,
    Package,
    ProgramFile,
)
from svcctl.generate.debian.text import compress
from svcctl.manifest.model import ApplicationInfo, Needs, Setting
from tests.unit.generate.debian.packages import BUNDLE, EPOCH, NAMED, YARL, content, package_of

DOC = "/usr/share/doc/echo"
PAGE = "/usr/share/man/man7/echo.7.gz"
COMMON = Path("/usr/share/common-licenses")


def run(*command: str | Path) -> str:
    """Return what a tool says; it must succeed and complain of nothing."""
    if shutil.which(command[0]) is None:
        pytest.skip(f"there is no {command[0]}")
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"},
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def paths(package: Package) -> list[str]:
    """Return the paths of all files."""
    return [file.path for file in package.files]


def stanzas(package: Package) -> list[dict[str, str]]:
    """Return the fields of each stanza of the copyright file, lines joined as they are."""
    found: list[dict[str, str]] = []
    for block in content(package, f"{DOC}/copyright").split("\n\n"):
        fields: dict[str, str] = {}
        name = ""
        for line in block.splitlines():
            if line.startswith(" "):
                fields[name] += f"\n{line}"
            else:
                name, _, value = line.partition(":")
                fields[name] = value.strip()
        found.append(fields)
    return found


def test_documents_are_compressed_as_gzip_does_it_without_name_and_time() -> None:
    """The same bytes at any time."""
    packed = compress(b"x" * 1000)
    assert gzip.decompress(packed) == b"x" * 1000
    assert packed[:10] == b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03"


def test_debians_tool_reads_the_changelog(tmp_path: Path) -> None:
    """Newest first, folded, in English and in UTC."""
    long = "Serve " + "many " * 30 + "clients\nat once"
    log = (
        ChangelogEntry(
            version="1.0", changes=(long, "Mend x"), author="Ann Example <ann@example.org>", date=EPOCH
        ),
        ChangelogEntry(
            version="0.9", changes=("First",), author="Bob <bob@example.org>", date=0, urgency="low"
        ),
    )
    text = content(package_of(changelog=log), f"{DOC}/changelog.gz")
    assert max(map(len, text.splitlines())) <= 80
    (tmp_path / "changelog").write_text(text)
    told = run("dpkg-parsechangelog", "-l", tmp_path / "changelog", "--all")
    assert "Version: 1.0\n" in told
    assert "Distribution: bookworm\n" in told
    assert "Date: Mon, 21 Sep 2026 14:13:20 +0000" in told
    assert f"Timestamp: {EPOCH}\n" in told
    assert " echo (0.9) bookworm; urgency=low\n" in told


def test_a_changelog_is_named_by_who_writes_it() -> None:
    """A version with a revision has one of Debian's."""
    assert f"{DOC}/changelog.gz" in paths(package_of())
    assert f"{DOC}/changelog.Debian.gz" in paths(package_of(version="1.0-1"))


def test_each_bundled_distribution_has_a_stanza_with_its_licence() -> None:
    """Beside the application's own."""
    header, own, yarl = stanzas(package_of(homepage="https://example.org"))
    assert header["Format"] == "https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/"
    assert header["Source"] == "https://example.org"
    assert own["Files"] == "*"
    assert own["Copyright"] == "2026 Ann"
    assert own["License"].startswith("Expat\n Permission")
    assert yarl["Files"] == "usr/lib/echo/yarl/*"
    assert yarl["Copyright"] == "2020 Bob Builder"
    assert yarl["License"].splitlines()[:3] == [
        "Apache-2.0",
        " Copyright (c) 2020 Bob Builder. All rights reserved.",
        " .",
    ]
    assert "/usr/share/common-licenses/Apache-2.0" in yarl["License"]
    assert yarl["Comment"] == "yarl 1.9.4, bundled; https://example.org/yarl"


needs_common = pytest.mark.skipif(not COMMON.is_dir(), reason="Debian's licences are not here")


@needs_common
@pytest.mark.parametrize("name", ["Apache-2.0", "GPL-2", "GPL-3", "LGPL-2.1", "LGPL-3", "MPL-2.0", "CC0-1.0"])
def test_a_text_that_debian_has_is_referred_to(name: str) -> None:
    """Policy asks for it; a mention of a licence is not its text."""
    text = (COMMON / name).read_text()
    assert whole_text_of(text) == name
    assert whole_text_of(f"This is under the {name}, see the {text[:60]}") == ""
    component = replace(
        YARL, licence=name, licence_texts=(("COPYING", text), ("NOTICE", "Copyright 2021 Eve"))
    )
    terms = stanzas(package_of(bundle=replace(BUNDLE, components=(component,))))[-1]["License"]
    assert len(terms) < 300
    assert f"/usr/share/common-licenses/{name}." in terms
    assert "NOTICE:\n .\n Copyright 2021 Eve" in terms


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("BSD-3-Clause", "BSD-3-Clause"),
        ("GPL-2.0-only", "GPL-2"),
        ("LGPL-2.1-or-later", "LGPL-2.1+"),
        ("MIT AND (Apache-2.0 OR BSD-2-Clause)", "Expat and Apache-2.0 or BSD-2-Clause"),
        ("Apache License, Version 2.0", "Apache-License-Version-2.0"),
        ("BSD License", "BSD-License"),
    ],
)
def test_licences_have_debians_names(expression: str, expected: str) -> None:
    """Without blanks but around and, or and with."""
    assert short_name(expression) == expected


@needs_common
def test_notices_name_who_holds_the_copyright() -> None:
    """Each once, as far as there is a year; the text of a common licence names its own author."""
    text = "Copyright (c) 2020, 2021 Ann, Inc.\n# © 1999 Bob. All rights reserved.\nCopyright holders may\nCopyright 2020 Ann"
    assert notices((text, text, (COMMON / "GPL-3").read_text())) == (
        "2020, 2021 Ann, Inc",
        "1999 Bob",
        "2020 Ann",
    )


def test_no_licence_text_makes_a_stanza() -> None:
    """Empty lines, fields and carriage returns of somebody else's text stay inside theirs."""
    hostile = "a\r\n\r\nFiles: *\n\nLicense: none\x85Files: x\n.\n..\n"
    component = Component(
        name="x\nFiles: y", version="1\n\n2", licence="MIT", licence_texts=(("L", hostile),)
    )
    package = package_of(bundle=replace(BUNDLE, components=(component,)))
    assert len(stanzas(package)) == 3
    assert "\r" not in content(package, f"{DOC}/copyright")


def test_the_list_of_what_is_bundled_is_complete_and_repeatable() -> None:
    """Names, versions, digests and licences, in the order of their names."""
    other = Component(name="A_b.c", version="2", licence="weird, licence", licence_texts=(("L", "x"),))
    package = package_of(bundle=replace(BUNDLE, components=(YARL, other)))
    document: dict[str, Any] = json.loads(content(package, f"{DOC}/bom.cdx.json"))
    assert (document["bomFormat"], document["specVersion"], document["version"]) == ("CycloneDX", "1.5", 1)
    first, second = document["components"]
    assert first["purl"] == "pkg:pypi/a-b-c@2"
    assert first["licenses"] == [{"license": {"name": "weird, licence"}}]
    assert second["hashes"] == [{"alg": "SHA-256", "content": "ab" * 32}]
    assert second["licenses"] == [{"expression": "Apache-2.0"}]
    assert document["metadata"]["timestamp"] == "2026-09-21T14:13:20Z"
    assert document["dependencies"][0]["dependsOn"] == [first["bom-ref"], second["bom-ref"]]
    swapped = package_of(bundle=replace(BUNDLE, components=(other, YARL)))
    assert content(swapped, f"{DOC}/bom.cdx.json") == content(package, f"{DOC}/bom.cdx.json")
    changed = json.loads(content(package_of(), f"{DOC}/bom.cdx.json"))
    assert changed["serialNumber"] != document["serialNumber"]


def test_troff_takes_the_manual_page_without_a_warning(tmp_path: Path) -> None:
    """Also with texts that look like its requests."""
    hostile = '.so /etc/passwd\n\n\'x "quoted" \\fB -o é ~^`'
    application = ApplicationInfo(name=hostile, description="x", version="1.0")
    needs = Needs(
        environment=("X",),
        credentials=("token",),
        settings=(Setting(name="Y", expects=hostile, default=hostile),),
    )
    package = package_of(replace(NAMED, application=application, needs=needs), description=f"{hostile}\n\nx")
    (tmp_path / "echo.7").write_text(content(package, PAGE))
    shown = run("groff", "-man", "-Kutf8", "-Tutf8", "-ww", "-P-cbou", tmp_path / "echo.7")
    for text in (".so /etc/passwd", '\'x "quoted" \\fB -o é ~^`', "server that says it again", "tcp:8007", "token",
                 "/etc/default/echo", "/var/lib/so-"):  # fmt: skip
        assert text in shown


def test_a_line_of_the_page_is_one_line() -> None:
    """Whatever is in it."""
    assert escape("'a\n.b\\") == "\\&'a .b\\e"


def test_each_command_has_a_page() -> None:
    """The service's, unless the bundle has one."""
    files = (
        ProgramFile(path="/usr/bin/echo-ctl", content=b"", mode=0o755),
        ProgramFile(path="/usr/sbin/echo-adm", content=b"", mode=0o755),
        ProgramFile(path="/usr/share/man/man1/echo-ctl.1.gz", content=b""),
    )
    package = package_of(bundle=Bundle(files=files))
    assert "/usr/share/man/man8/echo-ctl.8.gz" not in paths(package)
    links = {file.path: file.link for file in package.files if file.link}
    assert links == {"/usr/share/man/man8/echo-adm.8.gz": "../man7/echo.7.gz"}


def test_the_page_is_in_section_8_if_a_command_goes_with_it() -> None:
    """One without would have no reason to be there; units refer to it."""
    command = ProgramFile(path="/usr/sbin/echo", content=b"", mode=0o755)
    package = package_of(bundle=Bundle(files=(command,)))
    assert content(package, "/usr/share/man/man8/echo.8.gz").startswith('.TH "ECHO" "8" ')
    assert "Documentation=man:echo(8)\n" in content(package, "/usr/lib/systemd/system/echo.service")


def test_variables_are_shown_to_the_administrator() -> None:
    """As comments, so that defaults hold until somebody sets one; the file is a conffile."""
    settings = (
        Setting(name="PORT", expects="a whole number", default="80 $x"),
        Setting(name="KEY", expects="a text"),
    )
    package = package_of(replace(NAMED, needs=Needs(environment=("DEBUG", "PORT"), settings=settings)))
    text = content(package, "/etc/default/echo")
    assert all(line.startswith("#") for line in text.splitlines() if line)
    assert [line for line in text.splitlines() if "=" in line] == ["#DEBUG=", "#KEY=", '#PORT="80 \\$x"']
    assert package.conffiles == ("/etc/default/echo",)
    assert [told.subject for told in package.diagnostics if "KEY" in told.message] == ["needs.settings"]


def test_what_the_bundle_has_goes_before_what_is_made() -> None:
    """Such as a manual page that somebody wrote."""
    page = ProgramFile(path=PAGE, content=compress(b"mine"))
    assert content(package_of(bundle=Bundle(files=(page,))), PAGE) == "mine"


def test_what_to_know_is_told() -> None:
    """Names that differ, and licences without a text."""
    bare = replace(YARL, licence_texts=())
    package = package_of(package="shop", bundle=replace(BUNDLE, components=(bare,)))
    told = {one.subject: one.message for one in package.diagnostics if one.severity == "warning"}
    assert told == {
        "package": "none of its services is called shop.service",
        "licence": "yarl 1.9.4 comes without the text of its licence",
    }


def test_a_common_licence_needs_no_text() -> None:
    """Every system has it."""
    package = package_of(licence=Licence(name="GPL-3.0-or-later", holders=("2026 Ann",)))
    assert stanzas(package)[1]["License"] == (
        "GPL-3+\n On Debian systems, the text of this licence is in /usr/share/common-licenses/GPL-3."
    )
