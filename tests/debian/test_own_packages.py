"""svcctl's own Debian packages, and all else that ``packaging/build`` makes for a release."""

from __future__ import annotations

import hashlib
import re
import shutil
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import svcctl
from tests.debian.own_machine import ARTEFACTS, SOURCE, booted, content, put_source
from tests.debian.own_trees import build, released, run_in, target_tree
from tests.systemd.conftest import why_not_here
from tests.systemd.machine import Machine
from tests.systemd.trees import REPOSITORY, SUITES, Suite

pytestmark = [
    pytest.mark.systemd,
    pytest.mark.skipif(bool(why_not_here()), reason=why_not_here() or "it is here"),
    pytest.mark.timeout(900),
]

LINTIAN = ("lintian", "--display-info", "--display-experimental", "--pedantic", "--tag-display-limit=0")
#: A check of the newest lintian's that compiles 46 patterns for each line: a minute. Its patterns are tried below, at once.
SLOW = "languages/python/stdlib-deprecation"
OPTIONS = {"trixie": (f"--dont-check-part={SLOW}",)}
SLOW_MODULE = "usr/share/lintian/lib/Lintian/Check/Languages/Python/StdlibDeprecation.pm"
#: A paragraph of the documentation is one line, and so is what the registry of Windows gets in what is expected of it.
ACCEPTED = {f"X very-long-line-length-in-source-file {folder}/" for folder in ("docs", "tests")}
VERSION = svcctl.__version__
DECIDED = ("maintainer=Ann <ann@example.org>", "version=1.0", "licence=Apache-2.0", "copyright=2026 Ann")
MAKE = ("svcctl", "deb", "--no-lint", *(word for field in DECIDED for word in ("--override", field)))
REMOVE = "hint: apt remove shop, or apt purge shop to delete its state, too"


@pytest.fixture(scope="module")
def artefacts() -> Path:
    """Give the folder with all that is released."""
    return released(list(SUITES.values()))


@pytest.fixture(scope="module", params=SUITES)
def machine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """Give a machine of each release, without our packages."""
    with booted(SUITES[request.param], tmp_path_factory.mktemp(request.param)) as found:
        yield found


@pytest.fixture(scope="module")
def before(machine: Machine, artefacts: Path) -> set[str]:
    """Give all that is on the machine before our packages are installed, and put them within its reach."""
    put_source(machine)
    for name in names(machine.suite):
        machine.write(f"{ARTEFACTS}/{name}", (artefacts / name).read_bytes())
    return content(machine)


@pytest.fixture
def installed(machine: Machine, before: set[str]) -> Machine:
    """Give a machine with our packages, installed by dpkg without a network."""
    assert f"d 755 root {ARTEFACTS}" in before
    install = f"dpkg-query --status svcctl >/dev/null 2>&1 || dpkg --install {ARTEFACTS}/*.deb"
    machine.run(["sh", "-c", install])
    return machine


def names(suite: Suite) -> list[str]:
    """Return the names of a release's files."""
    version = f"{VERSION}~deb{12 if suite.name == 'bookworm' else 13}u1"
    return [
        f"python3-svcctl_{version}_all.deb",
        *(f"svcctl_{version}{end}" for end in (".dsc", ".tar.xz", "_all.deb")),
    ]


def test_a_release_is_complete_and_has_its_checksums(artefacts: Path) -> None:
    """Source and wheel for Python, source and binary packages for each Debian, and nothing else."""
    python = [f"svcctl-{VERSION}.tar.gz", f"svcctl-{VERSION}-py3-none-any.whl"]
    expected = sorted([*python, *(name for suite in SUITES.values() for name in names(suite))])
    lines = (artefacts / "SHA256SUMS").read_text().splitlines()
    sums = {name: digest for digest, _, name in (line.partition("  ./") for line in lines)}
    assert sorted(sums) == expected
    assert sorted(path.name for path in artefacts.iterdir()) == sorted([*expected, "SHA256SUMS"])
    for name, digest in sums.items():
        assert hashlib.sha256((artefacts / name).read_bytes()).hexdigest() == digest


def test_the_changelog_of_the_package_ends_with_the_version_of_the_project() -> None:
    """The version is in one place more than it should be."""
    assert (REPOSITORY / "debian/changelog").read_text().startswith(f"svcctl ({VERSION}) ")


