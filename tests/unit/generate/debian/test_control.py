from __future__ import annotations

from dataclasses import replace

import pytest

from svcctl.generate.debian.control import control_text, installed_size
from svcctl.generate.debian.model import Bundle, ProgramFile
from svcctl.manifest.model import ApplicationInfo, Identity
from tests.unit.generate.debian.packages import BUNDLE, NAMED, package_of


def test_fields_come_in_debians_order() -> None:
    """That of dpkg-gencontrol; a field without a value is left out."""
    names = [
        name
        for name, _ in package_of(homepage="https://example.org", recommends=("nginx", "adduser")).control
    ]
    assert names == [
        "Package", "Version", "Architecture", "Maintainer", "Installed-Size", "Depends", "Recommends", "Section",
        "Priority", "Homepage", "Description",
    ]  # fmt: skip


def test_relations_are_sorted_and_none_comes_twice() -> None:
    """Those of the bundle, of the options, and of the user's declaration."""
    manifest = replace(NAMED, identity=Identity(uid="echo"))
    fields = dict(
        package_of(manifest, depends=("zlib1g", "adduser(>=3)", "zlib1g (>= 1.2)", "python3")).control
    )
    assert fields["Depends"] == (
        "adduser (>= 3), python3 (<< 3.12), python3 (>= 3.11~), "
        "systemd | systemd-standalone-sysusers | systemd-sysusers, zlib1g (>= 1.2)"
    )


def test_no_sysusers_without_a_user() -> None:
    """A dynamic user needs none."""
    assert "sysusers" not in dict(package_of().control)["Depends"]


def test_the_size_is_rounded_up_for_each_file_and_counts_folders() -> None:
    """As dpkg-gencontrol counts: /, /usr and /usr/lib here."""
    files = [
        ProgramFile(path="/usr/lib/a", content=b"x"),
        ProgramFile(path="/usr/lib/b", content=b"x" * 1025),
    ]
    assert installed_size(files) == 1 + 2 + 3
    assert installed_size([]) == 1


def test_a_description_is_folded() -> None:
    """Paragraphs are parted by a full stop; a line cannot begin with one of its own."""
    text = "One " * 30 + "\n\n.hidden file\ttab"
    lines = control_text(package_of(description=text, bundle=Bundle(files=())).control).split(
        "Description: "
    )[1]
    head, *rest = lines.splitlines()
    assert head == "server that says it again"
    assert " ." in rest
    assert "  .hidden file tab" in rest
    assert all(line.startswith(" ") and len(line) < 80 for line in rest)


def test_the_manifest_fills_what_the_options_leave_open() -> None:
    """Its version in Debian's form, its description without article and full stop."""
    application = ApplicationInfo(
        name="echo",
        description="A server that echoes.",
        version="2.0rc1",
        homepage="https://example.org/x",
        maintainer="Bob <bob@example.org>",
    )
    manifest = replace(NAMED, application=application)
    fields = dict(package_of(manifest, version="", maintainer="", synopsis="").control)
    assert fields["Version"] == "2.0~rc1"
    assert fields["Maintainer"] == "Bob <bob@example.org>"
    assert fields["Homepage"] == "https://example.org/x"
    assert fields["Description"].splitlines()[0] == "server that echoes"


@pytest.mark.parametrize("hostile", ["x\nEssential: yes", "x\r\n\nPackage: y", "x\x85Essential: yes"])
def test_no_text_makes_a_field(hostile: str) -> None:
    """Names and versions of bundled distributions are somebody else's text."""
    component = replace(BUNDLE.components[0], name=hostile)
    package = package_of(bundle=replace(BUNDLE, components=(component,)), description=f"{hostile}\n\nx")
    lines = control_text(package.control).splitlines()
    assert not [line for line in lines if line.startswith(("Essential", "Package: y")) or not line]


def test_the_long_description_does_not_repeat_the_short_one() -> None:
    """What the application says of itself comes again only if the one line is another."""
    assert "says it again" not in dict(package_of().control)["Description"].partition("\n")[2]
    other = dict(package_of(synopsis="repeater for the tests").control)["Description"]
    assert "\n A server that says it again.\n" in other
