from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from svcctl.operations.packaging.project import read_project
from svcctl.operations.packaging.table import Table, override, read_table

WHOLE = """
[project]
name = "shop"
description = "Sells things"
[tool.svcctl.deb]
package = "shop-server"
version = "1.0-1"
epoch = 2
maintainer = "Ann <ann@example.org>"
section = "web"
priority = "optional"
homepage = "https://example.org"
synopsis = "shop"
description = "Long.\\n\\nLonger."
depends = ["postgresql-client (>= 15)"]
recommends = ["curl"]
licence = "MIT"
licence-file = "COPYING"
copyright = ["2026 Ann"]
changelog = "NEWS.md"
include = ["www"]
extras = ["fast"]
requirements = "requirements.txt"
distribution = "trixie"
overrides = { hardening-no-bindnow = "built elsewhere" }
removed-conffiles = { "/etc/shop/old" = "0.9" }
licences = { "lib.x" = "MIT" }
"""


def table(folder: Path, text: str) -> Table:
    """Return what a file says."""
    (folder / "pyproject.toml").write_text(text)
    return read_table(str(folder))


def problems(of: Table) -> dict[str, str]:
    """Return the problems by the last word of where they are."""
    return {problem.where.rpartition(": ")[2]: problem.message for problem in of.problems}


def test_every_key_has_its_field(tmp_path: Path) -> None:
    """None is left empty by a table that has them all."""
    read = table(tmp_path, WHOLE)
    assert read.problems == ()
    assert [each.name for each in fields(Table) if not getattr(read, each.name)] == ["problems"]
    assert (read.package, read.epoch, read.depends) == ("shop-server", 2, ("postgresql-client (>= 15)",))
    assert read.removed_conffiles == (("/etc/shop/old", "0.9"),)
    assert read.licences == (("lib.x", "MIT"),)
    assert (read.folder, read.project.name) == (str(tmp_path), "shop")


def test_without_a_file_or_a_table_all_is_empty(tmp_path: Path) -> None:
    """But for the folder, and what the project says."""
    assert read_table(str(tmp_path)) == Table(folder=str(tmp_path))
    assert table(tmp_path, "[project]\nname = 'x'").project.name == "x"
    assert read_table(str(tmp_path)).problems == ()


def test_unknown_keys_are_told_with_the_nearest_one(tmp_path: Path) -> None:
    """Or with all, if none is near."""
    told = problems(
        table(tmp_path, "[tool.svcctl.deb]\nlicense = 'MIT'\nzzz = 1\nfolder = 'x'\nsection = 'web'")
    )
    assert "did you mean licence?" in told["license"]
    assert "package, version" in told["zzz"]
    assert "folder" in told
    assert read_table(str(tmp_path)).section == "web"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("section = ['web']", "a text"),
        ("epoch = true", "a whole number"),
        ("epoch = -1", "a whole number"),
        ("depends = 'x'", "a list of texts"),
        ("depends = ['x', 1]", "a list of texts"),
        ("licences = ['x']", "a table of texts"),
        ("overrides = { x = 1 }", "a table of texts"),
        ("distribution = 'sid'", "bookworm, trixie"),
    ],
)
def test_wrong_types_are_told(tmp_path: Path, line: str, expected: str) -> None:
    """And the field stays empty."""
    read = table(tmp_path, f"[tool.svcctl.deb]\n{line}")
    key = line.partition(" ")[0]
    assert expected in problems(read)[key]
    assert not getattr(read, key)


@pytest.mark.parametrize(
    "text", ["[tool", "\x00", "tool = 1", "[tool]\nsvcctl = []", "[tool.svcctl]\ndeb = 'x'", "[" * 9999]
)
def test_a_file_or_table_that_is_none_is_told(tmp_path: Path, text: str) -> None:
    """As one problem."""
    assert len(table(tmp_path, text).problems) == 1


def test_a_file_that_others_can_exchange_is_told(tmp_path: Path) -> None:
    """It says who the package is from."""
    tmp_path.chmod(0o777)
    assert "can be written by other users" in table(tmp_path, WHOLE).problems[0].message


def test_single_fields_can_be_set_anew() -> None:
    """A list is replaced by what is given, a table is added to."""
    given = Table(
        section="web", depends=("a", "b"), recommends=("c",), licences=(("x", "MIT"), ("y", "ISC")), epoch=1
    )
    changed = override(
        given,
        [
            "section=net",
            "epoch=3",
            "depends=d (= 1)",
            "depends=e",
            "recommends=",
            "licences.y=MIT",
            "licences.z.z=a=b",
        ],
    )
    assert changed == Table(
        section="net",
        epoch=3,
        depends=("d (= 1)", "e"),
        licences=(("x", "MIT"), ("y", "MIT"), ("z.z", "a=b")),
    )
    assert override(given, []) == given


def test_fields_that_cannot_be_set_are_told() -> None:
    """All of them, beside those that there were."""
    given = override(Table(), ["sektion=x"])
    told = override(
        given, ["section", "licences=x", "section.x=y", "epoch=many", "distribution=sid", "folder=/x"]
    )
    assert [problem.message.partition(":")[0].partition(";")[0] for problem in told.problems] == [
        "there is no such field",
        "'section'",
        "'licences=x'",
        "'section.x=y'",
        "expected a whole number, 0 or more",
        "there is no such field",
        "'sid'",
    ]
    assert "did you mean section?" in told.problems[0].message
    assert told.distribution == ""


def test_a_project_tells_of_itself() -> None:
    """In the forms that there have been."""
    project = read_project(
        {
            "name": "shop",
            "version": "1.0",
            "description": "Sells\nthings",
            "authors": [{"name": "Bob", "email": "bob@example.org"}, {"name": "Nobody"}],
            "maintainers": [{"name": "Ann", "email": "ann@example.org"}],
            "urls": {"Docs": "https://docs.example.org", "Source Code": "https://example.org"},
            "license": {"file": "COPYING"},
            "license-files": ["LICEN[CS]E*"],
            "classifiers": ["License :: OSI Approved :: MIT License"],
            "optional-dependencies": {"fast": ["uvloop"]},
        }
    )
    assert project.people == ("Ann <ann@example.org>", "Bob <bob@example.org>")
    assert (project.description, project.homepage) == ("Sells things", "https://example.org")
    assert project.licence_files == ("COPYING", "LICEN[CS]E*")
    assert project.extras == ("fast",)
    assert read_project({"license": " MIT "}).licence_expression == "MIT"
    assert read_project({"license": {"text": "MIT"}}).licence == "MIT"


@pytest.mark.parametrize(
    "value",
    [
        None,
        1,
        [],
        "x",
        {"authors": {"name": 1}, "license": 1, "urls": {"home": 1}, "license-files": {"paths": []}},
    ],
)
def test_what_is_of_another_form_is_passed_over(value: object) -> None:
    """To complain is up to others."""
    project = read_project(value)
    assert project == read_project({})
