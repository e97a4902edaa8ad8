"""The real dpkg, with the real deb-systemd-helper, on a root of the test's own: what is there, and what is left."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from svcctl.generate.debian.archive import archive, file_name
from svcctl.generate.debian.model import Package
from svcctl.manifest.model import Needs, Setting
from tests.unit.generate.debian.packages import EPOCH, NAMED, package_of, units_of
from tests.verify.cases import make_node

pytestmark = [
    pytest.mark.skipif(shutil.which("dpkg") is None, reason="there is no dpkg"),
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can unpack files of root's"),
]
WANTED = "etc/systemd/system/sockets.target.wants/"
STATE = Needs(directories=("state", "logs"), environment=("GREETING",))


class Root:
    """A folder with a database of dpkg's, empty at first."""

    def __init__(self, path: Path) -> None:
        self.path = path
        for folder in (
            "var/lib/dpkg/info",
            "var/lib/dpkg/updates",
            "var/lib/systemd",
            "etc/systemd/system",
            "usr/lib",
        ):
            (path / folder).mkdir(parents=True)
        (path / "var/lib/dpkg/status").touch()

    def dpkg(self, *arguments: str | Path) -> str:
        """Run dpkg without a chroot; it must succeed."""
        done = subprocess.run(
            [
                "/usr/bin/dpkg",
                f"--root={self.path}",
                "--force-script-chrootless",
                "--force-depends",
                *arguments,
            ],
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def install(self, package: Package, *options: str) -> str:
        """Write a package and install it."""
        deb = self.path.parent / file_name(package)
        deb.write_bytes(archive(package, EPOCH))
        return self.dpkg(*options, "-i", deb)

    def files(self) -> set[str]:
        """Return all files, links and folders but those of dpkg itself."""
        paths = {str(path.relative_to(self.path)) for path in self.path.rglob("*")}
        return {path for path in paths if not path.startswith(("var/lib/dpkg", "var/log", "usr/share"))}


@pytest.fixture
def root(tmp_path: Path) -> Root:
    """Return an empty system."""
    return Root(tmp_path / "root")


def test_an_installed_package_is_complete_and_enabled(root: Root) -> None:
    """Each file as dpkg has it in its list, nothing that it finds changed."""
    package = package_of(replace(NAMED, needs=STATE))
    root.install(package)
    assert root.dpkg("--verify", "echo") == ""
    assert {f"{WANTED}echo.socket", "etc/default/echo", "usr/lib/echo/app.py"} <= root.files()
    assert (root.path / WANTED / "echo.socket").readlink() == Path("/usr/lib/systemd/system/echo.socket")


def test_a_purge_leaves_nothing(root: Root) -> None:
    """A removal leaves what the service wrote, and conffiles."""
    before = root.files()
    root.install(package_of(replace(NAMED, needs=STATE)))
    (root.path / "var/lib/private/echo").mkdir(parents=True)
    (root.path / "var/lib/private/echo/state").touch()
    (root.path / "var/lib/echo").symlink_to("private/echo")
    root.dpkg("-r", "echo")
    assert {"var/lib/private/echo/state", "etc/default/echo"} <= root.files()
    assert "usr/lib/systemd/system/echo.service" not in root.files()
    root.dpkg("-P", "echo")
    left = {path for path in root.files() - before if "echo" in path or (root.path / path).is_symlink()}
    assert left == set()


def test_an_edited_conffile_is_kept(root: Root) -> None:
    """Without a question when the package's own has not changed, and beside the new one when it has."""
    manifest = replace(NAMED, needs=STATE)
    root.install(package_of(manifest))
    edited = root.path / "etc/default/echo"
    edited.write_text("GREETING=hello\n")
    root.install(package_of(manifest, version="1.1"))
    assert edited.read_text() == "GREETING=hello\n"
    changed = replace(STATE, settings=(Setting(name="PORT", expects="a number", default="1"),))
    root.install(package_of(replace(NAMED, needs=changed), version="1.2"), "--force-confold")
    assert edited.read_text() == "GREETING=hello\n"
    assert "PORT" in edited.with_name("echo.dpkg-dist").read_text()


def test_what_somebody_disabled_stays_disabled(root: Root) -> None:
    """Over an upgrade, a downgrade and a repeated installation."""
    root.install(package_of())
    (root.path / WANTED / "echo.socket").unlink()
    for version in ("1.1", "1.0", "1.0"):
        root.install(package_of(version=version))
        assert not (root.path / WANTED / "echo.socket").exists()


def test_what_somebody_masked_stays_masked(root: Root) -> None:
    """And fails neither an installation nor an upgrade."""
    mask = root.path / "etc/systemd/system/echo.service"
    mask.symlink_to("/dev/null")
    for version in ("1.0", "1.1"):
        root.install(package_of(version=version))
        assert mask.readlink() == Path("/dev/null")


def test_a_socket_of_another_name_replaces_the_old(root: Root) -> None:
    """A package of two listeners has two sockets, and each is enabled."""
    root.install(package_of())
    second = make_node("echo/second", "tcp:9")
    manifest = replace(NAMED, tree=replace(NAMED.tree, children=(*NAMED.tree.children, second)))
    root.install(package_of(manifest, units=units_of(manifest), version="1.1"))
    enabled = {path.name for path in (root.path / WANTED).iterdir()}
    # Its own link goes on a system that runs; the tool for it does not know another root.
    assert enabled - {"echo.socket"} == {"echo-tcp-8007.socket", "echo-tcp-9.socket"}
    assert not (root.path / "usr/lib/systemd/system/echo.socket").exists()
