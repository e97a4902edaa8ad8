from __future__ import annotations

import os
import pwd
from pathlib import Path

import pytest

from svcctl.errors import CommandError
from svcctl.host import commands


def test_a_tool_is_run_with_what_it_said_returned() -> None:
    """Both streams and the status."""
    done = commands.run(("/bin/sh", "-c", "echo out; echo err >&2; exit 3"), accept=(3,))
    assert done == (3, "out\n", "err\n")


def test_arguments_are_never_read_by_a_shell() -> None:
    """What looks like one arrives as it is."""
    text = "$(id) `id` ; | & ' \" \\ *\n"
    assert commands.run(("/usr/bin/printf", "%s", text)).stdout == text


def test_another_status_is_an_error_with_what_was_said() -> None:
    """Its command, its status, its last words."""
    with pytest.raises(CommandError, match="ended with status 4: broken") as caught:
        commands.run(("/bin/sh", "-c", "echo broken >&2; exit 4"))
    assert caught.value.status == 4


def test_a_missing_tool_is_an_error() -> None:
    """It did not run at all."""
    with pytest.raises(CommandError, match="did not run: No such file"):
        commands.run(("no-such-tool-anywhere",))
    assert not commands.available("no-such-tool-anywhere")


def test_a_tool_without_an_end_is_killed() -> None:
    """And the limit is named."""
    with pytest.raises(CommandError, match=r"no end within 0\.1 s"):
        commands.run(("/bin/sleep", "60"), time_limit=0.1)


def test_only_what_a_tool_needs_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """The locale is fixed, so that messages can be read."""
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    monkeypatch.setenv("PYTHONPATH", "/evil")
    monkeypatch.setenv("SYSTEMD_LOG_LEVEL", "debug")
    said = commands.run(("/usr/bin/env",)).stdout.splitlines()
    assert "LC_ALL=C.UTF-8" in said
    assert not [line for line in said if line.startswith(("PYTHONPATH", "SYSTEMD"))]


def test_bytes_that_are_no_text_do_not_hurt() -> None:
    """They are escaped."""
    assert commands.run(("/usr/bin/printf", r"\377")).stdout == r"\xff"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_a_tool_runs_as_another_user_without_groups_of_root(tmp_path: Path) -> None:
    """User, group and no further groups."""
    assert tmp_path.exists()
    nobody = pwd.getpwnam("nobody")
    said = commands.run(("/bin/sh", "-c", "id -u; id -G"), user="nobody").stdout.split()
    assert said == [str(nobody.pw_uid), str(nobody.pw_gid)]


def test_the_lines_of_a_tool_come_while_it_runs() -> None:
    """It is ended when nobody wants more."""
    found = commands.lines(("/bin/sh", "-c", "echo $$; echo two; exec sleep 1000"))
    pid = int(next(found))
    assert next(found) == "two"
    found.close()  # type: ignore[attr-defined]  # it is a generator
    assert not Path(f"/proc/{pid}").exists()


def test_a_tool_that_fails_after_its_lines_is_an_error_after_them() -> None:
    """With what it said, however much that was."""
    found = commands.lines(("/bin/sh", "-c", "echo one; head -c 300000 /dev/zero | tr '\\0' x >&2; exit 4"))
    assert next(found) == "one"
    with pytest.raises(CommandError, match=r"ended with status 4: x{2000}$"):
        next(found)


def test_lines_of_both_kinds_come_in_their_order() -> None:
    """Where that is asked for; they are not told twice when the tool fails."""
    script = 'echo one; echo "$KIND" >&2; echo three; exit 4'
    found = commands.lines(("/bin/sh", "-c", script), merged=True, variables={"KIND": "two"})
    assert [next(found) for _ in range(3)] == ["one", "two", "three"]
    with pytest.raises(CommandError, match=r"ended with status 4$"):
        next(found)


def test_further_variables_win(monkeypatch: pytest.MonkeyPatch) -> None:
    """Over those that are passed on."""
    monkeypatch.setenv("HOME", "/root")
    said = commands.run(["env"], variables={"HOME": "/nowhere", "PIP_NO_INDEX": "1"}).stdout.split("\n")
    assert {"HOME=/nowhere", "PIP_NO_INDEX=1", "LC_ALL=C.UTF-8"} <= set(said)
