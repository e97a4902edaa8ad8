"""Source packages: what is in them, and what their control files say."""

from __future__ import annotations

import zlib
from dataclasses import replace
from typing import Any

import pytest

from svcctl.endpoints.grammar import parse_endpoint
from svcctl.errors import ProblemsError
from svcctl.generate.debian.model import Bundle, Package, ProgramFile, RemovedConffile
from svcctl.generate.debian.source import SourcePackage, render_source
from svcctl.manifest.model import Identity, Manifest, Needs, Setting
from svcctl.plan.model import Rendering
from tests.unit.generate.debian.packages import BUNDLE, NAMED, OPTIONS, package_of, units_of
from tests.verify.cases import CASES, Case, make_manifest

SYSTEM_CASES = [case for case in CASES if case.options.scope == "system"]
LINK = ProgramFile(path="/usr/lib/echo/bin/python3", link="../../../bin/python3")
NATIVE = replace(
    BUNDLE, architecture="amd64", depends=(*BUNDLE.depends, "libc6 (>= 2.34)", "libssl3 (>= 3.0.0)")
)


def source_of(
    manifest: Manifest = NAMED,
    bundle: Bundle = BUNDLE,
    units: Rendering | None = None,
    **given: Any,  # noqa: ANN401 (options of several types)
) -> SourcePackage:
    """Return the source package of an application, with some options other than the usual."""
    return render_source(manifest, replace(OPTIONS, **given), bundle, units or units_of(manifest))


def text(source: SourcePackage, name: str) -> str:
    """Return the text of a file in ``debian``."""
    return next(file.content.decode() for file in source.files if file.path == f"/debian/{name}")


def names(source: SourcePackage) -> set[str]:
    """Return the files in ``debian``."""
    return {file.path.removeprefix("/debian/") for file in source.files if file.path.startswith("/debian/")}


def lost(package: Package, source: SourcePackage) -> set[str]:
    """Return those files of a binary package whose contents are nowhere in its source package."""
    has = {(file.path, file.content) for file in source.files}
    contents = {content for path, content in has if path.startswith("/debian/")}
    links = text(source, "echo.links").split() if "echo.links" in names(source) else []
    return {
        file.path
        for file in package.files
        if (f"/program{file.path}", file.content) not in has
        and (
            zlib.decompress(file.content, 31) if file.path.endswith(".gz") and file.content else file.content
        )
        not in contents
        and file.path[1:] not in links
    }


@pytest.mark.parametrize("case", SYSTEM_CASES, ids=lambda case: case.name)
@pytest.mark.parametrize("distribution", ["bookworm", "trixie"])
def test_every_file_of_the_package_is_in_its_source(case: Case, distribution: Any) -> None:  # noqa: ANN401 (a literal)
    """But the terms, which name the files where they are in it."""
    manifest = replace(case.manifest, application=NAMED.application)
    given = {name: getattr(case.options, name) for name in ("name", "sockets", "instances", "listen")}
    units = units_of(manifest, **given)
    bundle = replace(BUNDLE, files=(*BUNDLE.files, LINK))
    package = package_of(manifest, bundle, units, distribution=distribution)
    source = source_of(manifest, bundle, units, distribution=distribution)
    assert lost(package, source) == {"/usr/share/doc/echo/copyright"}
    assert [file.path for file in source.files] == sorted({file.path for file in source.files})
    assert {"control", "rules", "changelog", "copyright", "source/format"} <= names(source)
    assert [file.path for file in source.files if file.mode & 0o100] <= [
        "/debian/rules",
        "/debian/tests/service",
    ]


def test_each_file_is_where_its_helper_looks_for_it() -> None:
    """And the program is as it is to lie on the target."""
    source = source_of(replace(NAMED, identity=Identity(uid="echo"), needs=Needs(environment=("X",))))
    assert names(source) == {
        "bom.cdx.json", "changelog", "control", "copyright", "echo.7", "echo.default", "echo.docs", "echo.install",
        "echo.lintian-overrides", "echo.manpages", "echo.postinst", "echo.postrm", "echo.preinst", "echo.prerm",
        "echo.service", "echo.socket", "echo.sysusers", "rules", "source/format", "tests/control", "tests/service",
    }  # fmt: skip
    assert {file.path for file in source.files if not file.path.startswith("/debian/")} == {
        "/program/usr/lib/echo/app.py",
        "/program/usr/lib/echo/yarl/__init__.py",
    }
    assert text(source, "echo.install") == "program/usr /\n"
    assert text(source, "echo.manpages") == "debian/echo.7\n"
    assert text(source, "echo.docs") == "debian/bom.cdx.json\n"


