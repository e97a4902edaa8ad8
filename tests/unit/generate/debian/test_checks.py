from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from svcctl.errors import ProblemsError
from svcctl.generate.debian.model import Bundle, ChangelogEntry, Licence, ProgramFile, RemovedConffile
from svcctl.manifest.model import ApplicationInfo
from svcctl.plan.model import Diagnostic, File, Rendering
from tests.unit.generate.debian.packages import BUNDLE, NAMED, OPTIONS, package_of, units_of


def problems(**given: Any) -> dict[str, str]:  # noqa: ANN401 (options of several types)
    """Return what keeps a package from being made, by what it is about."""
    with pytest.raises(ProblemsError) as caught:
        package_of(**given)
    return {problem.where: problem.message for problem in caught.value.problems}


def test_everything_is_told_at_once() -> None:
    """So that somebody mends it in one go."""
    manifest = replace(NAMED, application=ApplicationInfo(name="echo"))
    found = problems(
        manifest=manifest, package="Echo_1", version="", maintainer="", synopsis="", licence=None
    )
    assert found.keys() == {"package", "version", "maintainer", "synopsis", "licence"}
    assert "possible: echo-1" in found["package"]


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("package", "e", "possible: e-service"),
        ("version", "v1_0", "possible: 0~v1.0"),
        ("maintainer", "Ann", "Name <mail@host.domain>"),
        ("maintainer", "Ann <ann@localhost>", "Name <mail@host.domain>"),
        ("maintainer", "Ann\n <ann@example.org>", "Name <mail@host.domain>"),
        ("section", "nett", "possible: net"),
        ("section", "strange/net", "possible: net"),
        ("priority", "extra", "optional"),
        ("homepage", "example.org", "http or https"),
        ("synopsis", "The server", "no article"),
        ("synopsis", "server.", "no full stop"),
        ("synopsis", "x" * 80, "at most 79"),
        ("synopsis", "a\nb", "one line"),
        ("synopsis", "Echo server", "name of the package"),
        ("description", "Too short.", "2 lines"),
        ("depends", ("Python >= 3",), "relation"),
        ("recommends", ("x, y",), "relation"),
        ("source_date_epoch", -1, "since 1970"),
    ],
)
def test_a_wrong_field_is_refused(field: str, value: object, expected: str) -> None:
    """With what would be right."""
    found = problems(**{field: value})
    assert expected in found[field]


@pytest.mark.parametrize(("path", "version"), [("/usr/x", "1"), ("/etc/a\nb", "1"), ("/etc/x", "old")])
def test_a_conffile_that_is_gone_has_a_path_and_a_version(path: str, version: str) -> None:
    """Both end up in the scripts."""
    assert path in problems(removed_conffiles=(RemovedConffile(path=path, last_version=version),))


@pytest.mark.parametrize("section", ["contrib/net", "non-free-firmware/net", "httpd"])
def test_sections_may_have_an_area(section: str) -> None:
    """Other than main."""
    assert dict(package_of(section=section).control)["Section"] == section


def test_a_release_whose_python_is_too_old_is_refused() -> None:
    """For the application and for what is bundled."""
    manifest = replace(NAMED, origin=replace(NAMED.origin, requires_python="3.12"))
    found = problems(manifest=manifest, bundle=replace(BUNDLE, requires_python="3.13"))
    assert found == {
        "origin.requires_python": "needs Python 3.12, and bookworm has 3.11",
        "bundle": "needs Python 3.13, and bookworm has 3.11",
    }
    assert package_of(manifest, replace(BUNDLE, requires_python="3.13"), distribution="trixie").files


def test_licences_have_to_be_known() -> None:
    """The application's with its text and holder, those of what is bundled by name."""
    nameless = replace(BUNDLE.components[0], licence="")
    assert problems(bundle=replace(BUNDLE, components=(nameless,))).keys() == {"yarl 1.9.4"}
    with pytest.raises(ProblemsError) as caught:
        package_of(licence=Licence(name="MIT"))
    messages = [problem.message for problem in caught.value.problems]
    assert messages == [
        "the text of MIT is missing, and Debian has it nowhere else: give licence-file",
        "it names nobody who holds the copyright: give copyright, such as 2026 Ann",
    ]
    assert "--override FIELD=VALUE" in caught.value.hint


def test_the_changelog_has_to_be_about_this_version() -> None:
    """And each entry complete."""
    entry = ChangelogEntry(version="0.9", changes=("x",), author="nobody", date=-1)
    with pytest.raises(ProblemsError) as caught:
        package_of(changelog=(entry,))
    assert len(caught.value.problems) == 3


@pytest.mark.parametrize(
    "path", ["/opt/x", "/usr/local/x", "/home/ann/x", "x", "/usr/../etc/x", "/usr//x", "/usr/a\nb", "/lib/x"]
)
def test_files_lie_where_packages_have_them(path: str) -> None:
    """Neither elsewhere nor under a name that a list of files cannot hold."""
    assert path in problems(bundle=Bundle(files=(ProgramFile(path=path, content=b""),)))


def test_files_neither_clash_nor_give_rights_away() -> None:
    """Set-user-id, writable for others, twice, and below another file."""
    files = (
        ProgramFile(path="/usr/lib/echo/a", content=b"", mode=0o4755),
        ProgramFile(path="/usr/lib/echo/b", content=b"", mode=0o666),
        ProgramFile(path="/usr/lib/echo/c", content=b""),
        ProgramFile(path="/usr/lib/echo/c", content=b""),
        ProgramFile(path="/usr/lib/echo/d", content=b""),
        ProgramFile(path="/usr/lib/echo/d/e", content=b""),
    )
    assert problems(bundle=Bundle(files=files)).keys() == {f"/usr/lib/echo/{name}" for name in "abcd"}


def test_an_error_of_the_units_is_one_of_the_package() -> None:
    """And units of a user's manager cannot be packaged."""
    told = Diagnostic(severity="error", subject="tcp:1", message="no address", hint="give one")
    for_users = File(path="/home/ann/.config/systemd/user/echo.service", content=b"")
    found = problems(units=Rendering(files=(for_users,), diagnostics=(told,)))
    assert found == {"tcp:1": "no address; give one", "units": found["units"]}


def test_a_good_package_has_no_problems() -> None:
    """With the shared options."""
    assert package_of(units=units_of(NAMED)).control[0] == ("Package", OPTIONS.package)
