from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from svcctl.generate.debian.model import Licence, Override, RemovedConffile
from svcctl.generate.debian.releases import RELEASES
from svcctl.generate.debian.render import render
from svcctl.manifest.model import ApplicationInfo, Manifest
from svcctl.operations.packaging.options import Chosen, debian_options
from svcctl.operations.packaging.project import Project
from svcctl.operations.packaging.table import Table, override, read_table
from tests.fakes.manifests import echo_manifest
from tests.unit.generate.debian.packages import BUNDLE, units_of

ANN = "Ann <ann@example.org>"
BOB = "Bob <bob@example.org>"
MIT = "MIT License\n\nCopyright (c) 2026 Ann. All rights reserved.\n\nPermission is hereby granted, free of charge, to any person obtaining a copy\n"
RELEASE = RELEASES["bookworm"]
#: 21 September 2026.
NOW = 1_789_948_800


def application(**facts: str) -> Manifest:
    """Return an application that says this of itself."""
    return replace(echo_manifest(), application=ApplicationInfo(name="echo", **facts))


def chosen(
    table: Table | None = None, manifest: Manifest | None = None, environ: Mapping[str, str] | None = None
) -> Chosen:
    """Return the options of a package."""
    given = manifest or application()
    return debian_options(table or Table(), given, package="echo", release=RELEASE, environ=environ or {})


PROJECT = Project(version="1.0rc1", description="A thing.", homepage="https://p.example.org", people=(BOB,))
SAID = {
    "version": "2.0",
    "description": "The service",
    "homepage": "https://m.example.org",
    "maintainer": ANN,
}


def test_the_table_wins_over_the_manifest_and_that_over_the_project() -> None:
    """In each field that several know."""
    fields = ("version", "synopsis", "homepage", "maintainer")

    def of(**given: Any) -> list[str]:  # noqa: ANN401 (a table and a manifest)
        options = chosen(**given).options
        return [getattr(options, field) for field in fields]

    table = Table(
        version="3.0", synopsis="best", homepage="https://t.example.org", maintainer="Cy <cy@example.org>"
    )
    assert of(table=replace(table, project=PROJECT), manifest=application(**SAID)) == [
        getattr(table, field) for field in fields
    ]
    assert of(table=Table(project=PROJECT), manifest=application(**SAID)) == [
        "2.0",
        "service",
        SAID["homepage"],
        ANN,
    ]
    assert of(table=Table(project=PROJECT)) == ["1.0~rc1", "thing", PROJECT.homepage, BOB]
    assert of() == ["", "", "", ""]


def test_what_only_the_table_knows_is_taken_over() -> None:
    """The rest of its fields."""
    table = Table(
        section="web",
        priority="important",
        description="Long.",
        depends=("a",),
        recommends=("b",),
        overrides=(("tag", "why"),),
        removed_conffiles=(("/etc/echo/x", "0.9"),),
    )
    options = chosen(table).options
    assert (options.section, options.priority, options.description) == ("web", "important", "Long.")
    assert (options.depends, options.recommends, options.distribution) == (("a",), ("b",), "bookworm")
    assert options.overrides == (Override(tag="tag", reason="why"),)
    assert options.removed_conffiles == (RemovedConffile(path="/etc/echo/x", last_version="0.9"),)
    assert (chosen().options.section, chosen().options.priority) == ("net", "optional")


@pytest.mark.parametrize(
    ("environ", "maintainer"),
    [
        ({"DEBFULLNAME": "Ann", "DEBEMAIL": "ann@example.org"}, ANN),
        ({"DEBEMAIL": ANN}, ANN),
        ({"DEBFULLNAME": "Cy", "DEBEMAIL": ANN}, "Cy <ann@example.org>"),
        ({"DEBFULLNAME": "Ann"}, ""),
        ({"DEBEMAIL": "ann@example.org"}, ""),
        ({"NAME": "Ann", "EMAIL": "ann@example.org", "USER": "ann"}, ""),
    ],
)
def test_a_maintainer_is_never_made_up(environ: dict[str, str], maintainer: str) -> None:
    """The environment has to name both, and says it last."""
    assert chosen(environ=environ).options.maintainer == maintainer
    assert chosen(Table(project=PROJECT), environ=environ).options.maintainer == BOB


def test_an_epoch_goes_before_whatever_version_there_is() -> None:
    """But not before another epoch."""
    assert chosen(Table(epoch=2), application(version="1.0")).options.version == "2:1.0"
    assert chosen(Table(epoch=2)).options.version == ""
    twice = chosen(Table(epoch=2, version="1:1.0"))
    assert twice.options.version == "1:1.0"
    assert [problem.where for problem in twice.problems] == ["epoch"]


