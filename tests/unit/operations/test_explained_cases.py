"""Cases that are put together by hand: what a machine for tests cannot have, and what is rare."""

from __future__ import annotations

import pytest

from svcctl.operations.explaining import runs as run_ids
from svcctl.operations.explaining.statuses import STEPS, SYSEXITS, signal_name
from tests.unit.operations.explained import entry, explained


def test_the_end_for_want_of_memory_names_the_limit() -> None:
    """As the kernel's hand shows in systemd's journal, and in the result."""
    killed = entry(
        "echo.service: A process of this unit has been killed by the OOM killer.",
        pid="1",
        kind=run_ids.OUT_OF_MEMORY,
    )
    found = explained(killed, Result="oom-kill", ExecMainCode="2", ExecMainStatus="9", MemoryMax="67108864")
    assert found.cause == "out-of-memory"
    assert "more than the memory of 64 MiB (MemoryMax=)" in found.message
    assert found.evidence == (killed.message,)
    assert "svcctl install" in found.mends[1].command
    unlimited = explained(Result="oom-kill", MemoryMax="infinity")
    assert "that the machine has" in unlimited.message


@pytest.mark.parametrize("status", STEPS)
def test_every_status_of_systemds_own_is_told_by_its_name(status: int) -> None:
    """With its number, and something to do."""
    found = explained(ExecMainStatus=str(status))
    assert found.message.endswith(f"status {status}/{STEPS[status].name}")
    assert found.cause == STEPS[status].name.lower().replace("_", "-")
    assert found.mends


def test_the_statuses_of_systemd_are_those_of_the_manual() -> None:
    """systemd.exec(5): 200 to 245, of which some were never given or are given no more."""
    assert set(range(200, 246)) - set(STEPS) == {223, 234, 244}


@pytest.mark.parametrize("status", [status for status in SYSEXITS if status not in {65, 66}])
def test_a_status_without_a_report_is_told_by_its_meaning(status: int) -> None:
    """And so is one that has none."""
    assert (
        f"status {status}, which stands for {SYSEXITS[status]}"
        in explained(ExecMainStatus=str(status)).message
    )
    assert explained(ExecMainStatus="3").message == "its process ended with status 3"


def test_signals_have_names() -> None:
    """Those of this machine."""
    assert (signal_name(9), signal_name(250)) == ("SIGKILL", "signal 250")
    found = explained(Result="core-dump", ExecMainCode="3", ExecMainStatus="6")
    assert found.cause == "signal-abrt"


def test_a_signal_that_nobody_asked_systemd_for_may_be_the_kernels() -> None:
    """How to see that is named."""
    found = explained(Result="signal", ExecMainCode="2", ExecMainStatus="9")
    assert found.mends[0].command.startswith("journalctl -k")


@pytest.mark.parametrize(
    ("said", "cause", "command"),
    [
        (
            "the credential db is missing code=credential",
            "missing-credential",
            "svcctl credential set echo db",
        ),
        ("PORT is no number: 'x' code=settings", "configuration", "svcctl start echo"),
        ("/srv/echo.tac cannot be read: x code=application-not-found", "application-not-found", "ls -l"),
        (
            "/srv/echo.tac, line 1: ModuleNotFoundError: No module named 'httpx.client' code=application-load",
            "missing-module",
            "/opt/bin/python -m pip install httpx",
        ),
        (
            "echo/a failed to bind: cannot listen on tcp:80: Permission denied code=start path=echo/a",
            "address-forbidden",
            "svcctl install",
        ),
        (
            "echo/a failed to bind: cannot listen on tcp:80:interface=10.9.9.9: Cannot assign requested address code=start path=echo/a",
            "address-unknown",
            "ip address",
        ),
        ("echo/a failed to stop: OSError: x code=stop path=echo/a", "failed-stop", "svcctl start echo"),
        ("echo/a failed to start: OSError: x code=start path=echo/a", "failed-start", "svcctl start echo"),
    ],
)
def test_what_the_application_reports_is_explained(said: str, cause: str, command: str) -> None:
    """By the kind of its error."""
    status = {"missing-credential": "78", "configuration": "78", "application-not-found": "66"}.get(
        cause, "65"
    )
    found = explained(entry(said), ExecMainStatus=status)
    assert found.cause == cause
    assert command in " ".join(mend.command for mend in found.mends)


def test_a_silent_service_is_named() -> None:
    """Who gave no heartbeat, for how long."""
    said = "watchdog: echo/worker has given no heartbeat for 10 s (limit 10 s)"
    found = explained(Result="watchdog", StatusText=said, ExecMainCode="2", ExecMainStatus="6")
    assert found.path == "echo/worker"
    assert "echo/worker gave no heartbeat for 10 s (limit 10 s)" in found.message
    mute = explained(Result="watchdog", StatusText="2/2 ready", ExecMainCode="2", ExecMainStatus="6")
    assert "gave systemd no sign of life" in mute.message