def test_the_source_has_what_builds_and_tests_it(artefacts: Path) -> None:
    """The packages are built from the same archive that others get."""
    with tarfile.open(artefacts / f"svcctl-{VERSION}.tar.gz") as archive:
        inside = {name.partition("/")[2] for name in archive.getnames()}
    assert {
        "debian/rules",
        "packaging/build",
        "tests/unit/cli/test_main.py",
        "units/svcctl@.service",
    } <= inside
    assert not [name for name in inside if "__pycache__" in name or name.endswith(".pyc")]


def test_two_builds_give_the_same_bytes(artefacts: Path, tmp_path: Path) -> None:
    """In another folder, later, with another umask, locale and time zone, from files of other dates and modes."""
    checkout = tmp_path / "checkout"
    ignored = shutil.ignore_patterns(".git", ".venv", ".*_cache", ".hypothesis", "__pycache__")
    shutil.copytree(REPOSITORY, checkout, ignore=ignored, copy_function=shutil.copy)
    for path in checkout.rglob("*"):
        path.chmod(path.stat().st_mode | 0o020)
    caller = ("sh", "-c", 'umask 027; exec "$@"', "sh")
    surroundings = {"LC_ALL": "C", "TZ": "Pacific/Kiritimati", "DEB_BUILD_OPTIONS": "nocheck parallel=1"}
    output = tmp_path / "again"
    build(output, list(SUITES.values()), checkout=checkout, caller=caller, **surroundings)
    assert (output / "SHA256SUMS").read_text() == (artefacts / "SHA256SUMS").read_text()


@pytest.mark.parametrize("name", SUITES)
def test_lintian_has_no_error_no_warning_and_no_information(artefacts: Path, name: str) -> None:
    """With all tags; what is left is accepted by name."""
    suite = SUITES[name]
    checked = [file for file in names(suite) if not file.endswith(".xz")]
    found = run_in(target_tree(suite), artefacts, [*LINTIAN, *OPTIONS.get(name, ()), *checked])
    assert found.stderr == ""
    tags = re.findall(r"^(.): \S+(?: \S+)?: (\S+)(?: .*\[(\w+/))?", found.stdout, re.MULTILINE)
    assert {" ".join(filter(None, tag)) for tag in tags} <= ACCEPTED, found.stdout
    assert found.returncode == 0


def test_no_source_imports_a_module_that_python_gives_up(artefacts: Path) -> None:
    """By the list of the check that lintian leaves out above, and by its patterns."""
    check = (target_tree(SUITES["trixie"]) / SLOW_MODULE).read_text()
    given_up = re.findall(r"^    '(\w+)' +=> \{ 'deprecated'", check, re.MULTILINE)
    assert {"asyncore", "distutils", "xdrlib"} <= set(given_up)
    assert r"m{^\s*from $library(\s+|\..+)import}" in check
    assert r"m{^\s*import(\s+|.+,\s?)$library([,.\s]|$)}" in check
    each = "|".join(given_up)
    pattern = re.compile(
        rf"^[^\S\n]*(from ({each})(\s+|\..+)import|import([^\S\n]+|.+,[^\S\n]?)({each})([,.\s]|$))",
        re.MULTILINE,
    )
    assert pattern.search("x\n  import os, asyncore\n")
    with tarfile.open(artefacts / f"svcctl-{VERSION}.tar.gz") as archive:
        sources = [member for member in archive if member.name.endswith(".py")]
        texts = {member.name: archive.extractfile(member).read().decode() for member in sources}  # type: ignore[union-attr]  # files
    assert len(texts) > 500
    assert [name for name, text in texts.items() if pattern.search(text)] == []


def test_they_install_without_a_network_and_say_their_version(installed: Machine) -> None:
    """On a system that has what they depend on and nothing that they only recommend."""
    assert installed.run(["svcctl", "--version"]).stdout == f"svcctl {VERSION}\n"
    status = installed.run(["dpkg-query", "--show", "--showformat=${Status}\n", "svcctl", "python3-svcctl"])
    assert status.stdout == "install ok installed\n" * 2
    assert installed.run(["dpkg", "--verify", "svcctl", "python3-svcctl"]).stdout == ""


def test_every_command_has_its_manual_page(installed: Machine) -> None:
    """Without a complaint of man's."""
    listed = installed.run(["svcctl", "--help"]).stdout.partition("\nCommands:\n")[2]
    commands = re.findall(r"^  ([a-z]+)  ", listed, re.MULTILINE)
    assert len(commands) > 20
    for page in ("svcctl", *(f"svcctl-{command}" for command in commands)):
        shown = installed.run(["man", "--warnings", page], environment={"MANPAGER": "cat"})
        assert (shown.stderr, page.upper() in shown.stdout) == ("", True)


