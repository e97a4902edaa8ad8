"""Process monitors of real programs, and kernels that cannot have them."""

from __future__ import annotations

import asyncio
import os

import pytest

from svcctl.application import lifecycle
from svcctl.application.processes.kin import process
from svcctl.application.procmon import ProcessMonitor
from svcctl.errors import StartError
from tests.fakes.clock import Clock, settle
from tests.fakes.lines import Lines
from tests.unit.application.conftest import Run
from tests.unit.application.monitors import monitor


def test_real_programs_are_gone_after_the_stop(run: Run, lines: Lines) -> None:
    """With all that they have started; a program that ignores SIGTERM has its time."""
    script = "trap '' TERM; echo $$; setsid sh -c 'echo $$; exec sleep 1000' & sleep 1000; wait"

    async def main() -> None:
        service = ProcessMonitor()
        service.clock = clock = Clock()
        service.addProcess("a", ["sh", "-c", script])
        service.addProcess("b", ["/nowhere/at/all"])
        await lifecycle.start(service)
        pids = [int(text) for text in await lines.wait_for(2)]
        assert all(process(pid) for pid in pids)
        stop = asyncio.ensure_future(lifecycle.stop(service))
        await settle()
        assert not stop.done()
        await clock.advance(5)
        await stop
        assert [pid for pid in pids if process(pid)] == []

    run(main())


def test_a_real_program_that_dies_is_started_again(run: Run, lines: Lines) -> None:
    """At once, or after the delay."""

    async def main() -> None:
        service = ProcessMonitor()
        service.clock = clock = Clock()
        service.addProcess("a", ["sh", "-c", "echo $$; read x; kill -KILL $$"])
        await lifecycle.start(service)
        first = await lines.wait_for(1)
        while not clock.waiting or process(int(first[0])):  # noqa: ASYNC110 (the kernel has no events for tests)
            await asyncio.sleep(0.001)
        await clock.advance(1)
        both = await lines.wait_for(2)
        assert both[0] != both[1]
        await lifecycle.stop(service)

    run(main())


@pytest.mark.parametrize(
    "uid", [None, pytest.param(65534, marks=pytest.mark.skipif(os.geteuid() != 0, reason="only root may"))]
)
def test_a_program_that_may_not_be_executed_is_told_with_what_an_installation_allows(
    run: Run,
    caplog: pytest.LogCaptureFixture,
    uid: int | None,
) -> None:
    """Whether it is started as somebody else or not; the monitor goes on, since that may change."""

    async def main() -> None:
        service = ProcessMonitor()
        service.clock = clock = Clock()
        service.addProcess("a", ["/etc/passwd"], uid, uid)
        await lifecycle.start(service)
        assert clock.waiting == [1]
        await lifecycle.stop(service)

    run(main())
    (record,) = [each for each in caplog.records if each.message == "process cannot be started"]
    assert record.__dict__["svcctl_error"] == "Permission denied"
    assert 'needs={"programs": [...]}' in record.__dict__["svcctl_hint"]


def test_a_kernel_without_descriptors_of_processes_is_named(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anything is started."""

    def refuse(_pid: int) -> int:
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr("os.pidfd_open", refuse)

    async def main() -> None:
        service, children, _ = monitor("a")
        with pytest.raises(StartError, match="no descriptors of processes: Function not implemented"):
            await lifecycle.start(service)
        assert children.all == []

    run(main())