def test_the_time_is_that_of_the_environment_the_changes_or_the_release(tmp_path: Path) -> None:
    """In this order; never the present one."""
    table = Table(folder=str(tmp_path), maintainer=ANN, version="1.1")
    assert chosen(table).options.source_date_epoch == RELEASE.date
    (tmp_path / "CHANGELOG.md").write_text("## 1.1 (2026-09-21)\n- x\n## 1.0 (2026-01-01)\n")
    given = chosen(table).options
    assert given.source_date_epoch == NOW
    assert [entry.version for entry in given.changelog] == ["1.1", "1.0"]
    assert chosen(table, environ={"SOURCE_DATE_EPOCH": "5"}).options.source_date_epoch == 5
    newer = chosen(replace(table, version="1.2"), environ={"SOURCE_DATE_EPOCH": "5"}).options
    assert newer.changelog[0].date == 5
    later = chosen(replace(table, version="1.2")).options
    assert later.source_date_epoch == later.changelog[0].date == NOW + 1


@pytest.mark.parametrize("value", ["x", "-1", "1.5", "9" * 5000, "²"])
def test_a_time_that_is_none_is_told(value: str) -> None:
    """And another one is taken."""
    told = chosen(environ={"SOURCE_DATE_EPOCH": value})
    assert told.options.source_date_epoch == RELEASE.date
    assert [problem.where for problem in told.problems] == ["SOURCE_DATE_EPOCH"]


def test_the_list_of_changes_is_sought_or_named(tmp_path: Path) -> None:
    """A named one has to be there; what is left out of it is told."""
    (tmp_path / "NEWS.rst").write_text("1.0 (2026-01-01)\n================\n\n0.9\n===\n")
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "changes.md").symlink_to("../NEWS.rst")
    table = Table(folder=str(tmp_path), maintainer=ANN, version="1.0")
    for each in (table, replace(table, changelog="docs/changes.md")):
        found = chosen(each)
        assert [entry.version for entry in found.options.changelog] == ["1.0"]
        assert "0.9" in found.diagnostics[0].message
    (problem,) = chosen(replace(table, changelog="missing")).problems
    assert problem.where == f"{tmp_path}/missing"
    assert chosen(replace(table, maintainer="nobody")).options.changelog == ()


def test_the_licence_is_read_from_the_folder(tmp_path: Path) -> None:
    """Its name from what it says, and who holds the copyright."""
    table = Table(folder=str(tmp_path))
    assert chosen(table).options.licence is None
    (tmp_path / "LICENSE.txt").write_text(MIT)
    assert chosen(table).options.licence == Licence(name="MIT", text=MIT.strip("\n"), holders=("2026 Ann",))
    named = chosen(replace(table, licence="ISC", copyright=("2020 Bob",))).options.licence
    assert named == Licence(name="ISC", text=MIT.strip("\n"), holders=("2020 Bob",))
    (tmp_path / "TERMS").write_text("Do what you like.\r\n")
    other = chosen(replace(table, licence_file="TERMS", licence="LicenseRef-own")).options.licence
    assert other == Licence(name="LicenseRef-own", text="Do what you like.")
    (problem,) = chosen(replace(table, licence_file="missing")).problems
    assert problem.where == f"{tmp_path}/missing"


def test_the_licence_of_the_project_is_taken(tmp_path: Path) -> None:
    """Its expression as it is, older forms as far as they are known, its files by their patterns."""
    for said in (Project(licence_expression="MIT OR Apache-2.0"), Project(licence="MIT OR Apache-2.0")):
        licence = chosen(Table(folder=str(tmp_path), project=said)).options.licence
        assert licence == Licence(name="MIT OR Apache-2.0")
    (tmp_path / "LICENSE-MIT").write_text(MIT)
    apache = "Apache License\nVersion 2.0\nTERMS AND CONDITIONS FOR USE, REPRODUCTION, AND DISTRIBUTION\n"
    (tmp_path / "LICENSE-Apache").write_text(apache)
    project = Project(
        licence_files=("LICENSE-*", "/etc/*", ""), classifiers=("License :: OSI Approved :: MIT License",)
    )
    licence = chosen(Table(folder=str(tmp_path), project=project)).options.licence
    assert licence is not None
    assert (licence.name, licence.holders) == ("MIT", ("2026 Ann",))
    assert "/usr/share/common-licenses/Apache-2.0.\n\nMIT License" in licence.text


def test_what_is_chosen_makes_a_package(tmp_path: Path) -> None:
    """With nothing but a pyproject.toml, a licence and a list of changes beside the application."""
    (tmp_path / "LICENSE").write_text(MIT)
    (tmp_path / "CHANGELOG.md").write_text("## 1.0 - 2026-09-21\n- First.\n")
    (tmp_path / "pyproject.toml").write_text(
        "[project]\nname = 'echo'\nversion = '1.0'\ndescription = 'Says it again'\n"
        "authors = [{ name = 'Ann', email = 'ann@example.org' }]\n"
    )
    table = override(read_table(str(tmp_path)), ["section=misc"])
    found = chosen(table)
    assert (found.problems, found.diagnostics) == ((), ())
    package = render(application(), found.options, BUNDLE, units_of(application()))
    control = dict(package.control)
    assert (control["Maintainer"], control["Version"], control["Section"]) == (ANN, "1.0", "misc")


def test_problems_of_the_table_are_kept() -> None:
    """They are told with all others."""
    assert len(chosen(override(Table(epoch=1, version="1:1"), ["x=y"])).problems) == 2
