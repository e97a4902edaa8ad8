"""Debian's own test of installing, upgrading, removing and purging: nothing is left, nothing is broken."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from tests.debian.build import SITE, Program, build, with_asgi
from tests.debian.chroots import Chroot, chroot
from tests.debian.trees import system, workshop
from tests.systemd.trees import Suite

#: Where piuparts gets the version that it upgrades from; it has no other archive.
ARCHIVE = "[local]\nuri=[trusted=yes] file:/shared\ndistribution=local\ncomponents=main\n"
SETTINGS = "/etc/piuparts/distros.conf"


def archive(tree: Chroot, folder: Path) -> None:
    """Make an archive for apt of the packages in a folder, which the tree has as ``/shared``."""
    index = Path("dists/local/main/binary-amd64/Packages")
    (folder / index).parent.mkdir(parents=True)
    tree.run("sh", "-c", f"cd /shared && dpkg-scanpackages --multiversion . >{index} 2>/dev/null")
    content = (folder / index).read_bytes()
    listed = f"{hashlib.sha256(content).hexdigest()} {len(content)} {index.relative_to('dists/local')}"
    (folder / "dists/local/Release").write_text(f"Codename: local\nSHA256:\n {listed}\n")
    tree.run("sh", "-c", f'printf %s "$1" >>{SETTINGS}', "sh", ARCHIVE)


@pytest.mark.usefixtures("hastily")
def test_piuparts_finds_no_fault(suite: Suite, tmp_path: Path) -> None:
    """In an installation with a purge, and in an upgrade from the version before."""
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir()
    new.mkdir()
    build(Program(SITE, "site", 8008), old, with_asgi(suite))
    deb = build(Program(SITE, "site", 8008, "1.0.1"), new, with_asgi(suite))
    given = ("--existing-chroot=/base", "--distribution=local", "--bindmount=/shared", "--no-eatmydata")
    with chroot(workshop(suite), tmp_path / "tree", shared=old, new=new, base=system(suite)) as tree:
        archive(tree, old)
        said = tree.run("piuparts", *given, "--skip-logrotatefiles-test", f"/new/{deb.name}").stdout
    assert "PASS: Installation and purging test." in said
    assert "PASS: Installation, upgrade and purging tests." in said
    assert "PASS: All tests." in said
    assert "FAIL" not in said
