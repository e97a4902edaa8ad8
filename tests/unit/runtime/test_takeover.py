"""What a package's postinst asks for: a new process in the sandbox of the old one, if that is what the units want."""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

import svcctl
from svcctl.runtime import takeover

UNIT = """[Service]
# Made from this.
ExecStart=/usr/lib/echo/bin/python3 -P -m svcctl.runtime --installed 00aa-11bb /usr/share/echo/echo.tac
"""
START = 1_790_000_000.5
SHOWN = "Mon 2026-09-21 14:13:20.500000 UTC"


class System:
    """Files of a package's service on a system of the test's own, and what systemd says of it.

    Attributes:
        root: The system.
        before: The files as the version before had them.
        shown: What systemd says.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.before = root / "before"
        self.put("units/system/echo.service", UNIT, START + 5)
        self.put("before/system/echo.service", UNIT, START - 5)
        self.shown = {
            "LoadState": ["loaded"],
            "ActiveState": ["active"],
            "NeedDaemonReload": ["no"],
            "FragmentPath": [str(root / "units/system/echo.service")],
            "DropInPaths": [""],
            "EnvironmentFiles": [f"{root}/default/echo (ignore_errors=yes)"],
            "ExecMainStartTimestamp": [SHOWN],
            "RuntimeDirectory": ["svcctl/echo other"],
        }

    def put(self, path: str, text: str, written: float) -> Path:
        """Write a file as old as it is to be."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        os.utime(file, (written, written))
        return file

    def obstacle(self) -> str:
        """Return why no process could take over, without the folder of the test."""
        return takeover.obstacle("echo.service", self.before, self.shown).replace(f"{self.root}/", "")


@pytest.fixture
def system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> System:
    """Return a system whose new version has the units of the old one."""
    monkeypatch.setattr(takeover, "_UNITS", tmp_path / "units/system")
    monkeypatch.setattr(takeover, "_VARIABLES", tmp_path / "default")
    return System(tmp_path)


def test_what_the_unit_was_made_from_and_comments_are_no_obstacle(system: System) -> None:
    """The digest of the file is another one in each version."""
    new = UNIT.replace("00aa", "22cc").replace("this", "that")
    system.put("units/system/echo.service", new, START + 5)
    assert system.obstacle() == ""
    system.put("units/system/echo.service", UNIT.replace("11bb", "22cc"), START + 5)
    assert system.obstacle() == "its unit has changed"


def test_a_unit_that_the_process_was_not_started_with_is_an_obstacle(system: System) -> None:
    """Such as one that came while the system's policy allowed no restart, or the administrator's own."""
    system.put("before/system/echo.service", UNIT, START + 1)
    assert system.obstacle() == "units/system/echo.service has changed since it was started"
    (system.before / "system/echo.service").unlink()
    assert system.obstacle() == "its unit has changed"
    system.shown["FragmentPath"] = ["/etc/systemd/system/echo.service"]
    assert system.obstacle() == "its unit is /etc/systemd/system/echo.service"


@pytest.mark.parametrize(
    ("name", "value", "obstacle"),
    [
        ("NeedDaemonReload", "yes", "systemd has not read its unit again"),
        ("ExecMainStartTimestamp", "n/a", "units/system/echo.service has changed since it was started"),
        ("ExecMainStartTimestamp", "", "units/system/echo.service has changed since it was started"),
    ],
)
def test_what_systemd_does_not_know_is_an_obstacle(
    system: System, name: str, value: str, obstacle: str
) -> None:
    """A restart is never wrong."""
    system.shown[name] = [value]
    assert system.obstacle() == obstacle


def test_changed_variables_are_an_obstacle(system: System) -> None:
    """By the new version, or by the administrator since the process was started."""
    changed = "default/echo has changed since it was started"
    system.put("default/echo", "A=1\n", START - 5)
    assert system.obstacle() == changed
    system.put("before/default/echo", "A=1\n", START - 5)
    assert system.obstacle() == ""
    system.put("before/default/echo", "A=1\n", START + 1)
    assert system.obstacle() == changed
    system.put("before/default/echo", "A=0\n", START - 5)
    assert system.obstacle() == changed


def test_what_the_administrator_has_added_is_an_obstacle_if_it_is_younger(system: System) -> None:
    """Drop-ins, and files of variables elsewhere."""
    drop_in = system.put("drop/limits.conf", "", START - 5)
    more = system.put("more", "", START - 5)
    system.shown["DropInPaths"] = [str(drop_in)]
    system.shown["EnvironmentFiles"].append(f"{more} (ignore_errors=no)")
    assert system.obstacle() == ""
    os.utime(more, (START, START))
    assert system.obstacle() == "more has changed since it was started"
    os.utime(more, (START - 5, START - 5))
    os.utime(drop_in, (START + 1, START + 1))
    assert system.obstacle() == "drop/limits.conf has changed since it was started"


