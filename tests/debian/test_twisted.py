"""A package of an application of Twisted's: made by the command, judged by lintian, installed, upgraded and purged."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import svcctl
from svcctl.host.wheels import read_wheel
from tests.contract.test_deb import PUBLIC, python_for_all
from tests.debian.apps import App, everything
from tests.debian.build import Program
from tests.debian.test_lint import EXPECTED, tags
from tests.systemd.apps import APPS
from tests.systemd.machine import Machine
from tests.systemd.trees import SOURCE_ONLY, SUITES, Suite, download, kept

LIMIT = 120.0
LICENCE = "MIT License\n\nCopyright (c) 2026 Ann Example\n\nPermission is hereby granted.\n"
#: The command, but for how well it compresses: nobody keeps these packages.
HASTILY = "from svcctl.generate.debian import compression; compression._LZMA2['preset'] = 0; from svcctl.__main__ import main; main()"
FIELDS = ("maintainer=Ann Example <ann@example.org>", "synopsis=answers lines", "licence=MIT")


class Author(NamedTuple):
    """Somebody who makes packages.

    Attributes:
        folder: Has a licence, wheels, and the list of what is needed, with digests.
        python: The interpreter of an environment with Twisted.
    """

    folder: Path
    python: Path


@pytest.fixture
def suite() -> Suite:
    """Give the release that the interpreter belongs to: pip cannot choose wheels for another one."""
    asked = [python_for_all(), "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
    version = subprocess.run(asked, check=True, capture_output=True, text=True, timeout=LIMIT).stdout.strip()
    return next(suite for suite in SUITES.values() if suite.python == version)


@pytest.fixture
def author(suite: Suite) -> Iterator[Author]:
    """Make an environment where the user that describes applications can read it."""
    with tempfile.TemporaryDirectory(dir=PUBLIC) as name:
        folder, found = Path(name), wheels(suite)
        folder.chmod(0o755)
        python = folder / "environment/bin/python3"
        make = [python_for_all(), "-m", "venv", str(folder / "environment")]
        subprocess.run(make, check=True, timeout=LIMIT)
        install = [str(python), "-m", "pip", "install", "-q", "--no-compile", "--no-index"]
        subprocess.run(
            [*install, f"--find-links={found}", "twisted", *SOURCE_ONLY], check=True, timeout=LIMIT
        )
        (packages,) = folder.glob("environment/lib/python*/site-packages")
        left_out = shutil.ignore_patterns("__pycache__")
        shutil.copytree(Path(svcctl.__file__).parent, packages / "svcctl", ignore=left_out)
        (folder / "requirements.txt").write_text("".join(map(required, found.glob("*.whl"))))
        (folder / "LICENSE").write_text(LICENCE)
        shutil.copytree(found, folder / "wheels")
        yield Author(folder, python)


def wheels(suite: Suite) -> Path:
    """Return a folder with the wheels of Twisted and all it needs, for a suite's Python."""

    def fetch(work: Path) -> Path:
        download(suite, work / "wheels", ["twisted>=22.10"])
        return work / "wheels"

    return kept(f"{suite.name}-twisted-wheels", repr((suite, Path(__file__).read_text())), fetch)


def required(file: Path) -> str:
    """Return the line that asks for a wheel and no other; nothing for what svcctl brings along."""
    about, digest = read_wheel(file).metadata, hashlib.sha256(file.read_bytes()).hexdigest()
    return "" if about.name in SOURCE_ONLY else f"{about.name}=={about.version} --hash=sha256:{digest}\n"


def made(author: Author, app: App, version: str, answer: str) -> Path:
    """Make the package of a version by the command, and return it."""
    folder = author.folder
    file = folder / f"{app.name}.tac"
    file.write_text(app.program.text().replace("else line", f"else {answer}"))
    sources = (f"--requirements={folder}/requirements.txt", f"--wheels={folder}/wheels", "--no-index")
    fields = [
        f"--override={each}" for each in (*FIELDS, f"licence-file={folder}/LICENSE", f"version={version}")
    ]
    where = (f"--distribution={app.machine.suite.name}", f"--python={author.python}")
    command = [sys.executable, "-c", HASTILY, "deb", str(file), *where, *sources, *fields]
    done = subprocess.run(command, cwd=app.folder, check=False, capture_output=True, text=True, timeout=LIMIT)
    assert done.returncode == 0, done.stderr
    return app.folder / f"{app.name}_{version}_amd64.deb"


def test_a_package_of_an_application_of_twisted_is_installed_upgraded_and_purged(
    author: Author, suite: Suite, booted: Callable[[Suite], Machine], tmp_path: Path
) -> None:
    """Without a network, on a system that has neither Twisted nor svcctl; lintian has nothing to say."""
    machine = booted(suite)
    app = App(machine, Program(APPS / "twisted.tac", "till", machine.free_port()), tmp_path)
    before = everything(machine)
    first, second = made(author, app, "1.0.0", "line"), made(author, app, "1.0.1", "line.upper()")
    for deb, answer in ((first, "hello"), (second, "HELLO")):
        machine.write(f"/root/{deb.name}", deb.read_bytes())
        said = app.install(f"/root/{deb.name}")
        assert app.ask("hello") == answer
        assert app.states() == ("active", "active")
        assert "did not start" not in said.stderr
    assert app.property("DynamicUser") == "yes"
    assert app.dpkg("--verify", app.name).stdout == ""
    machine.systemctl("stop", app.service)
    assert app.property("Result") == "success"
    assert app.ask("again") == "AGAIN"
    app.dpkg("--purge", app.name)
    assert everything(machine) == before
    assert tags(suite, tmp_path, first)[0] == EXPECTED
