"""The command with everything wrong that its users can do: one line of error, one of advice, a status, no trace left.

What needs a systemd that runs is tried in ``tests/systemd/test_bad_input.py``.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

import svcctl
from tests.fakes.machines import picture

LIMIT = 60.0
#: Neither a home nor a folder for temporary files, where no service may have its code, and open to all.
PUBLIC = "/dev/shm"  # noqa: S108 (a folder of random name below it)
HEAD = "from svcctl.application import internet, service\n"
GOOD = f"{HEAD}application = service.Application('NAME')\n"
SERVER = (
    f"{GOOD}internet.TCPServer(PORT, lambda: None, interface='127.0.0.1').setServiceParent(application)\n"
)

#: Files by name. NAME becomes their stem, PORT a port on which this process listens.
FILES = {
    "owner": SERVER.replace("PORT", "8007"),
    "other/owner": SERVER.replace("PORT", "8008"),
    "rival": SERVER.replace("PORT", "8007"),
    "low": SERVER.replace("PORT", "80"),
    "busy": SERVER,
    "twins": f"{SERVER}{SERVER.partition(chr(10))[2].partition(chr(10))[2]}".replace("PORT", "8009"),
    "needy": f"{HEAD}application = service.Application('needy', needs={{'wings': True}})\n",
    "nameless": f"{HEAD}application = service.Application('')\n",
    "several": f"{HEAD}application = service.Application('a', start_timeout=-1, needs={{'network': 5}})\n",
    "unreadable": GOOD,
    "syntax": "application = (\n",
    "raises": "raise RuntimeError('oh dear')\n",
    "escapes": "raise ValueError('\\x1b]0;owned\\x07\\nand more')\n",
    "ends": "import sys\nsys.exit(3)\n",
    "dies": "import os\nos._exit(0)\n",
    "hidden": "class Hidden(BaseException):\n    pass\nraise Hidden('oh dear')\n",
    "imports": "import twisted_of_old\n",
    "nothing": f"{HEAD}server = service.Application('nothing')\n",
    "wrong": "application = 'web'\n",
    "empty": "",
}


class Case(NamedTuple):
    """One mistake and what has to come of it.

    Attributes:
        arguments: Of the command; ``{apps}`` is the folder of the files, ``{root}`` the tree to install below.
        status: Exit status.
        error: Pattern of the line of error.
        hint: Pattern of the line of advice.
        frames: The user's own code is at fault, so its frames come first.
    """

    arguments: str
    status: int
    error: str
    hint: str
    frames: bool = False


MISTAKES = [
    Case("{apps}/missing.tac", 66, r"there is no file '\S+/missing.tac'", "its folder holds"),
    Case("{apps}/no/app.tac", 66, r"there is no file '\S+/no/app.tac'", "its folder .* does not exist"),
    Case("{apps}/folder.tac", 66, "folder.tac' is a folder", "name the .tac file in it"),
    Case("{apps}/pipe.tac", 66, "pipe.tac' is no regular file", "name a .tac file"),
    Case("{apps}/binary.tac", 65, "binary.tac is no Python source", "written in Python"),
    Case("{apps}/syntax.tac", 65, r"syntax.tac, line 1, column 15: '\(' was never closed", "py_compile"),
    Case("{apps}/raises.tac", 65, "raises.tac, line 1: RuntimeError: oh dear", "mend it there", frames=True),
    Case("{apps}/escapes.tac", 65, "line 1: ValueError: .*owned.* and more", "mend it", frames=True),
    Case("{apps}/hidden.tac", 65, "hidden.tac, line 3: Hidden: oh dear", "mend it there", frames=True),
    Case("{apps}/ends.tac", 65, "line 2: it ended the process", "raise an error instead", frames=True),
    Case("{apps}/imports.tac", 65, "line 1: ModuleNotFoundError", "install it for that", frames=True),
    Case("{apps}/nothing.tac", 65, "does not bind 'application'", "application = server"),
    Case("{apps}/wrong.tac", 65, "'application' is of type str, not an App", "application = service.App"),
    Case("{apps}/empty.tac", 65, "empty.tac does not bind 'application'; it binds nothing", "write: app"),
    Case("no_such_module:application", 66, "finds no module 'no_such_module'", "install it"),
    Case("ecko", 64, "ecko", "echo"),
]
LONG = "x" * 300
INSTALL = "install --root {root} "
CASES = [
    *(case._replace(arguments=f"run {case.arguments}") for case in MISTAKES),
    *(case._replace(arguments=f"{INSTALL}{case.arguments}") for case in MISTAKES[:13:2]),
    *(case._replace(arguments=f"describe {case.arguments}") for case in MISTAKES[5:7]),
    *(case._replace(arguments=f"check {case.arguments}") for case in MISTAKES[12:13]),
    Case(INSTALL + "{apps}/unreadable.tac", 66, r"mode 0000\) cannot be read by", "read it"),
    Case(INSTALL + "{apps}/dies.tac", 65, "ended with status 0 and told nothing", "must not end"),
    Case(
        INSTALL + "{apps}/twins.tac",
        65,
        r"'twins/TCPServer\[1\]' listens on 'tcp:8009.*', which 'twins/TCPServer\[0\]' has already",
        "mend these",
    ),
    Case(INSTALL + "{apps}/needy.tac", 65, "needs.wings: is no need", "it knows .*network"),
    Case(INSTALL + "{apps}/nameless.tac", 65, "application.name: expected 1 to", "mend these"),
    Case("describe {apps}/several.tac", 65, "the description of .*several.tac", "mend these"),
    Case(
        "run {apps}/busy.tac",
        69,
        "busy/TCPServer.* failed to bind: .*in use",
        "something listens there already",
    ),
    Case("run --daemonize {apps}/wrong.tac", 65, "'application' is of type str", "log file would say more"),
    Case(INSTALL + "--no-sockets {apps}/low.tac", 65, "ports below 1024", "leave socket activation on"),
    Case(INSTALL + "{apps}/other/owner.tac", 64, "owner is installed already, from .*/owner.tac", "--name"),
    Case(
        INSTALL + "{apps}/rival.tac", 78, "8007 belongs to the installed application owner", "uninstall owner"
    ),
    Case(INSTALL + "--name foreign {apps}/low.tac", 78, "foreign.service already", "another --name"),
    Case(INSTALL + "--name masked {apps}/low.tac", 78, "masked.service already", "another --name"),
    Case(INSTALL + "--name owner-2 {apps}/owner.tac", 78, "belongs to the installed app", "uninstall owner"),
    Case(INSTALL + "--python /no/python {apps}/low.tac", 78, "no interpreter /no/python", "--python"),
    Case(
        INSTALL + "--python {apps} {apps}/low.tac", 78, "the interpreter .* cannot be run", "use one|another"
    ),
    Case(INSTALL + "--python='' {apps}/low.tac", 64, "--python is empty", "leave it out"),
    Case(INSTALL + "{home}/homely.tac", 65, "homely.tac is under a home folder", "--user"),
    Case("install --root {apps}/none {apps}/low.tac", 78, "none is no folder", "--root takes the tree"),
    Case("install --root {apps}/low.tac {apps}/low.tac", 78, "low.tac is no folder", "--root takes"),
    Case("install --root= {apps}/low.tac", 64, "--root is empty", "leave it out"),
    Case("install --root {open} {apps}/low.tac", 77, "can be written by other users", "chmod go-w"),
    Case("install --root {blind} {apps}/low.tac", 78, "/var is a link to /nowhere", "make /nowhere"),
    Case(INSTALL + "--user {apps}/low.tac", 64, "--user and --root do not go together", "leave one"),
    Case(INSTALL + "--now {apps}/low.tac", 64, "--now cannot start anything below --root", "--enable"),
    Case(INSTALL + "--instances --enable {apps}/low.tac", 64, "a template is neither enabled", "@INSTANCE"),
    Case("install --no-such-option", 64, "No such option", "install --help"),
    *(
        Case(f"{INSTALL}--name {name} {{apps}}/low.tac", 64, "service name .* cannot be used", "use --name")
        for name in ("'a\nb'", "a/b", "100%", "..", "''", LONG)
    ),
    *(
        Case(f"{command} --root {{root}} {name}", 64, "service name .* cannot be used", "svcctl list")
        for command, name in (
            ("status", "'a\nb'"),
            ("uninstall", "../x"),
            ("diff", "../x"),
        )
    ),
    Case("status --root {root} owned", 64, "no application named owned is installed", "did you mean owner"),
    Case("uninstall --purge --root {root} owned", 64, "no application named owned", "did you mean owner"),
    Case("start no-such-service-anywhere", 64, "no application named no-such", "svcctl list"),
    Case("explain no-such-service-anywhere", 64, "no application named no-such", "svcctl list"),
    Case("enable --root {root} owner@1", 64, "owner was installed without --instances", "leave @1 out"),
    *(
        Case(
            f"{command} --root {{root}} damaged", 78, "damaged.json is damaged", "if a newer svcctl wrote it"
        )
        for command in ("status", "uninstall", "diff")
    ),
    Case("list --root {root}", 78, "damaged.json is damaged", "svcctl status NAME"),
]
#: As a user who is not root, with no systemd of one's own.
FORBIDDEN = [
    Case("install {apps}/low.tac", 77, "only root can change the services", "use sudo, or --user"),
    Case("install --user {apps}/low.tac", 78, "no systemd manages services for this user", "svcctl run"),
]


class Place(NamedTuple):
    """What the cases are tried on.

    Attributes:
        apps: Folder of the files.
        home: A folder below a home.
        python: An interpreter that everybody may run, for describing the files.
        tree: A tree with an application installed below it; to be copied.
    """

    apps: Path
    home: Path
    python: str
    tree: Path


def python_for_all() -> str:
    """Return an interpreter that is new enough and, where there is one, outside of all homes."""
    for python in ("/usr/bin/python3", "/usr/local/bin/python3"):
        check = [python, "-c", "import sys; sys.exit(sys.version_info < (3, 11))"]
        if Path(python).exists() and subprocess.run(check, check=False).returncode == 0:
            return python
    return sys.executable


def command(place: Place, arguments: Sequence[str]) -> list[str]:
    """Return the command, told to describe applications with an interpreter that everybody may run."""
    options = []
    if arguments[0] in {"install", "check", "describe"}:
        options = ["--env", f"PYTHONPATH={place.apps / 'code'}"]
        if not any(argument.startswith("--python") for argument in arguments):
            options += ["--python", place.python]
    return [sys.executable, "-m", "svcctl", *arguments, *options]


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """Make a folder below a home: root's own is closed to the user that describes applications."""
    with tempfile.TemporaryDirectory(dir="/home" if os.geteuid() == 0 else Path.home()) as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture(scope="module")
