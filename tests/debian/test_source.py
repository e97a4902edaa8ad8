"""Source packages: debhelper builds the same packages of them, which behave in the same way."""

from __future__ import annotations

import email
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from svcctl.generate.debian.elf import is_elf
from svcctl.generate.debian.source import missing_sources
from tests.debian import build
from tests.debian.apps import App
from tests.debian.build import Program, plain, with_asgi
from tests.debian.chroots import chroot
from tests.debian.rebuilding import NOBODY, Made, RebuiltApp, make, rebuilt
from tests.debian.test_lifecycle import (  # noqa: F401 (the same tests, of packages made in another way)
    test_a_masked_service_stays_masked_and_disturbs_nobody,
    test_a_removal_keeps_state_and_configuration_and_a_purge_leaves_nothing,
    test_upgrade_downgrade_and_reinstallation_run_what_is_installed,
    test_what_the_administrator_has_disabled_stays_disabled,
)
from tests.debian.trees import workshop
from tests.systemd.machine import Machine
from tests.systemd.trees import SUITES, Suite

pytestmark = pytest.mark.usefixtures("hastily")

#: Nobody else's: what is built of the same source is built once.
REPEATER = Program(build.REPEATER, "rebuilt", 8990)
SITE = Program(build.SITE, "rebuilt-site", 8991)
LINTIAN = ("lintian", "--display-info", "--display-experimental", "--pedantic", "--tag-display-limit", "0")
#: What is true of modules that come compiled, in wheels: their source is not there, and no override says otherwise.
COMPILED = {
    "bookworm": {
        "E: source-is-missing",
        "P: source-contains-prebuilt-binary",
        "X: very-long-line-length-in-source-file",
    },
    "trixie": {
        "P: source-contains-prebuilt-binary",
        "X: source-is-missing",
        "X: very-long-line-length-in-source-file",
    },
}


@pytest.fixture
def app(booted: Callable[[Suite], Machine], tmp_path: Path) -> Iterator[App]:
    """Give an application whose packages debhelper builds; it is gone from the machine when the test ends.

    Of the older release, whose debhelper has to be told more. That it builds what is written directly is compared on both.
    """
    app = RebuiltApp(booted(SUITES["bookworm"]), REPEATER, tmp_path)
    yield app
    app.machine.systemctl("unmask", app.service, app.socket)
    app.dpkg("--purge", "--force-all", app.name, check=False)


def test_its_own_test_sees_whether_the_service_is_up(app: App) -> None:
    """And that it takes connections; it fails where it is not."""
    made = make(app.program, app.folder, plain(app.machine.suite))
    (text,) = (file.content for file in made.source.files if file.path == "/debian/tests/service")
    app.install(app.build())
    app.machine.write("/root/service", text, mode=0o755)
    said = app.machine.run(["/root/service"])
    assert said.stdout == f"{app.socket} takes connections at 127.0.0.1:{app.program.port}\n"
    app.machine.systemctl("stop", app.service, app.socket)
    failed = app.machine.run(["/root/service"], check=False)
    assert (failed.returncode, failed.stderr) == (1, f"{app.service} is inactive\n")


def unpacked(deb: Path, folder: Path) -> Path:
    """Return a folder with all that is in a package."""
    subprocess.run(["/usr/bin/dpkg-deb", "-R", deb, folder], check=True, timeout=60)
    return folder


def listed(deb: Path) -> set[tuple[str, ...]]:
    """Return what is in a package: mode, owner, path, and what links lead to."""
    done = subprocess.run(
        ["/usr/bin/dpkg-deb", "-c", deb], check=True, capture_output=True, text=True, timeout=60
    )
    lines = [line.split(None, 5) for line in done.stdout.splitlines()]
    return {(mode, owner, path) for mode, owner, _, _, _, path in lines}


