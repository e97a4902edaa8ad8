"""``svcctl deb`` and ``svcctl tap2deb`` from the command line to the file, and with everything wrong that users can do.

The packages themselves are tried on real systems in ``tests/debian``.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import svcctl
from svcctl.generate.debian.releases import RELEASES
from svcctl.host.apply import digest
from svcctl.plan.codec import decode_receipt
from tests.fakes.wheel_files import contents

LIMIT = 120.0
#: Neither a home nor a folder for temporary files, where no service may have its code, and open to all.
PUBLIC = "/dev/shm"  # noqa: S108 (a folder of random name below it)
#: No maintainer, mail address or date of whoever runs the tests.
UNSET = ("DEBFULLNAME", "DEBEMAIL", "NAME", "EMAIL", "SOURCE_DATE_EPOCH")
APPLICATION = """
import greeting
import words
from svcctl.application import internet, service

application = service.Application("shop", description="Sells things", version="1.0rc1")
internet.TCPServer(8007, lambda: None, interface="127.0.0.1").setServiceParent(application)
"""
PROJECT = """
[tool.svcctl.deb]
maintainer = "Ann Example <ann@example.org>"
section = "web"
"""
LICENCE = (
    "ISC License\n\nCopyright (c) 2026 Ann Example\n\nPermission to use, copy, modify, and/or distribute.\n"
)
DECIDED = "--override licence=ISC --override licence-file=LICENSE"


class Shop(NamedTuple):
    """An application that packages are made of.

    Attributes:
        folder: Has ``shop.tac``, ``words.py`` beside it, a table of decisions and a licence; and nothing else that
            would be needed.
        python: The interpreter of its environment, where ``greeting`` is installed.
        distribution: The release whose Python that is.
    """

    folder: Path
    python: Path
    distribution: str


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    """Make the application and its environment where the user that describes applications can read them."""
    with tempfile.TemporaryDirectory(dir=PUBLIC) as name:
        folder = Path(name)
        folder.chmod(0o755)
        base = python_for_all()
        environment, app = folder / "environment", folder / "app"
        subprocess.run([base, "-m", "venv", "--without-pip", environment], check=True, timeout=LIMIT)
        python = environment / "bin/python3"
        asked = "import sys, sysconfig; print('%d.%d' % sys.version_info[:2], sysconfig.get_path('platlib'))"
        said = subprocess.run(
            [python, "-c", asked], check=True, capture_output=True, text=True, timeout=LIMIT
        )
        version, site = said.stdout.split()
        code = folder / "code"
        ours = Path(svcctl.__file__).parent
        shutil.copytree(ours, code / "svcctl", ignore=shutil.ignore_patterns("__pycache__"))
        Path(site, "svcctl.pth").write_text(f"{code}\n")
        for path, content in contents("greeting").items():
            Path(site, path).parent.mkdir(exist_ok=True)
            Path(site, path).write_bytes(content)
        app.mkdir()
        (app / "shop.tac").write_text(APPLICATION)
        (app / "words.py").write_text("WORDS = ()\n")
        (app / "pyproject.toml").write_text(PROJECT)
        (app / "LICENSE").write_text(LICENCE)
        yield Shop(app, python, next(each.name for each in RELEASES.values() if each.python == version))


def python_for_all() -> str:
    """Return an interpreter of a release that packages are made for and, where there is one, outside of all homes."""
    for python in ("/usr/bin/python3", sys.executable):
        asked = [python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
        said = subprocess.run(asked, check=False, capture_output=True, text=True, timeout=LIMIT)
        if said.stdout.strip() in {release.python for release in RELEASES.values()}:
            return python
    pytest.skip("there is no Python of a release that packages are made for")


def called(shop: Shop, output: Path, arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run a command; quotes hold words together."""
    filled = arguments.format(
        folder=shop.folder, python=shop.python, output=output, release=shop.distribution
    )
    words = [word.replace("'", "") for word in re.findall(r"(?:[^\s']|'[^']*')+", filled)]
    kept = {name: value for name, value in os.environ.items() if name not in UNSET}
    return subprocess.run(
        [sys.executable, "-m", "svcctl", *words],
        check=False,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LIMIT,
        cwd=output,
        env={**kept, **environ},
    )


DEB = "deb {folder}/shop.tac --python {python} --distribution {release} --no-lint "


def field(deb: Path, name: str) -> str:
    """Return a field of a package as dpkg reads it."""
    command = ["dpkg-deb", "--field", str(deb), name]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=LIMIT).stdout.strip()


def listed(deb: Path) -> set[str]:
    """Return the paths of a package's files as dpkg reads them."""
    command = ["dpkg-deb", "--fsys-tarfile", str(deb)]
    archive = subprocess.run(command, check=True, capture_output=True, timeout=LIMIT).stdout
    names = subprocess.run(
        ["/usr/bin/tar", "t"], input=archive, check=True, capture_output=True, timeout=LIMIT
    ).stdout
    return {name.removeprefix(".") for name in names.decode().splitlines() if not name.endswith("/")}