def place(home: Path) -> Iterator[Place]:
    """Make the files, and a tree with one application installed."""
    with (
        tempfile.TemporaryDirectory(dir=PUBLIC) as name,
        socket.create_server(("127.0.0.1", 0)) as server,
    ):
        apps = Path(name)
        apps.chmod(0o755)
        shutil.copytree(
            Path(svcctl.__file__).parent, apps / "code/svcctl", ignore=shutil.ignore_patterns("__pycache__")
        )
        python = python_for_all()
        subprocess.run([python, "-m", "compileall", "-qq", apps / "code"], check=True, timeout=LIMIT)
        (apps / "other").mkdir()
        for stem, text in FILES.items():
            filled = text.replace("NAME", stem.rpartition("/")[2]).replace(
                "PORT", str(server.getsockname()[1])
            )
            (apps / f"{stem}.tac").write_text(filled)
        (apps / "binary.tac").write_bytes(b"\x7fELF\x02\x01\x01\0\0\0")
        (apps / "folder.tac").mkdir()
        os.mkfifo(apps / "pipe.tac")
        (apps / "unreadable.tac").chmod(0)
        (home / "homely.tac").write_text(GOOD)
        made = Place(apps, home, python, apps / "tree")
        fill(made)
        yield made


def fill(place: Place) -> None:
    """Install an application below the tree, and put other people's and damaged things beside it."""
    units = place.tree / "etc/systemd/system"
    units.mkdir(parents=True)
    (units / "foreign.service").write_text("[Service]\n")
    (units / "masked.service").symlink_to("/dev/null")
    owner = ["install", "--root", str(place.tree), str(place.apps / "owner.tac")]
    done = subprocess.run(command(place, owner), check=False, capture_output=True, text=True, timeout=LIMIT)
    assert done.returncode == 0, done.stderr
    (place.tree / "var/lib/svcctl/receipts/damaged.json").write_text('{"schema":99}')


