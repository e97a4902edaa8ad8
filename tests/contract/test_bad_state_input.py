"""What can be wrong with state, plug-ins and the options of a run: one clear line, one of advice, the status, nothing lost.

Everything goes through the command as people type it. What is wrong with applications is in ``test_bad_input.py``.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.contract.networks import needs_root, tool
from tests.fakes.machines import picture

LIMIT = 60.0
SECRET = "correct horse"  # noqa: S105 (of a test)

#: What the saved applications are made from.
CODE = """
from svcctl.application.service import Application, Service
class Till(Service):
    keys = 7
def make():
    application = Application("shop")
    Till().setServiceParent(application)
    return application
"""
MAKE = """
import shop
from svcctl.application.service import IProcess
for name in ("shop", "other"):
    shop.make().save(filename=f"{name}.tap")
shop.make().save(filename="sealed.etap", passphrase="SECRET")
stranger = shop.make()
IProcess(stranger).uid = "no-such-user"
stranger.save(filename="stranger.tap")
""".replace("SECRET", SECRET)


class Case(NamedTuple):
    """One mistake and what has to come of it.

    Attributes:
        line: Arguments of the command.
        status: Exit status.
        error: Pattern of the line of error.
        hint: Pattern of the line of advice.
    """

    line: str
    status: int
    error: str
    hint: str


CASES = [
    # A wrong passphrase, or none.
    *(
        Case(line, 65, "that is not the passphrase of .*sealed.etap", "encrypted with|log file")
        for line in (
            "run --passphrase env:WRONG sealed.etap",
            "run -n --no-save --passphrase env:WRONG -f sealed.etap",
            "run --daemonize --passphrase env:WRONG sealed.etap",
            "make --append sealed.etap --passphrase env:WRONG echo",
            "convert -d --passphrase env:WRONG --out plain.tap --in sealed.etap",
        )
    ),
    Case("run sealed.etap", 64, "no terminal to ask for the passphrase", "env:NAME"),
    Case("run --passphrase env:NOWHERE sealed.etap", 64, "no variable NOWHERE", "set NOWHERE"),
    Case("run --passphrase env:WRONG shop.tap", 64, "shop.tap is not encrypted", "passphrase"),
    Case("run --encrypted shop.tac", 64, "shop.tac is no saved application", "leave --encrypted"),
    Case("run sealed.etac", 65, "sealed.etac is an encrypted .tac file", "convert -e"),
    # A file that ends early.
    *(
        Case(f"{command} cut.tap", 65, "cut.tap.*(damaged|truncated)", ".")
        for command in ("run", "run --file", "run --daemonize", "convert --in")
    ),
    Case("make --append cut.tap echo", 65, "cut.tap.*(damaged|truncated)", "."),
    Case("run empty.tap", 65, "empty.tap", "."),
    # A class that is gone.
    Case("run gone.tap", 65, "gone.tap.*Till", "."),
    Case("run --daemonize gone.tap", 65, "gone.tap.*Till", "."),
    Case("run modules.tap", 65, "modules.tap.*no module modulescode", "bring that code back or .*PYTHONPATH"),
    # An unknown option.
    Case("run --no-such-option shop.tap", 64, "No such option", "run --help"),
    Case("make --no-such-option echo", 64, "No such option", "make --help"),
    *(
        Case(f"{command} echo --prot=tcp:0", 64, "there is no option --prot", "--port")
        for command in ("run", "run --daemonize", "make", "twistd -n")
    ),
    Case("twistd --no-such-option", 64, "no-such-option", "twistd --help"),
    # A value that does not coerce.
    *(
        Case(f"{command} web --path . --threads many", 64, "--threads: 'many' is not a whole number", ".")
        for command in ("run", "run --daemonize", "make")
    ),
    Case("run echo --port=tcp:many", 64, "tcp:many.*expected a port", "."),
    Case("run --umask 9 shop.tap", 64, "--umask '9' is no octal number", "027"),
    Case("run --checkpoint soon shop.tap", 64, "--checkpoint 'soon' is no number", "300"),
    Case("run --log-rotate hourly --logfile log shop.tap", 64, "hourly.*no number of bytes", "."),
    Case("stop --timeout soon shop.pid", 64, "Invalid value for '--timeout'", "stop --help"),
    # A user that does not exist.
    Case("run --uid no-such-user shop.tap", 78, "there is no user 'no-such-user'", "."),
    Case("run --daemonize --gid no-such-group shop.tap", 78, "there is no group 'no-such-group'", "."),
    Case("run stranger.tap", 78, "there is no user 'no-such-user'", "."),
    Case("twistd -u no-such-user -f shop.tap", 78, "there is no user 'no-such-user'", "."),
    # A log that cannot be written.
    *(
        Case(f"{command} --logfile none/log shop.tap", 78, "log file .*none/log: No such file", "folder")
        for command in ("run", "run --daemonize", "run --log-rotate daily")
    ),
    Case("run --logfile tree shop.tap", 78, "log file .*tree: Is a directory", "."),
    Case("run --logger no.such.logger shop.tap", 64, "no.such.logger", "."),
    # A pid file of somebody else.
    Case("run --pidfile foreign.pid shop.tap", 78, "foreign.pid belongs to process .* is running", "."),
    Case("run --daemonize --pidfile foreign.pid shop.tap", 78, "foreign.pid belongs to process", "."),
    Case("run --pidfile words.pid shop.tap", 78, "words.pid is there and holds no process id", "remove it"),
    Case("stop foreign.pid", 65, "foreign.pid was not written by svcctl", "ps "),
    Case("kill words.pid", 65, "words.pid holds no process id", "."),
    Case("stop missing.pid", 66, "there is no pid file missing.pid", "."),
]
#: What only root can prepare.
ROOTS = [
    Case("run --pidfile theirs.pid shop.tap", 77, "theirs.pid belongs to another user", "."),
    Case("run --daemonize --pidfile theirs.pid shop.tap", 77, "theirs.pid belongs to another user", "."),
    Case("run --logfile theirs.log shop.tap", 77, "theirs.log .*another user", "."),
    Case("run theirs.tap", 65, "theirs.tap.*user", "."),
]
#: As a user who may read everything and write nothing.
FORBIDDEN = [
    Case("run --no-save --logfile log shop.tac", 77, "log file .*/log: Permission denied", "folder"),
    Case("run --daemonize --no-save --logfile log shop.tac", 77, "log file log: Permission denied", "folder"),
    Case("run --no-save --pidfile new.pid shop.tac", 77, "new.pid.*cannot be made: Permission denied", "."),
    Case("make echo", 77, "echo.tap: Permission denied", "."),
    Case("run --no-save --uid root shop.tac", 77, "only root can", "."),
]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with all that the cases name, and a key for its state."""
    folder = tmp_path_factory.mktemp("made")
    environ = environment(folder)
    (folder / "shop.py").write_text(CODE)
    (folder / "shop.tac").write_text("import shop\napplication = shop.make()\n")
    subprocess.run([sys.executable, "-c", MAKE], cwd=folder, env=environ, check=True, timeout=LIMIT)
    whole = (folder / "shop.tap").read_bytes()
    (folder / "cut.tap").write_bytes(whole[: len(whole) * 2 // 3])
    (folder / "empty.tap").touch()
    (folder / "sealed.etac").write_bytes(b"\x8f\x00\xff")
    (folder / "foreign.pid").write_text(f"{os.getpid()}\n")
    (folder / "words.pid").write_text("keep me\n")
    for name in ("gone", "modules"):
        (folder / f"{name}code.py").write_text(CODE)
        program = f"import {name}code; {name}code.make().save(filename='{name}.tap')"
        subprocess.run([sys.executable, "-c", program], cwd=folder, env=environ, check=True, timeout=LIMIT)
    (folder / "gonecode.py").write_text("")
    (folder / "modulescode.py").unlink()
    shutil.rmtree(folder / "__pycache__", ignore_errors=True)
    (folder / "tree").mkdir()
    return folder


def environment(folder: Path) -> dict[str, str]:
    """Return the variables of the commands: code and state are in the folder."""
    own = {"PYTHONPATH": str(folder), "STATE_DIRECTORY": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    return {**os.environ, **own, "WRONG": "battery staple"}


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """Return a copy of it."""
    return shutil.copytree(made, tmp_path / "copy", symlinks=True)


def tried(case: Case, folder: Path, become: tuple[str, ...] = ()) -> None:
    """Give a case's command, and check all that has to come of it."""
    before = picture(folder)
    done = subprocess.run(
        [*become, sys.executable, "-P", "-m", "svcctl", *shlex.split(case.line)],
        cwd=folder,
        env=environment(folder),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=LIMIT,
        start_new_session=True,  # so that nobody is asked at the terminal of the tests
    )
    said = done.stdout + done.stderr
    lines = said.splitlines()
    errors = [line for line in lines if line.startswith("svcctl: ") or " error   svcctl." in line]
    hints = [line for line in lines if line.startswith("hint: ")]
    assert done.returncode == case.status, said
    assert len(errors) == len(hints) == 1, said
    assert re.search(case.error, errors[0]), said
    assert re.search(case.hint, hints[0]), said
    assert "Traceback" not in said
    assert SECRET not in said
    assert "battery staple" not in said
    assert picture(folder) == before


@pytest.mark.parametrize("case", CASES, ids=[case.line for case in CASES])
def test_a_mistake_is_one_line_with_a_hint_and_nothing_is_lost(case: Case, folder: Path) -> None:
    """With the status of the table; whatever was there is there as it was."""
    tried(case, folder)


@needs_root
@pytest.mark.parametrize("case", ROOTS, ids=[case.line for case in ROOTS])
def test_what_is_somebody_elses_is_refused(case: Case, folder: Path) -> None:
    """Root trusts nobody."""
    for name in ("theirs.pid", "theirs.log"):
        (folder / name).touch()
    shutil.copy(folder / "shop.tap", folder / "theirs.tap")
    for name in ("theirs.pid", "theirs.log", "theirs.tap"):
        os.chown(folder / name, 65534, 65534)
    tried(case, folder)


@needs_root
@pytest.mark.parametrize("case", FORBIDDEN, ids=[case.line for case in FORBIDDEN])
def test_what_may_not_be_written_is_told(case: Case, folder: Path) -> None:
    """Root is made somebody else, who can still read the interpreter of the tests wherever it is."""
    rights = ("--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search")
    tried(case, folder, (tool("setpriv"), "--reuid=65534", "--regid=65534", "--clear-groups", *rights))