@pytest.mark.parametrize(("distribution", "folder"), [("bookworm", "lib"), ("trixie", "usr/lib")])
def test_units_with_names_of_their_own_lie_where_they_are_found(distribution: Any, folder: str) -> None:  # noqa: ANN401 (a literal)
    """That of the release's dh_installsystemd; the package has them in one place."""
    source = source_of(make_two(), distribution=distribution)
    assert {name for name in names(source) if name.endswith(".socket")} == {
        f"system/{folder}/systemd/system/echo-{name}.socket" for name in ("tcp-8007", "tcp-8008")
    }
    assert f"debian/system/{folder.partition('/')[0]} /\n" in text(source, "echo.install")
    assert ("mv debian/echo/lib/systemd debian/echo/usr/lib/" in text(source, "rules")) == (folder == "lib")


def make_two() -> Manifest:
    """Return an application that listens on two ports."""
    endpoints = ("tcp:8007", "tcp:8008")
    assert all(parse_endpoint(one) for one in endpoints)
    return replace(make_manifest(*endpoints), application=NAMED.application)


def test_links_are_made_by_the_helper() -> None:
    """Where they lead to as it wants to be told: from the root."""
    source = source_of(bundle=replace(BUNDLE, files=(*BUNDLE.files, LINK)))
    assert text(source, "echo.links") == "usr/bin/python3 usr/lib/echo/bin/python3\n"


def test_the_control_file_leaves_to_the_helpers_what_they_find_out() -> None:
    """Users need what makes them, libraries their packages; Python's bounds are known here."""
    source = source_of(
        replace(NAMED, identity=Identity(uid="echo")),
        NATIVE,
        depends=("postgresql-client",),
        recommends=("curl",),
    )
    stanzas = [
        dict(line.split(": ", 1) for line in stanza.splitlines() if line[0] != " ")
        for stanza in text(source, "control").split("\n\n")
    ]
    assert stanzas[0] == {
        "Source": "echo",
        "Section": "net",
        "Priority": "optional",
        "Maintainer": "Ann Example <ann@example.org>",
        "Build-Depends": "debhelper-compat (= 13), dh-sequence-installsysusers, libssl3",
        "Standards-Version": "4.6.2",
        "Rules-Requires-Root": "no",
    }
    assert stanzas[1] == {
        "Package": "echo",
        "Architecture": "amd64",
        "Depends": "postgresql-client, python3 (<< 3.12), python3 (>= 3.11~), ${shlibs:Depends}, ${misc:Depends}",
        "Recommends": "curl",
        "Description": "server that says it again",
    }


def test_without_libraries_nobody_looks_for_them() -> None:
    """Nor for users."""
    assert "Depends: python3 (<< 3.12), python3 (>= 3.11~), ${misc:Depends}\n" in text(source_of(), "control")
    assert "Build-Depends: debhelper-compat (= 13)\n" in text(source_of(), "control")


def test_the_terms_name_files_as_the_source_has_them() -> None:
    """Below the folder of the program."""
    assert "\nFiles: program/usr/lib/echo/yarl/*\n" in text(source_of(), "copyright")


@pytest.mark.parametrize(
    "needs",
    [
        Needs(credentials=("token",)),
        Needs(environment=("X",), settings=(Setting(name="X", expects="a number"),)),
    ],
)
def test_there_is_no_test_of_what_has_to_be_set_up_first(needs: Needs) -> None:
    """It could only fail."""
    source = source_of(replace(NAMED, needs=needs))
    assert not [name for name in names(source) if name.startswith("tests")]
    assert "Testsuite" not in dict(source.fields)


def test_there_is_no_test_of_templates() -> None:
    """Nobody knows what instances there will be."""
    manifest = replace(make_manifest(), application=NAMED.application)
    source = source_of(manifest, units=units_of(manifest, instances=True))
    assert not [name for name in names(source) if name.startswith("tests")]
    assert "echo@.service" in names(source)


def test_the_test_of_the_package_is_python() -> None:
    """It names the units."""
    source = text(source_of(), "tests/service")
    compile(source, "service", "exec")
    assert "SERVICES = ['echo.service']\nSOCKETS = ['echo.socket']\n" in source


def test_conffiles_that_are_gone_are_told_to_the_helper() -> None:
    """One line each; it reads words, so that no name can have a blank."""
    source = source_of(removed_conffiles=(RemovedConffile(path="/etc/old", last_version="0.9~"),))
    assert text(source, "echo.maintscript") == "rm_conffile /etc/old 0.9~ echo\n"
    with pytest.raises(ProblemsError, match="no source package can be made of echo: /etc/o d: dh_installdeb"):
        source_of(removed_conffiles=(RemovedConffile(path="/etc/o d", last_version="0.9~"),))


def test_what_keeps_a_package_from_being_made_keeps_its_source_too() -> None:
    """The same problems."""
    with pytest.raises(ProblemsError, match="maintainer"):
        source_of(maintainer="Ann")
