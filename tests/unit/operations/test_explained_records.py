"""What is read out of the journal and the unit: what a sandbox denies, records, runs."""

from __future__ import annotations

import dataclasses

import pytest

from svcctl.generate.systemd.render import explain as reasons
from svcctl.host.journal import Entry
from svcctl.manifest.model import Needs
from svcctl.operations.explaining.runs import reports, runs, split
from svcctl.operations.explaining.sandbox import RULES, Rule, denied
from tests.unit.operations.explained import entry, explained, facts
from tests.verify.cases import CASES, VERSIONS


@pytest.mark.parametrize(
    ("text", "directive", "need", "path"),
    [
        ("OSError: [Errno 30] Read-only file system: '/srv/x/y'", "ProtectSystem", "writes", "/srv/x/y"),
        ("PermissionError: [Errno 13] Permission denied: '/home/a/b'", "ProtectHome", "reads", "/home/a/b"),
        ("FileNotFoundError: [Errno 2] No such file or directory: '/root'", "ProtectHome", "reads", "/root"),
        (
            "subprocess.py line 1\nPermissionError: [Errno 13] Permission denied: '/bin/sh'",
            "NoExecPaths",
            "programs",
            "/bin/sh",
        ),
        (
            "FileNotFoundError: [Errno 2] No such file or directory: '/dev/ttyS0'",
            "PrivateDevices",
            "devices",
            "/dev/ttyS0",
        ),
        (
            "FileNotFoundError: [Errno 2] No such file or directory: '/proc/stat'",
            "ProcSubset",
            "process_table",
            "/proc/stat",
        ),
        (
            "OSError: [Errno 97] Address family not supported by protocol",
            "RestrictAddressFamilies",
            "network",
            "",
        ),
        ("OSError: [Errno 101] Network is unreachable", "PrivateNetwork", "network", ""),
        ("socket.gaierror: [Errno -3] Temporary failure in name resolution", "PrivateNetwork", "network", ""),
        (
            "sock.connect(address)\nPermissionError: [Errno 1] Operation not permitted",
            "IPAddressDeny",
            "connects_to",
            "",
        ),
        (
            "os.chown(path, 1, 1)\nPermissionError: [Errno 1] Operation not permitted: '/var/x'",
            "SystemCallFilter",
            "chown",
            "",
        ),
        (
            "os.sched_setaffinity(0, {1})\nPermissionError: [Errno 1] Operation not permitted",
            "SystemCallFilter",
            "scheduling",
            "",
        ),
        (
            "os.chmod(path, 0o4755)\nPermissionError: [Errno 1] Operation not permitted: 'x'",
            "RestrictSUIDSGID",
            "setgid_files",
            "",
        ),
        (
            "ImportError: /var/x.so: failed to map segment from shared object",
            "NoExecPaths",
            "executable_state",
            "",
        ),
        ("ffi.callback()\nMemoryError", "MemoryDenyWriteExecute", "machine_code", ""),
        ("PermissionError: [Errno 1] Operation not permitted", "CapabilityBoundingSet", "capabilities", ""),
    ],
)
def test_what_a_sandbox_denies_is_told_by_its_directive(
    text: str, directive: str, need: str, path: str
) -> None:
    """And so is the need that relaxes it; where the directive is not set, it is not blamed."""
    found = denied(text, facts())
    assert found is not None
    assert (found.rule.directive, found.rule.need, found.path) == (directive, need, path)
    assert found.example.startswith('needs={"')
    assert f'"{need}"' in found.example
    assert "{" not in found.what
    other = denied(text, facts(**{directive: "other" if directive == "CapabilityBoundingSet" else ""}))
    assert other is None or other.rule.directive != directive


def test_what_is_no_error_of_a_sandbox_is_not_held_for_one() -> None:
    """A missing file is a missing file, and a full disk a full disk."""
    for text in (
        "FileNotFoundError: [Errno 2] No such file or directory: '/srv/x'",
        "OSError: [Errno 28] No space left on device",
        "PermissionError: [Errno 13] Permission denied: '/srv/secret'",
    ):
        assert denied(text, facts()) is None


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.directive}-{rule.need}")
def test_the_rules_name_needs_and_directives_that_there_are(rule: Rule) -> None:
    """Those of the model and of the units."""
    assert rule.need in {field.name for field in dataclasses.fields(Needs)}
    written = {
        reason.directive for case in CASES for reason in reasons(case.manifest, case.on(VERSIONS[0]).options)
    }
    assert rule.directive in written


def test_a_record_in_one_entry_and_one_in_lines_are_the_same() -> None:
    """With systemd-python, and without."""
    whole = Entry(
        1.0,
        3,
        "echo",
        "12",
        "echo/db failed: x\nTraceback:\n  frame\nhint: mend it",
        {"code": "service-failed", "path": "echo/db"},
    )
    lines = [
        Entry(1.0, 3, "echo", "12", text, {})
        for text in (
            "echo/db failed: x code=service-failed path=echo/db",
            "Traceback:",
            "  frame",
            "hint: mend it",
        )
    ]
    systemds = Entry(1.0, 4, "systemd", "1", "something in between", {})
    assert list(reports([whole])) == list(reports([*lines[:2], systemds, *lines[2:]]))
    (report,) = reports([whole])
    assert (report.text, report.lines, report.hint) == (
        "echo/db failed: x",
        ("Traceback:", "  frame"),
        "mend it",
    )


@pytest.mark.parametrize(
    ("line", "text", "found"),
    [
        ("no facts", "no facts", {}),
        ("x code=a path=b/c", "x", {"code": "a", "path": "b/c"}),
        ("x path='a b' code=c", "x", {"path": "a b", "code": "c"}),
        (
            "tcp:9002:interface=127.0.0.1: in use code=start",
            "tcp:9002:interface=127.0.0.1: in use",
            {"code": "start"},
        ),
        ("", "", {}),
    ],
)
def test_the_facts_of_a_line_are_told_from_its_text(line: str, text: str, found: dict[str, str]) -> None:
    """As the formatter of the runner writes them."""
    assert split(line) == (text, found)


def test_what_a_users_manager_says_is_taken_for_systemds() -> None:
    """Its number is not 1."""
    killed = entry("echo.service: Killed unit cgroup with SIGKILL on client request.", pid="638")
    assert "somebody sent it" not in explained(killed).message
    killed.about["user_unit"] = "echo.service"  # type: ignore[index] # made above
    found = explained(killed, Result="signal", ExecMainCode="2", ExecMainStatus="9")
    assert "somebody asked systemd to send it" in found.message
    assert found.evidence == (killed.message,)


def test_runs_are_told_apart() -> None:
    """By what systemd calls each; what belongs to none is left out."""
    first, second = entry("one"), entry("two")
    second.about["invocation_id"] = "b2"  # type: ignore[index] # made above
    strange = Entry(1.0, 3, "echo", "12", "x", {})
    assert [run.invocation for run in runs([first, strange, second])] == ["a1", "b2"]
