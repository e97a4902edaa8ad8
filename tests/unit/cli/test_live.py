"""How a running application is drawn."""

from __future__ import annotations

import time

import pytest

from svcctl.cli import live as drawing
from svcctl.cli import top
from svcctl.host.usage import Usage
from svcctl.operations.live import Live, LiveService
from svcctl.operations.top import Look

USAGE = Usage(
    cpu_seconds=12.34, cpu_percent=5.0, memory=20 * 1024 * 1024, descriptors=9, threads=2, processes=1
)


def ago(seconds: float) -> int:
    """Return a moment in the past as applications tell it."""
    return int((time.time() - seconds) * 1_000_000)


def shop() -> Live:
    """Return an application with one of everything that is shown."""
    return Live(
        socket="/run/svcctl/shop/control",
        phase="ready",
        ready=3,
        total=4,
        services=(
            LiveService(path="shop", state="ready", since=ago(200_000)),
            LiveService(path="shop/storage", state="ready", since=ago(7300)),
            LiveService(
                path="shop/storage/db",
                state="backing_off",
                since=ago(130),
                restarts=2,
                error="ValueError: no",
            ),
            LiveService(
                path="shop/web",
                state="ready",
                since=ago(5.5),
                restarts=1,
                connections=3,
                accepted=20,
                beat=0.25,
                listeners=("127.0.0.1:80",),
                error="long ago",
            ),
            LiveService(path="shop/old\x1b[2J", state="stopped", held=True),
        ),
        usage=USAGE,
    )


def test_the_tree_is_drawn_with_what_is_known_of_each_service() -> None:
    """By indentation; an old failure of what is ready is not shown, and no name can command the terminal."""
    assert list(drawing.lines(shop(), rates={"shop/web": 2.5})) == [
        "uses: processor 12.3 s (5 %), memory 20.0 MiB, 9 descriptors, 2 threads",
        "tree: ready, 3/4 ready",
        "  shop       ready           2 d",
        "    storage  ready           2 h",
        "      db     backing off   2 min  2 restarts, ValueError: no",
        "    web      ready           5 s  127.0.0.1:80, 3 open of 20 connections, 2.5/s, 1 restart, beat 0.2 s ago",
        "    old?[2J  stopped           -  stays down",
    ]


def test_the_only_connection_is_counted_as_one() -> None:
    """Open still or not."""
    web = LiveService(path="web", state="ready", connections=0, accepted=1, restarts=2)
    (_, line) = drawing.lines(Live(socket="/x", services=(web,)))
    assert line.endswith("0 open of 1 connection, 2 restarts")


def test_what_is_not_shown_has_a_reason() -> None:
    """The process is shown all the same."""
    live = Live(socket="/x", problem="the tree is shown to root alone", usage=USAGE)
    assert list(drawing.lines(live))[1:] == ["tree: not shown: the tree is shown to root alone"]


def test_a_start_says_whom_it_waits_for() -> None:
    """As the status does."""
    services = (LiveService(path="shop", state="starting"),)
    live = Live(socket="/x", phase="starting", total=1, waiting="shop/db", services=services)
    assert next(drawing.lines(live)) == "tree: starting, 0/1 ready, waiting for shop/db"


def test_a_large_tree_is_cut() -> None:
    """And the rest counted."""
    services = tuple(LiveService(path=f"shop/{number}", state="ready") for number in range(700))
    lines = list(drawing.lines(Live(socket="/x", phase="ready", services=services)))
    assert len(lines) == 502
    assert lines[-1] == "  and 200 more"


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (5 * 2**30, "5.0 GiB"), (2**42, "4096.0 GiB")],
)
def test_sizes_have_the_unit_that_fits(number: int, text: str) -> None:
    """Up to GiB."""
    assert drawing.size(number) == text


def test_all_applications_have_a_line_each() -> None:
    """With a dash for what is not known."""
    looks = (
        Look(name="shop", state="active", status="", pid=1, live=shop(), rates={"shop/web": 2.5}),
        Look(name="other@1", state="failed", status="", pid=0),
    )
    assert list(top._lines(looks, whole=False))[1:] == [
        "NAME     STATE           READY   OPEN    NEW/S  CPU %     MEMORY  FILES",
        "shop     active            3/4      3      2.5    5.0   20.0 MiB      9",
        "other@1  failed              -      -        -      -          -      -",
    ]
    assert list(top._lines((), whole=False))[1:] == ["nothing is installed, or no instance of it runs"]


def test_one_application_is_shown_whole() -> None:
    """With what it said last."""
    look = Look(name="shop", state="active", status="3/4 ready", pid=1, live=shop())
    lines = list(top._lines((look,), whole=True))
    assert lines[1] == "shop: active: 3/4 ready"
    assert lines[3] == "tree: ready, 3/4 ready"