def test_bash_completes_commands_and_the_names_of_applications(installed: Machine) -> None:
    """From the folder where bash-completion looks for it."""
    script = (
        ". /usr/share/bash-completion/completions/svcctl; COMP_WORDS=(svcctl inst); COMP_CWORD=1; "
        '_svcctl_completion svcctl; echo "${COMPREPLY[@]}"'
    )
    assert installed.run(["bash", "-euc", script]).stdout == "install\n"
    zsh = installed.read("/usr/share/zsh/vendor-completions/_svcctl")
    assert zsh.startswith("#compdef svcctl\n")
    assert "--command svcctl" in installed.read("/usr/share/fish/vendor_completions.d/svcctl.fish")


@pytest.mark.parametrize("name", ["in-front", "under-systemd"])
def test_the_packages_own_tests_pass(installed: Machine, name: str) -> None:
    """As autopkgtest runs them: from the source, with the packages installed."""
    declared = (REPOSITORY / "debian/tests/control").read_text()
    assert re.findall(r"^Tests: (\S+)$", declared, re.MULTILINE) == ["in-front", "under-systemd"]
    installed.run(["sh", "-c", f"cd {SOURCE} && exec debian/tests/{name}"], timeout=120)


def test_an_application_is_installed_with_debians_python(installed: Machine) -> None:
    """It serves, and leaves nothing when it is uninstalled."""
    without = content(installed)
    installed.write("/srv/echo/echo.tac", (REPOSITORY / "examples/echo.tac").read_bytes())
    installed.run(["svcctl", "install", "--yes", "--enable", "--now", "/srv/echo/echo.tac"])
    unit = installed.read("/etc/systemd/system/echo.service")
    assert "\nExecStart=/usr/bin/python3 -P -m svcctl.runtime " in unit
    assert installed.ask(8007, b"hello") == b"hello"
    installed.run(["svcctl", "uninstall", "--yes", "--purge", "echo"])
    installed.run(["rm", "-r", "/srv/echo"])
    assert content(installed) == without


def test_a_packaged_application_runs_on_the_system_s_svcctl_which_knows_it(installed: Machine) -> None:
    """It is made, installed, shown, stopped and started there; its files are dpkg's, and gone after a purge."""
    without = content(installed)
    installed.write("/srv/shop/shop.tac", (REPOSITORY / "examples/echo.tac").read_bytes())
    installed.run([*MAKE, "/srv/shop/shop.tac", "--system-svcctl", "--output", "/srv/shop"])
    installed.run(["sh", "-c", "dpkg --install /srv/shop/*.deb"])
    assert installed.ask(8007, b"hello") == b"hello"
    listed = "shop\tactive\tenabled\t0.0.0.0:8007\t/usr/share/shop/shop.tac\n"
    assert installed.run(["svcctl", "list"]).stdout == listed
    shown = installed.run(["svcctl", "status", "shop"]).stdout
    assert "\n  package: shop\n" in shown
    assert "\n  tree: ready, 2/2 ready\n" in shown
    assert "application is ready" in installed.run(["svcctl", "logs", "shop"]).stdout
    installed.run(["svcctl", "restart", "shop/TCPServer[0]"])
    installed.run(["svcctl", "stop", "shop"])
    assert installed.property("shop.socket", "ActiveState") == "inactive"
    installed.run(["svcctl", "start", "shop"])
    refused = installed.run(["svcctl", "uninstall", "--yes", "shop"], check=False)
    assert (refused.returncode, refused.stderr.splitlines()[1:]) == (64, [REMOVE])
    assert installed.run(["dpkg", "--verify", "shop"]).stdout == ""
    installed.run(["dpkg", "--purge", "shop"])
    installed.run(["rm", "-r", "/srv/shop"])
    assert content(installed) == without


def test_nothing_is_left_after_purge(installed: Machine, before: set[str]) -> None:
    """Also of an instance of svcctl@.service that was enabled, and ran until then; its file is not the package's."""
    installed.write("/etc/svcctl/hello.tac", (REPOSITORY / "examples/echo.tac").read_bytes())
    installed.systemctl("enable", "--now", "svcctl@hello")
    installed.run(["dpkg", "--purge", "svcctl", "python3-svcctl"])
    assert installed.property("svcctl@hello", "ActiveState") == "inactive"
    after = content(installed)
    own = {line for line in after if line.endswith(("/etc/svcctl", "/etc/svcctl/hello.tac"))}
    assert (after - own - before, before - after) == (set(), set())
    installed.run(["rm", "-r", "/etc/svcctl"])
