"""What is kept about services while they run."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from svcctl.application import lifecycle
from svcctl.application.events import RestartScheduled
from svcctl.application.live import book as books
from svcctl.application.live import services
from svcctl.application.live.book import Book, book_of
from svcctl.application.live.health import INTERVAL, Lag, why_not_alive, why_not_ready
from svcctl.application.live.metrics import Family, Sample, text
from svcctl.application.service import MultiService, Service
from svcctl.application.tree.record import record_of
from tests.fakes.loop import run
from tests.unit.application.timed import Timed, supervised


def test_a_service_is_known_since_when_and_how_often() -> None:
    """From the moment at which the book is opened; what is asked for twice is the same book."""
    root = supervised([], "ab")
    record = record_of(root[0])

    async def main() -> None:
        book = book_of(record_of(root))
        assert book_of(record_of(root)) is book
        assert book.entry(record) is None
        await lifecycle.start(root)
        entry = book.entry(record)
        assert entry is not None
        assert (entry.starts, entry.failures, entry.error) == (1, 0, None)
        assert book.opened <= entry.since <= time.time_ns() // 1000
        await lifecycle.stop(root)

    run(main())


def test_a_failure_is_counted_once() -> None:
    """Though the service is stopped after it, and has failed then, too; one in a start counts, as well."""
    root = supervised([], "a")
    error = ValueError("always the same")

    async def main() -> None:
        book = Book(record_of(root))
        await lifecycle.start(root)
        entry = book.entry(record_of(root[0]))
        assert entry is not None
        for times in (1, 2):
            root[0].fail(error)
            await asyncio.sleep(10)
            assert (entry.failures, entry.starts, entry.error) == (times, times + 1, error)
        root[0].failures = 1
        root[0].fail(error)
        await asyncio.sleep(10)
        assert (entry.failures, entry.starts) == (4, 5)
        await lifecycle.stop(root)

    run(main())


def test_events_are_passed_on_with_their_time() -> None:
    """After they have been written down."""
    root = supervised([], "a")
    seen: list[Any] = []

    async def main() -> None:
        book = Book(record_of(root))
        book.followers.append(lambda event, moment: seen.append((event, moment)))
        await lifecycle.start(root)
        root[0].fail(ValueError("boom"))
        await asyncio.sleep(10)
        await lifecycle.stop(root)

    run(main())
    assert any(isinstance(event, RestartScheduled) for event, _ in seen)
    assert [moment for _, moment in seen] == sorted(moment for _, moment in seen)


def test_what_has_left_the_tree_is_forgotten() -> None:
    """However many come and go."""
    root = MultiService()

    async def main() -> None:
        book = Book(record_of(root))
        root.addService(stays := Service())
        await lifecycle.start(root)
        for _ in range(3 * books._FIRST_LOOK):
            await root.addService(child := Service())
            await root.removeService(child)
        assert len(book._entries) <= books._FIRST_LOOK
        assert book.entry(record_of(stays)) is not None
        await lifecycle.stop(root)

    run(main())


def test_a_service_is_described_whatever_it_is() -> None:
    """One that inherits nothing, or has something else under a known name, and an error of many lines."""

    class Odd(Timed):
        connections = "many"
        accepted = None
        kind: Any = 7

    root = supervised([], "")
    root.addService(Odd([], "odd\nname"))

    async def main() -> None:
        book = Book(record_of(root))
        await lifecycle.start(root)
        root[0].fail(ValueError("one\ntwo" + "x" * 10_000))
        facts = services.describe(record_of(root[0]), book)
        assert facts["kind"] == "7"
        assert "connections" not in facts
        assert facts["error"].startswith("ValueError: one twoxxx")
        assert len(facts["error"]) == services.LONGEST_TEXT
        await lifecycle.stop(root)

    run(main())


def test_figures_are_escaped() -> None:
    """Quotes, backslashes, new lines, and what is no Unicode."""
    family = Family("a_total", "counter", "One\\two\nthree.", [Sample({"path": 'a"b\\c\nd\udcff'}, 1.5)])
    assert text([family]) == (
        '# HELP a_total One\\\\two\\nthree.\n# TYPE a_total counter\na_total{path="a\\"b\\\\c\\nd\\\\udcff"} 1.5\n'
    )
    numbers = [Sample({}, value) for value in (1, 2.0, 1e300, float("inf"), 10**17, -0.25)]
    shown = [line.split()[1] for line in text([Family("n", "gauge", "N.", numbers)]).splitlines()[2:]]
    assert [float(each) for each in shown] == [1, 2, 1e300, float("inf"), 1e17, -0.25]


def test_the_lag_of_the_loop_is_measured() -> None:
    """At the last look, or by now."""

    async def main() -> None:
        loop: Any = asyncio.get_running_loop()
        lag = Lag()
        await asyncio.sleep(3 * INTERVAL)
        assert lag.seconds() < 0.01
        loop.now += 5.0  # as if something had blocked it
        assert lag.seconds() > 4.0
        await asyncio.sleep(0.1)
        assert lag.seconds() > 4.0
        await asyncio.sleep(2 * INTERVAL)
        assert lag.seconds() < 0.01
        lag.end()

    run(main())


def test_health_has_reasons() -> None:
    """The loop, a silent service, a tree that is not up."""

    class Beating(Timed):
        heartbeat_timeout = 0.001

    root = supervised([], "")
    root.setName("shop")
    root.addService(Beating([], "beats"))
    top = record_of(root)

    async def main() -> None:
        assert why_not_ready(top, 0.0, 1.0) == "shop is stopped: 0/2 ready"
        assert why_not_alive(top, 2.0, 1.0) == "the event loop is 2.0 s late (limit 1 s)"
        await lifecycle.start(root)
        assert why_not_ready(top, 0.0, 1.0) == ""
        root[0].heartbeat()
        time.sleep(0.01)  # noqa: ASYNC251 (beats have a clock of their own, which goes on)
        assert "shop/beats has given no heartbeat" in why_not_ready(top, 0.0, 1.0)
        await lifecycle.stop(root)

    run(main())
