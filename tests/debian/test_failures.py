"""Services and systems with something wrong: dpkg ends in a state from which there is a way on."""

from __future__ import annotations

from pathlib import Path

from tests.debian.apps import LIST, App
from tests.debian.build import REPEATER, Program, build, plain
from tests.debian.chroots import chroot
from tests.debian.trees import system
from tests.systemd.trees import Suite

CLASS = """import Application, Service


class Broken(Service):
    def startService(self) -> None:
        raise RuntimeError("no database")
"""
BROKEN = (
    ("import Application\n", CLASS),
    ("strports.service(", "Broken().setServiceParent(application)\nstrports.service("),
)
TOLD = "some of its units did not start: see systemctl status"


def test_an_upgrade_to_a_service_that_does_not_start_fails_nothing(app: App) -> None:
    """It is told why; the next version brings the service up again."""
    app.install(app.build("1.0.0"))
    broken = app.install(app.build("1.0.1", *BROKEN))
    assert "no process could take over" in broken.stdout
    assert "RuntimeError: no database" in broken.stdout
    assert f"{app.name}: {TOLD}" in broken.stderr
    assert app.dpkg("--audit").stdout == ""
    app.apt("--fix-broken", "install")
    app.install(app.build("1.0.2"))
    assert app.ask("version") == "1.0.2"


def test_a_service_that_has_never_started_can_be_removed(app: App) -> None:
    """And purged, with nothing of dpkg's in the way."""
    installed = app.install(app.build("1.0.0", *BROKEN))
    assert f"{app.name}: {TOLD}" in installed.stderr
    assert app.dpkg("--audit").stdout == ""
    app.apt("--fix-broken", "install")
    app.apt("purge", app.name)
    assert app.dpkg("--status", app.name, check=False).returncode == 1


def test_a_version_that_lacks_a_dependency_leaves_the_old_process_serving(app: App) -> None:
    """Until apt has made up its mind; without the dependency that is a removal."""
    app.install(app.build("1.0.0"))
    before = app.ask("pid")
    refused = app.install(app.build("1.0.1", depends=("no-such-package",)), check=False)
    assert refused.returncode == 1
    assert app.ask("pid") == before
    app.install(app.build("1.0.2"))
    assert app.ask("version") == "1.0.2"
    app.install(app.build("1.0.3", depends=("no-such-package",)), check=False)
    app.apt("--fix-broken", "install")
    # It may not have been able to stop in order: its files were gone.
    assert "active" not in app.states()
    assert app.dpkg("--audit").stdout == ""


def test_a_system_that_does_not_run_is_installed_on_all_the_same(suite: Suite, tmp_path: Path) -> None:
    """In a tree that an image is made from: enabled for its first boot, and gone without a trace."""
    debs = tmp_path / "debs"
    debs.mkdir()
    name = build(Program(REPEATER, "quiet", 8010), debs, plain(suite)).name
    with chroot(system(suite), tmp_path / "tree", shared=debs) as tree:
        before = tree.run(*LIST).stdout
        tree.run("dpkg", "--install", f"/shared/{name}")
        assert (
            tree.run("systemctl", "is-enabled", "quiet.socket", "quiet.service").stdout
            == "enabled\nenabled\n"
        )
        assert tree.run("dpkg", "--verify", "quiet").stdout == ""
        tree.run("dpkg", "--remove", "quiet")
        tree.run("dpkg", "--purge", "quiet")
        left = set(tree.run(*LIST).stdout.splitlines()) ^ set(before.splitlines())
    assert left == set()