@contextmanager
def answering(folder: Path, *answers: Mapping[str, object]) -> Iterator[list[str]]:
    """Answer calls on a control socket, one connection each; gives the methods that were called."""
    asked: list[str] = []

    def serve() -> None:
        for answer in answers:
            connection, _ = listener.accept()
            with connection:
                asked.append(json.loads(connection.recv(1000).rstrip(b"\0"))["method"])
                connection.sendall(json.dumps(answer).encode() + b"\0")

    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / "control"))
        listener.listen()
        thread = threading.Thread(target=serve)
        thread.start()
        yield asked
        thread.join(20)


def ours(version: str = svcctl.__version__) -> dict[str, object]:
    """Return what an application says of itself."""
    return {"parameters": {"version": version}}


def test_an_application_on_the_same_svcctl_is_asked(tmp_path: Path) -> None:
    """The answer comes when the new process is the main process."""
    with answering(tmp_path, ours(), {"parameters": {"pid": 7}}) as asked:
        assert takeover.take_over(str(tmp_path / "control")) == ""
    assert asked == ["org.varlink.service.GetInfo", "io.svcctl.Control.Upgrade"]


def test_an_application_on_another_svcctl_is_not_asked(tmp_path: Path) -> None:
    """It would load parts of the new one."""
    with answering(tmp_path, ours("0.0.1")) as asked:
        assert takeover.take_over(str(tmp_path / "control")) == "it runs on svcctl 0.0.1"
    assert asked == ["org.varlink.service.GetInfo"]


def test_a_new_process_that_fails_is_told_with_its_reason(tmp_path: Path) -> None:
    """A restart follows, and is told if that fails, too."""
    failed = {"error": "io.svcctl.Control.Failed", "parameters": {"path": "echo", "reason": "no database"}}
    with answering(tmp_path, ours(), failed):
        assert takeover.take_over(str(tmp_path / "control")) == "no database"


def test_an_application_that_cannot_be_asked_is_told(tmp_path: Path) -> None:
    """It has no control socket, or answers nonsense."""
    assert takeover.take_over(str(tmp_path / "control")) == "it cannot be asked: No such file or directory"
    with answering(tmp_path, {"parameters": {}}):
        assert takeover.take_over(str(tmp_path / "control")) == "it runs on svcctl None"


@pytest.mark.parametrize(("status", "allowed"), [(0, True), (104, True), (101, False), (1, False)])
def test_the_policy_of_the_system_is_asked(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    allowed: bool,  # noqa: FBT001 (given by pytest)
) -> None:
    """With the unit and what is to be done; what it forbids is left to Debian's own tool."""
    policy = tmp_path / "policy-rc.d"
    policy.write_text(f'#!/bin/sh\necho "$*" >{tmp_path}/asked\nexit {status}\n')
    monkeypatch.setattr(takeover, "_POLICY", str(policy))
    assert takeover.allowed("echo.service")
    policy.chmod(0o755)
    assert takeover.allowed("echo.service") is allowed
    assert (tmp_path / "asked").read_text() == "echo.service restart\n"


def test_a_unit_that_does_not_run_is_left_to_others_without_a_word(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], system: System
) -> None:
    """So is one that is masked, and one that may not be restarted; only what could have been is told."""
    monkeypatch.setattr(takeover, "show", lambda _: system.shown)
    monkeypatch.setattr(takeover, "allowed", lambda _: True)
    arguments = ["echo.service", str(system.before)]
    for name, value in (("ActiveState", "inactive"), ("LoadState", "masked")):
        before, system.shown[name] = system.shown[name], [value]
        assert takeover.main(arguments) != 0
        system.shown[name] = before
    assert capsys.readouterr().out == ""
    assert takeover.main(arguments) != 0
    said = capsys.readouterr().out
    assert said.startswith("echo.service is restarted, since no process could take over: it cannot be asked")
    monkeypatch.setattr(takeover, "allowed", lambda _: False)
    assert takeover.main(arguments) != 0
    assert capsys.readouterr().out == ""


def test_unit_and_folder_have_to_be_named() -> None:
    """Both."""
    assert takeover.main(["echo.service"]) == 64


def test_systemd_is_asked_for_times_to_the_microsecond(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, system: System
) -> None:
    """A process is often started within the second in which its unit came."""
    tool = tmp_path / "bin/systemctl"
    tool.parent.mkdir()
    lines = "".join(f"{name}={each}\n" for name, values in system.shown.items() for each in values)
    (tmp_path / "lines").write_text(lines)
    tool.write_text(
        f'#!/bin/sh\ncase "$*" in *--timestamp=us+utc*" echo.service") cat {tmp_path}/lines; esac\n'
    )
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tool.parent}:/usr/bin:/bin")
    assert takeover.show("echo.service") == system.shown