@pytest.fixture
def folders(place: Place, tmp_path: Path) -> dict[str, Path]:
    """Give the folders that the arguments name: trees to install below, among them unusable ones."""
    root = shutil.copytree(place.tree, tmp_path / "root", symlinks=True)
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    (tmp_path / "blind").mkdir()
    (tmp_path / "blind/var").symlink_to("/nowhere")
    return {
        "apps": place.apps,
        "home": place.home,
        "root": root,
        "open": tmp_path / "open",
        "blind": tmp_path / "blind",
    }


def tried(
    case: Case, place: Place, folders: dict[str, Path], become: Sequence[str] = (), **environ: str
) -> list[str]:
    """Run a case's command and return what it says on stderr, once all that holds for every case was checked."""
    before = {name: picture(folder) for name, folder in folders.items() if name not in {"apps", "home"}}
    filled = case.arguments.format(**folders)
    arguments = [quoted or plain for quoted, plain in re.findall(r"(\S*'[^']*')|(\S+)", filled)]
    done = subprocess.run(
        [*become, *command(place, [argument.replace("'", "") for argument in arguments])],
        check=False,
        cwd=folders["root"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LIMIT,
        env={**os.environ, **environ},
    )
    lines = done.stderr.splitlines()
    assert done.returncode == case.status, done.stderr
    assert ("Traceback" in done.stderr) == case.frames
    for ours in (Path(svcctl.__file__).parent, place.apps / "code"):
        assert str(ours) not in done.stderr
    assert "loading/" not in done.stderr
    assert "\x1b" not in done.stderr
    assert {name: picture(folders[name]) for name in before} == before
    return lines


def assert_told(case: Case, lines: list[str]) -> None:
    """Check that there is one line of error and one of advice, and that these are the ones."""
    errors = [line for line in lines if line.startswith("svcctl: ") or " error   svcctl." in line]
    hints = [line for line in lines if line.startswith("hint: ")]
    assert len(errors) == len(hints) == 1, lines
    assert re.search(case.error, errors[0])
    assert re.search(case.hint, hints[0])


@pytest.mark.parametrize("case", CASES, ids=[f"{case.arguments[:60]}" for case in CASES])
def test_a_mistake_is_one_line_with_a_hint_and_leaves_no_trace(
    case: Case, place: Place, folders: dict[str, Path]
) -> None:
    """With the status of the table; no frame of svcctl's own is ever shown."""
    assert_told(case, tried(case, place, folders))


@pytest.mark.parametrize("case", FORBIDDEN, ids=[case.arguments for case in FORBIDDEN])
def test_who_may_not_install_is_told_how(case: Case, place: Place, folders: dict[str, Path]) -> None:
    """Root is made somebody else, who can still read the interpreter of the tests wherever it is."""
    become = []
    if os.geteuid() == 0:
        rights = ["--inh-caps=+dac_override", "--ambient-caps=+dac_override"]
        become = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *rights]
    home = {"HOME": str(folders["root"]), "XDG_RUNTIME_DIR": "/nonexistent"}
    assert_told(case, tried(case, place, folders, become, **home))
