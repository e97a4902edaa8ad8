"""Restarting what has failed, with limits."""

from __future__ import annotations

import asyncio
import logging
import pickle
from typing import Any

import pytest

from svcctl.application import lifecycle
from svcctl.application.events import RestartLimitReached, RestartScheduled, ServiceFinished
from svcctl.application.service import Application, IService, MultiService
from svcctl.application.supervision import Supervision
from svcctl.application.tree.record import State, record_of
from svcctl.errors import RestartLimitError, ServiceEndedError, UsageError
from tests.fakes.loop import run
from tests.unit.application.timed import Failures, Timed, started, states, supervised
from tests.unit.application.trees import tree


@pytest.mark.parametrize(
    ("strategy", "expected"),
    [
        ("one_for_one", ["-b", "b down", "+b", "b up"]),
        (
            "one_for_all",
            ["-c", "c down", "-b", "b down", "-a", "a down", "+a", "a up", "+b", "b up", "+c", "c up"],
        ),
        ("rest_for_one", ["-c", "c down", "-b", "b down", "+b", "b up", "+c", "c up"]),
    ],
)
def test_a_strategy_says_who_is_restarted(strategy: str, expected: list[str]) -> None:
    """In reverse order down, in order up."""
    log: list[str] = []
    root = supervised(log, "abc", strategy)

    async def main() -> None:
        failures = await started(root, log)
        root[1].fail(ValueError("boom"))
        assert states(root) == ["ready", "failed", "ready"]
        await asyncio.sleep(20)
        assert log == expected
        assert states(root) == ["ready"] * 3
        assert failures == []
        await lifecycle.stop(root)

    run(main())


def test_in_an_ordered_collection_the_rest_is_what_comes_after_the_failed_one() -> None:
    """Directly or not; what is beside it goes on."""
    log: list[str] = []
    root = MultiService(supervision=Supervision("rest_for_one", backoff=lambda _: 1.0))
    for name, after in (("web", ["cache"]), ("beside", ()), ("cache", ["db"]), ("db", ())):
        root.addService(Timed(log, name, after))

    async def main() -> None:
        await started(root, log)
        root.getServiceNamed("db").fail(ValueError("boom"))
        await asyncio.sleep(20)
        await lifecycle.stop(root)

    run(main())
    down = ["-web", "web down", "-cache", "cache down", "-db", "db down"]
    assert log[:12] == [*down, "+db", "db up", "+cache", "cache up", "+web", "web up"]


def test_a_service_backs_off_before_it_is_restarted() -> None:
    """For as long as the policy says, which is told the number of the failure; and observers are told."""
    log: list[str] = []
    asked: list[int] = []
    events: list[Any] = []

    def backoff(attempt: int) -> float:
        asked.append(attempt)
        return 10.0 * attempt

    root = MultiService(supervision=Supervision(backoff=backoff, within=1000.0))
    root.setName("root")
    root.addService(Timed(log, "a"))

    async def main() -> None:
        await started(root, log)
        lifecycle.watch(root, events.append)
        for pause in (10.0, 20.0):
            root[0].fail(ValueError("boom"))
            await asyncio.sleep(1.5)
            assert states(root) == ["backing off"]
            assert lifecycle.progress(root) == (1, 2, "root/a")
            assert not root[0].running
            await asyncio.sleep(pause)
            assert states(root) == ["starting"]
            await asyncio.sleep(1)
            assert states(root) == ["ready"]
        await lifecycle.stop(root)

    run(main())
    assert asked == [1, 2]
    scheduled = [each for each in events if isinstance(each, RestartScheduled)]
    assert [(each.path, each.attempt, each.delay) for each in scheduled] == [
        ("root/a", 1, 10.0),
        ("root/a", 2, 20.0),
    ]
    assert str(scheduled[0]) == "root/a is restarted in 10.0 s (1.): ValueError: boom"
    assert scheduled[0].fields() == {
        "path": "root/a",
        "attempt": 1,
        "delay": 10.0,
        "error": "ValueError: boom",
    }