def test_an_application_becomes_a_package(shop: Shop, tmp_path: Path) -> None:
    """Its path alone is on stdout; it has the application, what that needs, and what runs it."""
    done = called(shop, tmp_path, f"{DEB} {DECIDED} --output made")
    assert (done.returncode, done.stderr.count("error")) == (0, 0), done.stderr
    deb = tmp_path / "made" / "shop_1.0~rc1_all.deb"
    assert done.stdout == f"{deb}\n"
    assert [path.name for path in deb.parent.iterdir()] == [deb.name]
    assert field(deb, "Maintainer") == "Ann Example <ann@example.org>"
    assert field(deb, "Section") == "web"
    site = f"/usr/lib/shop/lib/python{RELEASES[shop.distribution].python}/site-packages"  # type: ignore[index] # (its own name)
    files = listed(deb)
    assert {
        *("/usr/share/shop/shop.tac", "/usr/share/shop/words.py", "/usr/lib/shop/bin/python3"),
        *(f"{site}/greeting.py", f"{site}/svcctl/runtime/runner.py", f"{site}/sdnotify/__init__.py"),
        *("/usr/lib/systemd/system/shop.service", "/usr/lib/systemd/system/shop.socket", "/etc/default/shop"),
    } <= files
    assert not [path for path in files if "/cli/" in path or "typer" in path or path.endswith(".pyc")]


def test_units_and_receipt_are_those_of_where_the_package_has_it(shop: Shop, tmp_path: Path) -> None:
    """Nothing of the folder in which it was made is anywhere in it; the receipt knows the files as they are."""
    done = called(shop, tmp_path, f"{DEB} {DECIDED}")
    assert done.returncode == 0, done.stderr
    command = ["dpkg-deb", "--raw-extract", done.stdout.strip(), str(tmp_path / "content")]
    subprocess.run(command, check=True, timeout=LIMIT)
    unit = (tmp_path / "content/usr/lib/systemd/system/shop.service").read_text()
    assert "ExecStart=/usr/lib/shop/bin/python3 -P -m svcctl.runtime --inherit shop.service" in unit
    assert unit.count("/usr/share/shop/shop.tac") == 1
    assert 'or repeat "svcctl deb"' in unit
    inside = [path for path in (tmp_path / "content").rglob("*") if path.is_file() and not path.is_symlink()]
    told = str(shop.folder.parent).encode()
    assert [path for path in inside if told in path.read_bytes()] == []
    receipt = decode_receipt((tmp_path / "content/usr/share/svcctl/receipts/shop.json").read_text())
    assert (receipt.name, receipt.package, receipt.addresses) == ("shop", "shop", ("127.0.0.1:8007",))
    assert (receipt.service, receipt.sockets) == ("shop.service", ("shop.socket",))
    assert receipt.directories == ("/var/lib/shop",)
    assert [file.path for file in receipt.files if file.conffile] == ["/etc/default/shop"]
    assert [digest((tmp_path / f"content{file.path}").read_bytes()) for file in receipt.files] == [
        file.digest for file in receipt.files
    ]


def test_the_result_can_be_had_as_json(shop: Shop, tmp_path: Path) -> None:
    """With what goes on still on stderr."""
    done = called(shop, tmp_path, f"{DEB} {DECIDED} --json")
    told = json.loads(done.stdout)
    assert (told["package"], told["version"], told["architecture"]) == ("shop", "1.0~rc1", "all")
    assert told["size"] == Path(told["path"]).stat().st_size
    assert "describing" in done.stderr


def test_debian_s_variables_name_the_maintainer_last(shop: Shop, tmp_path: Path) -> None:
    """The table wins; without it they count."""
    who = {"DEBFULLNAME": "Bob Example", "DEBEMAIL": "bob@example.org"}
    first = called(shop, tmp_path, f"{DEB} {DECIDED}", **who)
    second = called(shop, tmp_path, f"{DEB} {DECIDED} --override maintainer=", **who)
    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert field(Path(second.stdout.strip()), "Maintainer") == "Bob Example <bob@example.org>"


class Case(NamedTuple):
    """One mistake and what has to come of it.

    Attributes:
        arguments: Of the command; ``{folder}``, ``{python}``, ``{output}`` and ``{release}`` are filled in.
        status: Its exit status.
        error: Expressions that have to be in what it says, a line each.
        hint: The same for the advice.
    """

    arguments: str
    status: int
    error: tuple[str, ...]
    hint: str


