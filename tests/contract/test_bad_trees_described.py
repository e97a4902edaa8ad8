"""``check`` and ``describe`` on trees with mistakes: they refuse what the runner refuses."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import svcctl
from svcctl.errors import EX_DATAERR
from tests.contract.bad_trees import ORDERS, REST, WRITTEN, Case, assert_told
from tests.contract.running import HEAD
from tests.contract.test_bad_input import PUBLIC, python_for_all

LIMIT = 60.0


@pytest.fixture(scope="module")
def public() -> Iterator[Path]:
    """Give a folder that everybody may read, with svcctl in it: a description is made by somebody unprivileged."""
    with tempfile.TemporaryDirectory(dir=PUBLIC) as name:
        folder = Path(name)
        folder.chmod(0o755)
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(Path(svcctl.__file__).parent, folder / "code/svcctl", ignore=ignored)
        compiling = [python_for_all(), "-m", "compileall", "-qq", str(folder / "code")]
        subprocess.run(compiling, check=True, timeout=LIMIT)
        yield folder


def asked(public: Path, command: str, text: str) -> subprocess.CompletedProcess[str]:
    """Run ``check`` or ``describe`` on a .tac file of this text."""
    file = public / "shop.tac"
    file.write_text(f"{HEAD}{REST}{text}\n")
    options = ["--env", f"PYTHONPATH={public / 'code'}", "--python", python_for_all()]
    return subprocess.run(
        [sys.executable, "-m", "svcctl", command, *options, str(file)],
        check=False,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LIMIT,
    )


@pytest.mark.parametrize("command", ["check", "describe"])
@pytest.mark.parametrize("case", WRITTEN[::4], ids=lambda case: case.name)
def test_check_and_describe_refuse_what_the_runner_refuses(case: Case, command: str, public: Path) -> None:
    """With the same line, and without starting anything."""
    done = asked(public, command, case.text)
    assert done.returncode == case.status, done.stderr
    assert_told(case, done.stderr)
    assert not (public / "notes").exists()


@pytest.mark.parametrize("command", ["check", "describe"])
@pytest.mark.parametrize(("name", "text", "error"), ORDERS, ids=[name for name, _, _ in ORDERS])
def test_check_and_describe_find_an_order_that_cannot_be_kept(
    name: str, text: str, error: str, command: str, public: Path
) -> None:
    """As the runner does, so that nobody installs it."""
    done = asked(public, command, text)
    assert done.returncode == EX_DATAERR, name
    case = Case(name, text, EX_DATAERR, re.escape(error), "mend these in the application", "shop/a")
    assert_told(case, done.stderr)
