"""Each release's own lintian, with all its tags, on the packages that are made for that release."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from svcctl.generate.debian.model import Override
from tests.debian.build import SITE, Program, build, plain, with_asgi
from tests.debian.chroots import chroot
from tests.debian.trees import workshop
from tests.systemd.trees import REPOSITORY, Suite

ALL = ("--display-info", "--display-experimental", "--pedantic", "--show-overrides", "--tag-display-limit=0")
#: What stays, of the pedantic tags: /usr/lib/NAME is a virtual environment, and has its ``lib`` in it.
EXPECTED = {"P: repeated-path-segment"}
ECHO = Program(REPOSITORY / "examples/echo.tac", "echo", 8007)
HELLO = Program(SITE, "site", 8008)


def tags(suite: Suite, folder: Path, deb: Path) -> tuple[set[str], set[str]]:
    """Return the tags that lintian gives a package, with their severity, and those that are overridden."""
    with chroot(workshop(suite), folder / "tree", shared=deb.parent) as tree:
        said = tree.run("lintian", "--allow-root", *ALL, f"/shared/{deb.name}", check=False).stdout
    found = re.findall(r"^([A-Z]): \S+: (\S+)", said, re.MULTILINE)
    assert all(line.startswith(("N:", "O:", "P:", "E:", "W:", "I:", "X:")) for line in said.splitlines()), (
        said
    )
    given = {f"{severity}: {tag}" for severity, tag in found if severity not in "NO"}
    return given, {tag for severity, tag in found if severity == "O"}


def test_nothing_is_said_about_the_echo_example(suite: Suite, tmp_path: Path) -> None:
    """It has neither a version nor a maintainer of its own: they are given."""
    known = {"version": "1.0", "maintainer": "Ann Example <ann@example.org>"}
    deb = build(ECHO, tmp_path, plain(suite), **known)
    given, overridden = tags(suite, tmp_path, deb)
    assert given == EXPECTED
    expected = {"package-contains-documentation-outside-usr-share-doc"}
    if suite.name == "bookworm":
        expected.add("package-supports-alternative-init-but-no-init.d-script")
    assert overridden == expected


@pytest.mark.usefixtures("hastily")
def test_nothing_is_said_about_an_application_with_binary_wheels(suite: Suite, tmp_path: Path) -> None:
    """What their builders chose is overridden: how they were compiled, and what is linked into them."""
    deb = build(HELLO, tmp_path, with_asgi(suite))
    assert deb.name == "site_1.0.0_amd64.deb"
    given, overridden = tags(suite, tmp_path, deb)
    assert given == EXPECTED
    assert {"embedded-library", "hardening-no-bindnow", "hardening-no-fortify-functions"} <= overridden


@pytest.mark.usefixtures("hastily")
def test_an_override_for_nothing_is_seen(suite: Suite, tmp_path: Path) -> None:
    """Lintian is asked so that it says whatever it knows."""
    known = {"version": "1.0", "maintainer": "Ann Example <ann@example.org>"}
    unused = Override(tag="hardening-no-pie", reason="There is nothing compiled in it.")
    deb = build(ECHO, tmp_path, plain(suite), overrides=(unused,), **known)
    assert tags(suite, tmp_path, deb)[0] == {*EXPECTED, "I: unused-override"}