CASES = [
    Case(
        DEB + "--override maintainer=Ann --override version=v1 --override section=wob --name Shop_1",
        65,
        (
            "package: 'Shop_1': .*; possible: shop-1",
            "version: 'v1': .*; possible: 1",
            "maintainer: 'Ann': expected a name and an address",
            "section: Debian has no section 'wob'; possible: web",
            "licence: .*",
        ),
        "mend them",
    ),
    Case(DEB + f"{DECIDED} --override maintainer=", 65, ("maintainer: nobody is named",), "--override"),
    Case(DEB + f"{DECIDED} --override colour=red", 65, ("colour: there is no such field",), "mend"),
    Case(DEB + f"{DECIDED} --include ../secret", 65, (r"\.\./secret: .*does not lie in",), "mend"),
    Case(DEB + f"{DECIDED} --include nothing", 65, ("nothing: .*no such file or folder",), "mend"),
    Case(DEB + f"{DECIDED} --depend 'libc6 >= 2'", 65, ("libc6 >= 2",), "mend"),
    Case(DEB + f"{DECIDED} --name nginx", 65, ("user|package",), "mend"),
    Case(DEB + f"{DECIDED} --requirements a --project b", 64, ("both --requirements and --project",), "one"),
    Case(DEB + f"{DECIDED} --extra fast", 64, ("extras are those of a project",), "--project"),
    Case(DEB.replace("{release}", "sid"), 64, ("packages are not made for 'sid'",), "bookworm or trixie"),
    Case(
        DEB + f"{DECIDED} --requirements {{folder}}/none.txt", 78, ("cannot read .*none.txt",), "give a req"
    ),
    Case(DEB + f"{DECIDED} --output {{folder}}/shop.tac", 78, ("cannot write to .*shop.tac",), "-o"),
    Case(DEB.replace("shop.tac", "missing.tac"), 66, ("missing.tac",), "its folder holds shop.tac"),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.arguments.removeprefix(DEB)[:60])
def test_a_mistake_is_told_in_a_line_and_nothing_is_written(case: Case, shop: Shop, tmp_path: Path) -> None:
    """All that is wrong at once, with an advice."""
    done = called(shop, tmp_path, case.arguments)
    assert done.returncode == case.status, done.stderr
    assert "Traceback" not in done.stderr
    for expression in case.error:
        assert re.search(expression, done.stderr), done.stderr
    advice = [line for line in done.stderr.splitlines() if line.startswith("hint: ")]
    assert len(advice) == 1
    assert re.search(case.hint, advice[0]), advice
    assert done.stdout == ""
    assert list(tmp_path.iterdir()) == []


def test_a_module_from_elsewhere_is_a_mistake(shop: Shop, tmp_path: Path) -> None:
    """It works here, and would be missing there."""
    elsewhere = shop.folder.parent / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "stray.py").write_text("")
    app = shop.folder / "straying.tac"
    app.write_text(f"import sys\nsys.path.append({str(elsewhere)!r})\nimport stray\n{APPLICATION}")
    arguments = DEB.replace("shop.tac", "straying.tac") + DECIDED
    done = called(shop, tmp_path, arguments)
    assert done.returncode == 65, done.stderr
    assert re.search(r"elsewhere/stray\.py: the application loads the module stray from here", done.stderr)
    assert list(tmp_path.iterdir()) == []


def test_a_check_that_cannot_be_made_is_refused_before_anything_is(shop: Shop, tmp_path: Path) -> None:
    """Not after minutes, with a package that nobody has looked at."""
    empty = tmp_path / "bin"
    empty.mkdir()
    done = called(shop, tmp_path, f"{DEB} {DECIDED} --check", PATH=str(empty))
    assert done.returncode == 78, done.stderr
    assert "--check needs lintian and mmdebstrap" in done.stderr
    assert "apt-get install lintian mmdebstrap" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["bin"]


def test_a_key_that_is_missing_is_told_before_anything_is_built(shop: Shop, tmp_path: Path) -> None:
    """Whether it is named, or is to be the maintainer's."""
    keys = tmp_path / "keys"
    keys.mkdir(mode=0o700)
    for option in ("--sign", "--sign-key ABCD"):
        done = called(shop, tmp_path, f"{DEB} {DECIDED} {option}", GNUPGHOME=str(keys))
        assert done.returncode == 78, done.stderr
        assert re.search("gpg has no secret key|cannot sign: gpg is not there", done.stderr), done.stderr
        assert "taking what is installed" not in done.stderr
        assert done.stdout == ""


def test_a_package_without_a_runner_depends_on_the_system_s(shop: Shop, tmp_path: Path) -> None:
    """In a version that knows what the units say, and that of a Debian release counts."""
    done = called(shop, tmp_path, f"{DEB} {DECIDED} --system-svcctl --depend redis-server")
    assert done.returncode == 0, done.stderr
    deb = Path(done.stdout.strip())
    depends = field(deb, "Depends").split(", ")
    assert {f"python3-svcctl (>= {svcctl.__version__}~)", "redis-server"} <= set(depends)
    assert not [path for path in listed(deb) if "/svcctl/runtime/" in path or "/sdnotify/" in path]