def fields(folder: Path) -> dict[str, str | set[str]]:
    """Return the fields of an unpacked package; dependencies in any order.

    dpkg-gencontrol counts the control files as installed, which they are, but not there.
    """
    told = dict(email.message_from_string((folder / "DEBIAN/control").read_text()).items())
    del told["Installed-Size"]
    return {**told, "Depends": set(told["Depends"].split(", "))}


def contents(folder: Path) -> dict[str, bytes]:
    """Return the files of an unpacked package by path; the terms name files without the folder of a source package."""
    found = {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.is_symlink() and "DEBIAN" not in path.parts
    }
    return {
        path: data.replace(b" program/usr/", b" usr/") if path.endswith("/copyright") else data
        for path, data in found.items()
    }


def check_same(made: Made, suite: Suite, folder: Path) -> None:
    """Compare the package that is written directly with the one that debhelper builds."""
    direct = folder / made.deb.name
    direct.write_bytes(made.deb.content)
    built = rebuilt(made.source, suite) / "built" / made.deb.name
    assert listed(direct) == listed(built)
    ours, theirs = unpacked(direct, folder / "ours"), unpacked(built, folder / "theirs")
    assert contents(ours) == contents(theirs)
    assert fields(ours) == fields(theirs)
    controls = [sorted(path.name for path in (tree / "DEBIAN").iterdir()) for tree in (ours, theirs)]
    assert controls[0] == controls[1]
    for name in {"conffiles"} & set(controls[0]):
        assert (ours / "DEBIAN" / name).read_text() == (theirs / "DEBIAN" / name).read_text()


def test_debhelper_builds_the_same_package(suite: Suite, tmp_path: Path) -> None:
    """Modes, contents, fields and conffiles are the same, with a revision, a user of its own and two sockets."""
    changes = (
        (f'"{REPEATER.name}",', f'"{REPEATER.name}", uid="{REPEATER.name}",'),
        (
            "application)\n",
            'application)\nstrports.service("tcp:8992", answer).setServiceParent(application)\n',
        ),
    )
    program = Program(REPEATER.source, REPEATER.name, REPEATER.port, changes=changes)
    made = make(program, tmp_path, plain(suite), version="1.0.0-1")
    check_same(made, suite, tmp_path)


def test_debhelper_leaves_binary_modules_as_they_are(suite: Suite, tmp_path: Path) -> None:
    """And dpkg-shlibdeps finds the dependencies that were found here; lintian names the modules, and nothing else."""
    made = make(SITE, tmp_path, with_asgi(suite))
    assert made.deb.name.endswith("_amd64.deb")
    check_same(made, suite, tmp_path)
    with chroot(workshop(suite), tmp_path / "tree", shared=rebuilt(made.source, suite)) as tree:
        command = (*NOBODY, "env", "HOME=/tmp", *LINTIAN, f"/shared/{SITE.name}_1.0.0.dsc")
        said = tree.run(*command, check=False).stdout
    (told,) = missing_sources(made.bundle)
    compiled = [file.path for file in made.bundle.files if is_elf(file.content)]
    found = re.findall(r"^(.): \S+ source: (\S+) .*\[program(/[^]:]+)", said, re.MULTILINE)
    assert len(said.splitlines()) == len(found) == len(compiled) * len(COMPILED[suite.name])
    assert {f"{severity}: {tag}" for severity, tag, _ in found} == COMPILED[suite.name]
    assert {path for _, _, path in found} == set(compiled)
    assert told.message.startswith(f"{len(compiled)} compiled modules come without the source")


def test_lintian_finds_nothing_in_a_source_package(suite: Suite, tmp_path: Path) -> None:
    """Not even what is pedantic; nor in the list of what is uploaded, which leads it there."""
    made = make(REPEATER, tmp_path, plain(suite))
    folder = rebuilt(made.source, suite)
    with chroot(workshop(suite), tmp_path / "tree", shared=folder) as tree:
        name = f"{REPEATER.name}_1.0.0_source.changes"
        said = tree.run(*NOBODY, "env", "HOME=/tmp", *LINTIAN, f"/shared/{name}")
        assert said.stdout == ""