def test_a_start_that_blocks_the_loop_names_whom_it_waits_for() -> None:
    """It could not say so itself, but its last status did."""
    found = explained(Result="timeout", StatusText="1/3 ready, waiting for echo/db")
    assert (found.cause, found.path, found.phase) == ("start-timeout", "echo/db", "starting")


def test_those_that_a_killed_stop_had_reported_are_named() -> None:
    """Before the time was up for all."""
    found = explained(
        entry("echo/db failed to stop: OSError: x code=stop path=echo/db"),
        entry("echo.service: State 'stop-sigterm' timed out. Killing.", pid="1"),
        Result="timeout",
    )
    assert found.cause == "killed-stop"
    assert found.path == "echo/db"


def test_an_end_without_readiness_is_told() -> None:
    """Its status was 0."""
    assert explained(Result="protocol", ExecMainStatus="0").cause == "ended-early"


def test_a_result_of_another_time_is_told_by_its_word() -> None:
    """There may be more of them one day."""
    found = explained(Result="exec-condition", ExecMainCode="0", ExecMainStatus="0")
    assert found.cause == "other"
    assert "'exec-condition'" in found.message


@pytest.mark.parametrize(
    ("state", "cause"), [("masked", "masked"), ("not-found", "no-unit"), ("bad-setting", "bad-unit")]
)
def test_a_unit_that_cannot_be_used_is_explained(state: str, cause: str) -> None:
    """Whatever it did before."""
    assert explained(LoadState=state).cause == cause


def test_what_is_wrong_at_this_moment_is_explained() -> None:
    """A reload that failed, a loop that hangs, a start that does not get on, a condition that does not hold."""
    runs_now = {"ActiveState": "active", "SubState": "running", "Result": "success"}
    reload = explained(
        **runs_now, StatusText="reload failed, going on as before: echo/db: ValueError: no port"
    )
    assert (reload.cause, reload.phase) == ("failed-reload", "reloading")
    hangs = explained(**runs_now, StatusText="watchdog: the event loop has not answered for 5 s (limit 9 s)")
    assert hangs.message.startswith("it hangs at this moment: the event loop")
    slow = explained(
        entry(
            "start goes on: echo/db failed to start: it was not ready within 10 s path=echo/db seconds=10.0"
        ),
        ActiveState="activating",
        SubState="start",
        Result="success",
        StatusText="1/3 ready, waiting for echo/db",
    )
    assert (slow.cause, slow.path) == ("slow-start", "echo/db")
    skipped = explained(
        ActiveState="inactive",
        SubState="dead",
        Result="success",
        ConditionResult="no",
        ConditionTimestampMonotonic="7",
    )
    assert skipped.cause == "condition"


def test_what_a_sandbox_denies_a_service_that_runs_on_is_explained() -> None:
    """From the last traceback in its journal; an older one of something else does not count."""
    lines = ("Traceback (most recent call last):", "  os.chown('x', 1, 1)", "ValueError: x")
    last = ("Traceback (most recent call last):", "OSError: [Errno 30] Read-only file system: '/srv/x'")
    found = explained(
        *(entry(line) for line in (*lines, "Task exception was never retrieved origin=x", *last)),
        ActiveState="active",
        SubState="running",
        Result="success",
    )
    assert (found.cause, found.phase) == ("sandbox", "serving")
    assert found.message == (
        "it runs, but its sandbox (ProtectSystem=) does not let it write /srv/x: all files are read-only but "
        "those in its own folders"
    )
    assert found.evidence == ("Task exception was never retrieved origin=x", *last)


def test_what_another_process_reported_is_not_held_for_the_cause() -> None:
    """One that was to take over and failed; the process that ended later has its own report, or none."""
    upgrade = entry("echo/a failed to start: OSError: x code=start path=echo/a", pid="20")
    own = entry("echo/b failed: OSError: y code=service-failed path=echo/b")
    assert explained(upgrade, own).path == "echo/b"
    assert explained(upgrade, Result="signal", ExecMainCode="2", ExecMainStatus="11").cause == "signal-segv"


def test_what_is_told_to_be_typed_is_safe_to_type() -> None:
    """Whatever an application wrote into the journal."""
    bad = entry(
        "echo.service: Failed at step EXEC spawning /x; rm -rf /: No such file or directory",
        kind=run_ids.REFUSED_STEP,
    )
    found = explained(bad, ExecMainStatus="203")
    assert found.mends[0].command == "ls -l '/x; rm -rf /'"
    odd = explained(entry("the credential a;b is missing code=credential"), ExecMainStatus="78")
    assert all(";" not in mend.command for mend in odd.mends)
