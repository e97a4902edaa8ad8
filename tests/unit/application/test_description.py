"""From the live tree to the manifest."""

from __future__ import annotations

from typing import Any

import pytest

from svcctl.application.internet import TCPServer, TimerService, UDPServer, UNIXServer
from svcctl.application.protocol import DatagramProtocol, Factory
from svcctl.application.service import Application, MultiService, Service
from svcctl.application.wire import Echo
from svcctl.errors import ProblemsError
from svcctl.manifest.model import Manifest, Origin
from tests.unit.application.trees import Noted, Plain, tree

ORIGIN = Origin(kind="tac", digest="0" * 64)


def describe(application: Application) -> Manifest:
    """Describe an application."""
    return application.describe(ORIGIN)


def test_an_application_is_described_with_all_that_was_said_of_it() -> None:
    """Times in milliseconds."""
    application = Application(
        "shop",
        "www",
        33,
        description="Sells things",
        version="1.2",
        homepage="https://example.org",
        maintainer="Jo <jo@example.org>",
        needs={"network": "outbound"},
        start_timeout=1.5,
        stop_timeout=20,
        watchdog_timeout=0,
    )
    manifest = describe(application)
    assert (manifest.application.name, manifest.application.version) == ("shop", "1.2")
    assert (manifest.identity.uid, manifest.identity.gid) == ("www", 33)
    assert manifest.needs.network == "outbound"
    lifecycle = manifest.lifecycle
    assert (lifecycle.start_limit_ms, lifecycle.stop_limit_ms, lifecycle.watchdog_ms) == (1500, 20000, 0)
    assert lifecycle.reload is False
    assert manifest.origin == ORIGIN


def test_the_tree_is_described_with_kinds_listeners_and_timers() -> None:
    """Classes that nobody knows are opaque, with their qualified name."""

    class Reloading(Service):
        def reload(self) -> None:
            """Read everything again."""

    application = Application("shop")
    echo = Factory.forProtocol(Echo)
    children = [
        TCPServer(80, echo),
        UNIXServer("/run/shop.sock", echo, mode=0o660),
        UDPServer(53, DatagramProtocol()),
        TimerService(2.5, print),
        tree(Reloading(), Plain(), name="inner/most"),
    ]
    for child in children:
        child.setServiceParent(application)
    root = describe(application).tree
    assert (root.path, root.kind, root.class_name) == (
        "shop",
        "collection",
        "svcctl.application.service.MultiService",
    )
    web, unix, dns, timer, inner = root.children
    assert [each.path for each in root.children[:4]] == [
        "shop/TCPServer[0]",
        "shop/UNIXServer[1]",
        "shop/UDPServer[2]",
        "shop/TimerService[3]",
    ]
    assert [each.kind for each in (web, unix, dns, timer)] == [
        "stream-server",
        "stream-server",
        "datagram-server",
        "timer",
    ]
    assert [(each.name, each.endpoint) for each in (*web.listeners, *unix.listeners, *dns.listeners)] == [
        ("tcp-80", "tcp:80"),
        ("unix-_2frun_2fshop.sock", "unix:/run/shop.sock:mode=660:lockfile=0"),
        ("udp-53", "udp:53"),
    ]
    assert [(each.interval_ms, each.callable) for each in timer.timers] == [(2500, "builtins.print")]
    assert inner.path == "shop/inner%2Fmost"
    reloading, plain = inner.children
    assert (reloading.kind, plain.kind) == ("opaque", "opaque")
    assert reloading.class_name.endswith("Reloading")
    assert plain.class_name == "tests.unit.application.trees.Plain"
    assert describe(application).lifecycle.reload is True


def test_a_part_of_the_tree_describes_itself() -> None:
    """Under the path it has, or another one."""
    leaf = Noted([], "db")
    tree(leaf)
    assert leaf.describe().path == "root/db"
    assert leaf.describe("elsewhere").path == "elsewhere"


@pytest.mark.parametrize(
    ("needs", "where"),
    [
        ({"netwrok": "none"}, "needs.netwrok"),
        ({"network": "everything"}, "needs.network"),
        ({"network": 5}, "needs.network"),
        ({"capabilities": {1, "a"}}, "needs.capabilities"),
        ({"capabilities": "CAP_CHOWN"}, "needs.capabilities"),
    ],
)
def test_needs_that_are_wrong_are_problems_with_their_place(needs: dict[str, Any], where: str) -> None:
    """As one error of ours, whatever was written."""
    with pytest.raises(ProblemsError) as caught:
        describe(Application("shop", needs=needs))
    assert caught.value.problems[0].where.startswith(where)


def test_an_unknown_need_is_answered_with_the_known_ones() -> None:
    """So that the right one is easy to find."""
    with pytest.raises(ProblemsError, match="is no need that svcctl knows") as caught:
        describe(Application("shop", needs={"netwrok": "none"}))
    assert "network" in caught.value.hint


@pytest.mark.parametrize("seconds", [-1, float("inf"), float("nan"), "10", True, None, 1e12])
def test_times_that_are_wrong_are_problems(seconds: Any) -> None:  # noqa: ANN401 (what is no time)
    """Each of the three."""
    for name in ("start_timeout", "stop_timeout", "watchdog_timeout"):
        with pytest.raises(ProblemsError) as caught:
            describe(Application("shop", **{name: seconds}))
        assert caught.value.problems[0].where == name


@pytest.mark.parametrize("name", ["a\nb", "x" * 300])
def test_a_name_that_cannot_be_one_is_a_problem(name: str) -> None:
    """It names logs and state."""
    with pytest.raises(ProblemsError):
        describe(Application(name))


def test_an_empty_application_is_described() -> None:
    """It may get its services later."""
    assert describe(Application("shop")).tree.children == ()


def test_a_collection_of_another_class_is_described_with_its_children() -> None:
    """Whoever iterates has children."""

    class Holder(MultiService):
        kind = "opaque"

    holder = Holder()
    holder.addService(Noted([], "a"))
    application = Application("shop")
    holder.setServiceParent(application)
    assert [each.path for each in describe(application).tree.children[0].children] == ["shop/Holder[0]/a"]