def test_failures_are_forgotten_after_a_stable_spell() -> None:
    """By the limit and by the back-off."""
    log: list[str] = []
    asked: list[int] = []

    def backoff(attempt: int) -> float:
        asked.append(attempt)
        return 1.0

    root = MultiService(supervision=Supervision(restarts=2, within=60.0, backoff=backoff))
    root.addService(Timed(log, "a"))

    async def main() -> None:
        failures = await started(root, log)
        for _ in range(6):
            root[0].fail(ValueError("boom"))
            await asyncio.sleep(31)
        assert failures == []
        await lifecycle.stop(root)

    run(main())
    assert asked == [1, 2, 2, 2, 2, 2]


def test_more_failures_than_allowed_are_a_failure_of_the_collection() -> None:
    """Its owner is told the last cause; the children stay until it is stopped, and none is restarted any more."""
    log: list[str] = []
    events: list[Any] = []
    root = supervised(log, "ab", restarts=2)

    async def main() -> Failures:
        failures = await started(root, log)
        lifecycle.watch(root, events.append)
        for _ in range(3):
            root[0].fail(OSError(28, "no space"))
            await asyncio.sleep(5)
        assert record_of(root).state is State.FAILED
        assert states(root) == ["failed", "ready"]
        await lifecycle.stop(root)
        assert states(root) == ["stopped", "stopped"]
        return failures

    (failure,) = run(main())
    assert failure.path == "root"
    assert isinstance(failure.__cause__, RestartLimitError)
    assert str(failure) == "root failed: more than 2 restarts within 60 s: OSError: [Errno 28] no space"
    (limit,) = [each for each in events if isinstance(each, RestartLimitReached)]
    assert limit.fields() == {
        "path": "root",
        "restarts": 2,
        "within": 60.0,
        "error": "OSError: [Errno 28] no space",
    }
    assert str(limit) == "root gives up, more than 2 restarts within 60 s: OSError: [Errno 28] no space"


def test_a_limit_of_none_gives_up_at_once() -> None:
    """As one that allows no restart has to."""
    log: list[str] = []
    root = supervised(log, "a", restarts=0)

    async def main() -> int:
        failures = await started(root, log)
        root[0].fail(ValueError("boom"))
        await lifecycle.stop(root)
        return len(failures)

    assert run(main()) == 1


def test_a_collection_that_gives_up_is_restarted_by_the_one_above() -> None:
    """As a whole."""
    log: list[str] = []
    inner = supervised(log, "ab", restarts=1)
    root = MultiService(supervision=Supervision(backoff=lambda _: 1.0))
    root.addService(inner)

    async def main() -> Failures:
        failures = await started(root, log)
        for _ in range(2):
            inner[0].fail(ValueError("boom"))
            await asyncio.sleep(10)
        assert inner.running
        assert states(inner) == ["ready", "ready"]
        await lifecycle.stop(root)
        return failures

    assert run(main()) == []
    once = ["-a", "a down", "+a", "a up"]
    whole = ["-b", "b down", "-a", "a down", "+a", "a up", "+b", "b up"]
    assert log[:12] == once + whole


def test_a_collection_that_does_not_supervise_fails_with_its_child() -> None:
    """So the branch below the one that does is restarted."""
    log: list[str] = []
    inner = tree(Timed(log, "a"), Timed(log, "b"), name="inner")
    root = MultiService(supervision=Supervision(backoff=lambda _: 1.0))
    root.setName("root")
    root.addService(inner)

    async def main() -> None:
        failures = await started(root, log)
        inner[1].fail(ValueError("boom"))
        assert record_of(inner).state is State.FAILED
        await asyncio.sleep(20)
        assert (inner.running, states(inner), failures) == (True, ["ready", "ready"], [])
        await lifecycle.stop(root)

    run(main())
    assert log[:8] == ["-b", "b down", "-a", "a down", "+a", "a up", "+b", "b up"]


def test_without_supervision_the_owner_is_told() -> None:
    """And nothing is restarted."""
    log: list[str] = []
    root = tree(Timed(log, "a"))

    async def main() -> Failures:
        failures = await started(root, log)
        root[0].fail(ValueError("boom"))
        await asyncio.sleep(20)
        await lifecycle.stop(root)
        return failures

    assert [str(each) for each in run(main())] == ["root/a failed: ValueError: boom"]
    assert log == ["-a", "a down"]


