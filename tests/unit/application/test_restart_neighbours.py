"""What a restart means to those around it: who waits for it, who fails with it, who stops meanwhile."""

from __future__ import annotations

import asyncio

from svcctl.application import lifecycle
from svcctl.application.events import RestartScheduled
from svcctl.application.service import MultiService
from svcctl.application.supervision import Supervision
from svcctl.application.tree.record import State, record_of
from tests.fakes.loop import run
from tests.unit.application.timed import Timed, started, states
from tests.unit.application.trees import tree


class Unlucky(Timed):
    """A service whose first restarts fail."""

    starts = 0

    async def startService(self) -> None:
        """Start, the second and the third time in vain."""
        self.starts += 1
        await super().startService()
        if 1 < self.starts < 4:
            raise ValueError(f"start {self.starts}")


class Job(Timed):
    """A service that has done its work however it ends."""

    restart = "transient"

    async def startService(self) -> None:
        """Say so even if it is cancelled."""
        try:
            await super().startService()
        finally:
            self.finish()


class Draining(Timed):
    """A service that takes its time to drain."""

    async def drain(self) -> None:
        """Drain."""
        await asyncio.sleep(6.0)


def supervising(*children: MultiService | Timed, restarts: int = 5) -> MultiService:
    """Return a collection that restarts whichever of its children has failed, half a second later."""
    root = MultiService(supervision=Supervision("one_for_one", restarts, 60.0, lambda _attempt: 0.5))
    root.setName("root")
    for child in children:
        root.addService(child)
    return root


def test_a_branch_that_starts_fails_once_however_many_of_its_children_do() -> None:
    """As one does that is ready: the limit counts failures of the branch."""
    log: list[str] = []
    quick = (("a", 0.0), ("b", 0.0), ("slow", 1.0))
    branch = tree(*(Timed(log, name, seconds=seconds) for name, seconds in quick), name="branch")
    root = supervising(branch, restarts=1)

    async def main() -> None:
        start = asyncio.ensure_future(lifecycle.start(root))
        await asyncio.sleep(0.5)
        branch.getServiceNamed("a").fail(ValueError("a"))
        branch.getServiceNamed("b").fail(ValueError("b"))
        await start
        await asyncio.sleep(20)
        assert states(branch) == ["ready"] * 3
        await lifecycle.stop(root, 100.0)

    run(main())


def test_what_finishes_while_its_collection_stops_starts_with_it_again() -> None:
    """It was not its own end."""
    log: list[str] = []
    root = tree(Timed(log, "a"))

    async def main() -> None:
        await started(root, log)
        root.addService(Job(log, "job", seconds=1.0))
        await asyncio.sleep(0.5)
        await lifecycle.stop(root, 100.0)
        await lifecycle.start(root)
        await lifecycle.stop(root, 100.0)

    run(main())
    assert log.count("+job") == 2


def test_what_comes_after_a_service_waits_while_that_is_restarted_in_vain() -> None:
    """It is not refused between two attempts, and no failure of its own is counted."""
    log: list[str] = []
    db, web = Unlucky(log, "db"), Timed(log, "web")
    web.after = ("db",)
    root = supervising(db, web)
    events: list[object] = []
    lifecycle.watch(root, events.append)

    async def main() -> None:
        await lifecycle.start(root)
        db.fail(ValueError("db"))
        web.fail(ValueError("web"))
        await asyncio.sleep(60)
        assert states(root) == ["ready", "ready"]
        await lifecycle.stop(root, 100.0)

    run(main())
    paths = [each.path for each in events if isinstance(each, RestartScheduled)]
    assert (paths.count("root/db"), paths.count("root/web")) == (3, 1)


def test_a_restart_that_goes_on_when_the_tree_drains_starts_nobody_else() -> None:
    """Whoever started then would be stopped without having been drained."""
    log: list[str] = []
    branch = tree(*(Timed(log, name, seconds=1.0) for name in "abc"), name="branch")
    root = supervising(branch, Draining(log, "d"))

    async def main() -> None:
        await started(root, log)
        branch.getServiceNamed("a").fail(ValueError("a"))
        await asyncio.sleep(4.0)
        assert log[-1] == "+a"
        log.clear()
        await lifecycle.stop(root, 10.0)
        assert record_of(branch).state is State.STOPPED

    run(main())
    assert not [each for each in log if each.startswith("+")]
