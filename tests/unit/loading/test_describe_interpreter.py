from __future__ import annotations

import os
import pwd
import subprocess
import sys
from pathlib import Path

import pytest

from svcctl.errors import (
    ApplicationNotFoundError,
    ConfigurationError,
    PermissionDeniedError,
    SvcctlError,
    UsageError,
)
from svcctl.loading.describe import describe

HEAD = "from svcctl.application import service\napplication = service.Application('echo')\n"
LIMIT = 60.0


def write(folder: Path, source: str, name: str = "app.tac") -> str:
    """Write a file and return its path."""
    file = folder / name
    file.write_text(source, encoding="utf-8")
    return str(file)


def attempt(path: str, python: str, user: str | None = None) -> SvcctlError:
    """Return the error that an interpreter or a user leads to."""
    with pytest.raises(SvcctlError) as caught:
        describe(path, python=python, user=user, environment={}, time_limit=LIMIT)
    assert "\n" not in str(caught.value) + caught.value.hint
    assert caught.value.hint
    return caught.value


def test_an_interpreter_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    """Missing, no program, no Python, without svcctl, too old: each is one line with a hint."""
    path = write(tmp_path, HEAD)
    text = Path(write(tmp_path, "no program", "text"))
    bare = tmp_path / "bare"
    bare.write_text(f'#!/bin/sh\nexec {sys.executable} -I -S "$@"\n')
    old = tmp_path / "old"
    old.write_text("#!/bin/sh\necho 'Unknown option: -P' >&2\nexit 2\n")
    for file in (bare, old):
        file.chmod(0o755)
    assert isinstance(attempt(path, "python3"), UsageError)
    missing = attempt(path, str(tmp_path / "none"))
    assert isinstance(missing, ConfigurationError)
    assert "there is no interpreter" in str(missing)
    assert "cannot be run" in str(attempt(path, str(text)))
    assert "cannot be run" in str(attempt(path, str(tmp_path)))
    without = attempt(path, str(bare))
    assert isinstance(without, ConfigurationError)
    assert f"run: {bare} -m pip install svcctl" in without.hint
    assert "older than Python 3.11" in str(attempt(path, str(old)))
    assert "ended with status 1" in str(attempt(path, "/bin/false"))


def test_an_unknown_user_is_told(tmp_path: Path) -> None:
    """Before anything is executed."""
    error = attempt(write(tmp_path, HEAD), sys.executable, "no-such-user")
    assert isinstance(error, ConfigurationError)
    assert "no-such-user" in str(error)


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


@needs_root
def test_the_application_runs_as_the_user_without_any_group(public: Path, python_of_all: str) -> None:
    """Root's rights are gone before the first line of the file."""
    source = (
        HEAD + "import os\napplication.description = f'{os.getresuid()} {os.getresgid()} {os.getgroups()}'\n"
    )
    told_of = describe(
        write(public, source),
        python=python_of_all,
        user="nobody",
        environment={"PYTHONPATH": str(public)},
        time_limit=LIMIT,
    )
    nobody = pwd.getpwnam("nobody").pw_uid
    assert told_of.manifest.application.description == f"{(nobody,) * 3} {(nobody,) * 3} []"


@needs_root
def test_a_file_that_the_user_may_not_read_says_so(public: Path, python_of_all: str) -> None:
    """With its owner and mode."""
    path = write(public, HEAD)
    Path(path).chmod(0o600)
    with pytest.raises(ApplicationNotFoundError, match=r"mode 0600\) cannot be read by the user nobody"):
        describe(
            path,
            python=python_of_all,
            user="nobody",
            environment={"PYTHONPATH": str(public)},
            time_limit=LIMIT,
        )


@needs_root
def test_an_interpreter_that_the_user_may_not_run_says_so(public: Path) -> None:
    """As in a home folder of root's."""
    closed = public / "closed"
    closed.mkdir(0o700)
    (closed / "python").symlink_to(sys.executable)
    error = attempt(write(public, HEAD), str(closed / "python"), "nobody")
    assert isinstance(error, ConfigurationError)
    assert "cannot be run by the user nobody" in str(error)


@needs_root
def test_only_root_may_become_another_user(public: Path, python_of_all: str) -> None:
    """Others are told so; nobody as nobody is no change."""
    path = write(public, HEAD)
    script = (
        "import sys; from svcctl.loading.describe import describe\n"
        "for user in ('nobody', 'root'):\n"
        "    try: print(describe(sys.argv[1], python=sys.executable, user=user, time_limit=60,"
        " environment={'PYTHONPATH': sys.argv[2]}).manifest.application.name)\n"
        "    except Exception as error: print(type(error).__name__)"
    )
    done = subprocess.run(
        [python_of_all, "-c", script, path, str(public)],
        user="nobody",
        group="nogroup",
        extra_groups=[],
        env={"PYTHONPATH": str(public)},
        cwd="/",
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["echo", PermissionDeniedError.__name__]


def test_the_application_s_own_modules_are_told(tmp_path: Path) -> None:
    """By their real paths; neither Python's, nor installed ones, nor those that are only half loaded."""
    (tmp_path / "real").mkdir()
    for name in ("shop", "space/inner", "real/linked"):
        file = tmp_path / f"{name}.py"
        file.parent.mkdir(exist_ok=True)
        file.write_text("import json.tool\n")
    (tmp_path / "linked.py").symlink_to("real/linked.py")
    source = (
        "import sys, hypothesis, multiprocessing, shop, space.inner, linked\n"  # the third names the main module anew
        "sys.modules['odd'] = None\nsys.modules['odder'] = 3\n"
    )
    told_of = describe(
        write(tmp_path, source + HEAD), python=sys.executable, user=None, environment={}, time_limit=LIMIT
    )
    assert [tuple(module) for module in told_of.modules] == [
        ("linked", str(tmp_path / "real/linked.py")),
        ("shop", str(tmp_path / "shop.py")),
        ("space.inner", str(tmp_path / "space/inner.py")),
    ]