@pytest.mark.parametrize("above", [True, False])
def test_a_temporary_service_fails_alone(*, above: bool, caplog: pytest.LogCaptureFixture) -> None:
    """It is stopped, stays failed, and the log tells why; supervised or not."""
    log: list[str] = []
    root = supervised(log, "ab", "one_for_all") if above else tree(Timed(log, "a"), Timed(log, "b"))
    root[0].restart = "temporary"

    async def main() -> Failures:
        failures = await started(root, log)
        root[0].fail(ValueError("boom"))
        await asyncio.sleep(20)
        assert states(root) == ["failed", "ready"]
        await lifecycle.stop(root)
        return failures

    with caplog.at_level(logging.ERROR, "svcctl"):
        assert run(main()) == []
    assert log == ["-a", "a down", "-b", "b down"]
    assert [each.message for each in caplog.records] == ["temporary service failed"]


def test_a_temporary_service_is_not_restarted_with_the_others() -> None:
    """It is stopped with them, though."""
    log: list[str] = []
    root = supervised(log, "ab", "one_for_all")
    root[1].restart = "temporary"

    async def main() -> None:
        await started(root, log)
        root[0].fail(ValueError("boom"))
        await asyncio.sleep(20)
        assert states(root) == ["ready", "stopped"]
        await lifecycle.stop(root)

    run(main())


@pytest.mark.parametrize("kind", ["transient", "temporary"])
def test_a_service_may_finish_unless_it_is_permanent(kind: str) -> None:
    """It is stopped, and does not count any more."""
    log: list[str] = []
    events: list[Any] = []
    root = supervised(log, "ab")
    root[0].restart = kind

    async def main() -> None:
        failures = await started(root, log)
        lifecycle.watch(root, events.append)
        root[0].finish()
        await asyncio.sleep(20)
        assert (states(root), failures) == (["stopped", "ready"], [])
        assert lifecycle.progress(root) == (2, 2, "")
        await lifecycle.stop(root)

    run(main())
    assert log == ["-a", "a down", "-b", "b down"]
    assert [str(each) for each in events if isinstance(each, ServiceFinished)] == ["root/a has finished"]


def test_a_permanent_service_that_finishes_has_failed() -> None:
    """It is restarted where somebody supervises, and its owner is told where nobody does."""
    log: list[str] = []

    async def main(root: MultiService) -> Failures:
        failures = await started(root, log)
        root[0].finish()
        await asyncio.sleep(20)
        await lifecycle.stop(root)
        return failures

    assert run(main(supervised(log, "a"))) == []
    assert log[:4] == ["-a", "a down", "+a", "a up"]
    (failure,) = run(main(tree(Timed(log, "a"))))
    assert isinstance(failure.__cause__, ServiceEndedError)


def test_a_transient_service_that_fails_is_restarted() -> None:
    """Only its orderly end is an end."""
    log: list[str] = []
    root = supervised(log, "a")
    root[0].restart = "transient"

    async def main() -> None:
        await started(root, log)
        root[0].fail(ValueError("boom"))
        await asyncio.sleep(20)
        assert states(root) == ["ready"]
        await lifecycle.stop(root)

    run(main())


def test_an_application_supervises_its_services_if_it_is_told_to() -> None:
    """Its root is a collection like any other."""
    policy = Supervision("one_for_all")
    root: Any = IService(Application("shop", supervision=policy))  # type: ignore[misc,call-arg]  # the interface adapts
    assert root.supervision is policy


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"strategy": "one_for_two"}, "'one_for_two' is no strategy"),
        ({"restarts": -1}, "-1 is no number of restarts"),
        ({"restarts": 1.5}, "1.5 is no number of restarts"),
        ({"restarts": True}, "True is no number of restarts"),
        ({"within": 0}, "0 is no time"),
        ({"within": "60"}, "'60' is no time"),
        ({"within": float("nan")}, "nan is no time"),
        ({"backoff": 3}, "3 cannot be called"),
    ],
)
def test_wrong_values_are_refused_where_they_are_given(values: dict[str, Any], message: str) -> None:
    """Each with what would be right."""
    with pytest.raises(UsageError, match=message) as caught:
        Supervision(**values)
    assert caught.value.hint


def test_a_supervision_survives_pickling() -> None:
    """With the tree that has it."""
    root = pickle.loads(pickle.dumps(MultiService(supervision=Supervision(restarts=9))))  # noqa: S301 (made here)
    assert root.supervision == Supervision(restarts=9)
    assert 0.2 <= root.supervision.backoff(1) <= 0.3
