"""Live control: what each method does to a running application."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from svcctl.host import varlink
from svcctl.runtime.control.interfaces import INTERFACES
from tests.contract.controlled import INTERFACE, Controlled, controlled, fits
from tests.contract.running import notes


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Controlled]:
    """Run an application with a database, a cache after it, and a web server after that."""
    with controlled(tmp_path) as running:
        yield running


def reloads(folder: Path) -> list[str]:
    """Return which services were reloaded."""
    return [line for line in notes(folder) if line.startswith("reload")]


def test_the_tree_is_shown_as_it_is(shop: Controlled) -> None:
    """Parents before children, each with what is known of it."""
    tree = shop.call("GetTree")
    assert fits("reply", "GetTree", tree)
    assert tree["application"]["pid"] == shop.init.process.pid
    assert (tree["application"]["ready"], tree["application"]["total"]) == (4, 4)
    by_path = {each["path"]: each for each in tree["services"]}
    assert list(by_path) == ["shop", "shop/db", "shop/cache", "shop/web"]
    web = by_path["shop/web"]
    assert web["kind"] == "stream-server"
    assert web["after"] == ["shop/cache"]
    assert web["listeners"][0]["endpoint"] == "tcp:0:interface=127.0.0.1"
    assert web["since"] >= tree["application"]["since"] > 1_700_000_000_000_000


def test_a_part_of_the_tree_can_be_asked_for(shop: Controlled) -> None:
    """By path, by depth, or by both."""
    assert [each["path"] for each in shop.call("GetTree", path="/web")["services"]] == ["shop/web"]
    assert [each["path"] for each in shop.call("GetTree", depth=0)["services"]] == ["shop"]
    assert shop.refusal("GetTree", depth=-1) == ("InvalidParameter", {"parameter": "depth"})


def test_a_large_tree_is_shown_whole(tmp_path: Path) -> None:
    """In portions, so that it holds up nobody; metrics then tell of the whole alone."""
    tac = """
for number in range(2500):
    each = Service()
    each.setServiceParent(application)
"""
    with controlled(tmp_path, tac) as large:
        tree = large.call("GetTree")
        assert fits("reply", "GetTree", tree)
        assert len(tree["services"]) == 2501
        assert "svcctl_service_up" not in large.call("Metrics")["text"]


def test_connections_are_counted_and_listed(shop: Controlled) -> None:
    """Open ones and all so far, with who is at the other end."""
    address = shop.call("GetTree", path="/web")["services"][0]["listeners"][0]["address"]
    host, _, port = address.partition(":")
    with socket.create_connection((host, int(port))) as client:
        client.sendall(b"hello")
        assert client.recv(100) == b"hello"
        found = shop.call("Connections")
        assert fits("reply", "Connections", found)
        (connection,) = found["connections"]
        assert connection["service"] == "shop/web"
        assert connection["peer"] == "{}:{}".format(*client.getsockname())
        assert connection["local"] == address
        assert shop.call("GetTree", path="/web")["services"][0]["connections"] == {"open": 1, "accepted": 1}
    assert shop.call("Connections", path="/db") == {"connections": []}


def test_a_service_is_stopped_and_started(shop: Controlled) -> None:
    """It stays down until then; the count of connections goes on."""
    answer = shop.call("Stop", path="shop/web")
    assert fits("reply", "Stop", answer)
    assert (answer["service"]["state"], answer["service"]["held"]) == ("stopped", True)
    assert shop.states()["shop/web"] == "stopped"
    answer = shop.call("Start", path="shop/web")
    assert fits("reply", "Start", answer)
    assert (answer["service"]["state"], answer["service"]["held"]) == ("ready", False)
    assert answer["service"]["restarts"] == 1
    shop.init.wait_for_log("service started on request")


def test_a_restart_takes_along_what_comes_after(shop: Controlled) -> None:
    """It counts as no failure."""
    answer = shop.call("Restart", path="/db")
    assert fits("reply", "Restart", answer)
    tree = shop.call("GetTree")["services"]
    assert {each["path"]: each["restarts"] for each in tree} == {
        "shop": 0,
        "shop/db": 1,
        "shop/cache": 1,
        "shop/web": 1,
    }
    assert {each["failures"] for each in tree} == {0}


def test_what_is_needed_is_not_stopped(shop: Controlled) -> None:
    """The refusal names who needs it."""
    name, facts = shop.refusal("Stop", path="/db")
    assert fits("error", name, facts)
    assert (name, facts["services"]) == ("Refused", ["shop/cache"])
    name, facts = shop.refusal("Stop", path="/")
    assert fits("error", name, facts)
    assert name == "Refused"
    assert "systemctl" in facts["hint"]


def test_what_is_not_there_is_refused_with_the_nearest_name(shop: Controlled) -> None:
    """By every method that takes a path."""
    for method in ("GetTree", "Start", "Stop", "Restart", "Reload", "Connections"):
        name, facts = shop.refusal(method, path="/wbe")
        assert fits("error", name, facts)
        assert (name, facts) == ("NotFound", {"path": "/wbe", "nearest": ["shop/web"]})


def test_a_failed_start_is_answered_with_the_reason(shop: Controlled, tmp_path: Path) -> None:
    """The service stays down, though its collection restarts what fails; all else goes on."""
    shop.call("Stop", path="/web")
    shop.call("Stop", path="/cache")
    (tmp_path / "no-cache").touch()
    name, facts = shop.refusal("Start", path="/cache")
    assert fits("error", name, facts)
    assert (name, facts["path"]) == ("Failed", "shop/cache")
    assert "ValueError: not today" in facts["reason"]
    (service,) = shop.call("GetTree", path="/cache")["services"]
    assert (service["state"], service["failures"]) == ("failed", 1)
    assert service["error"] == "ValueError: not today"
    (tmp_path / "no-cache").unlink()
    assert shop.call("Start", path="/cache")["service"]["state"] == "ready"


def test_a_service_is_reloaded_by_itself(shop: Controlled, tmp_path: Path) -> None:
    """And what has no hook says so."""
    assert shop.call("Reload", path="/db") == {}
    assert reloads(tmp_path) == ["reload db"]
    name, facts = shop.refusal("Reload", path="/web")
    assert fits("error", name, facts)
    assert name == "NotRunning"
    (tmp_path / "no-reload").touch()
    name, facts = shop.refusal("Reload", path="/db")
    assert fits("error", name, facts)
    assert (name, facts["path"]) == ("Failed", "shop/db")


def test_the_whole_application_is_reloaded_as_its_init_system_does(shop: Controlled, tmp_path: Path) -> None:
    """The answer comes when it is done, with what became of it."""
    assert shop.call("Reload") == {}
    assert reloads(tmp_path) == ["reload db", "reload cache"]
    shop.init.wait_for("RELOADING")
    (tmp_path / "no-reload").touch()
    name, facts = shop.refusal("Reload")
    assert fits("error", name, facts)
    assert name == "Failed"
    assert "bad settings" in facts["reason"]
    assert shop.still_answers()


def test_reloads_asked_for_at_once_are_all_answered(tmp_path: Path) -> None:
    """Who asks during one waits for the next, which reads what is there by then."""
    tac = """
class Slow(Named):
    async def reload(self):
        note("reload")
        while not os.path.exists("go"):
            await asyncio.sleep(0.01)
Slow("slow")
"""
    with controlled(tmp_path, tac) as slow:
        clients = [slow.raw() for _ in range(3)]
        clients[0].call("Reload")
        slow.init.wait_for("RELOADING")
        for client in clients[1:]:
            client.call("Reload")
        assert slow.call("GetTree")["application"]["phase"] == "reloading"
        (tmp_path / "go").touch()
        assert [client.reply() for client in clients] == [{"parameters": {}}] * 3
        for client in clients:
            client.socket.close()
    assert notes(tmp_path).count("reload") == 2


def test_the_log_level_is_changed_for_all_or_for_one(shop: Controlled) -> None:
    """The answer has the one before."""
    assert shop.call("SetLogLevel", level="debug") == {"before": "info"}
    shop.call("GetTree")
    shop.init.wait_for_log("control call")
    assert shop.call("SetLogLevel", level="error") == {"before": "debug"}
    answer = shop.call("SetLogLevel", level="info", logger="svcctl.runtime.runner")
    assert answer == {"before": "error"}
    assert shop.refusal("SetLogLevel", level="loud") == ("InvalidParameter", {"parameter": "level"})
    assert shop.refusal("SetLogLevel", level="info", logger="nobody") == (
        "InvalidParameter",
        {"parameter": "logger"},
    )


def test_stacks_tell_where_tasks_and_threads_stand(shop: Controlled) -> None:
    """At least those of the runner itself."""
    answer = shop.call("Stacks")
    assert fits("reply", "Stacks", answer)
    assert {"task", "thread"} <= {each["kind"] for each in answer["stacks"]}
    assert any("runner.py" in frame for each in answer["stacks"] for frame in each["frames"])


def test_metrics_are_what_prometheus_reads(shop: Controlled) -> None:
    """The text and the data say the same."""
    answer = shop.call("Metrics")
    assert fits("reply", "Metrics", answer)
    read = {
        (sample.name, tuple(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer["text"])
        for sample in family.samples
    }
    given = {
        (family["name"], tuple(sample["labels"].items())): sample["value"]
        for family in answer["families"]
        for sample in family["samples"]
    }
    assert read == given
    assert read["svcctl_service_up", (("path", "shop/web"),)] == 1
    assert read["svcctl_service_starts_total", (("path", "shop/db"),)] == 1
    assert read["process_resident_memory_bytes", ()] > 1_000_000
    assert read["svcctl_services", (("state", "ready"),)] == 4


def test_events_are_streamed(shop: Controlled) -> None:
    """Of the branch that was asked for; those of the process come in any case."""
    everything = varlink.stream(shop.path, f"{INTERFACE}.Watch", silence=20)
    branch = varlink.stream(shop.path, f"{INTERFACE}.Watch", {"path": "/web"}, silence=20)
    first = next(everything)
    assert fits("reply", "Watch", first)
    assert first["event"]["kind"] == "watching"
    assert next(branch)["event"]["path"] == "shop/web"
    shop.call("Restart", path="/cache")
    seen = [next(everything)["event"] for _ in range(8)]
    assert all(fits("reply", "Watch", {"event": each}) for each in seen)
    assert [(each["path"], each["before"], each["after"]) for each in seen] == [
        ("shop/web", "ready", "stopping"),
        ("shop/web", "stopping", "stopped"),
        ("shop/cache", "ready", "stopping"),
        ("shop/cache", "stopping", "stopped"),
        ("shop/cache", "stopped", "starting"),
        ("shop/cache", "starting", "ready"),
        ("shop/web", "stopped", "starting"),
        ("shop/web", "starting", "ready"),
    ]
    assert [next(branch)["event"]["path"] for _ in range(4)] == ["shop/web"] * 4
    shop.call("Reload")
    phases = [next(branch)["event"] for _ in range(2)]
    assert [(each["kind"], each["after"]) for each in phases] == [("phase", "reloading"), ("phase", "ready")]
    assert shop.init.stop() == 0
    assert {each["event"]["kind"] for each in branch} == {
        "phase",
        "transition",
    }  # and it ends with the process


def test_a_failure_and_its_restart_are_streamed(tmp_path: Path) -> None:
    """With the reason, the attempt and the delay; the time until the restart can be cut short."""
    tac = """
from svcctl.application.supervision import Supervision
service.IService(application).supervision = Supervision(backoff=lambda _: 60.0)
class Weak(Named):
    def startService(self):
        self.spawn(self.work())
    async def work(self):
        while not os.path.exists("fail"):
            await asyncio.sleep(0.01)
        os.unlink("fail")
        raise ValueError("out of luck")
Weak("weak")
"""
    with controlled(tmp_path, tac) as weak:
        events = varlink.stream(weak.path, f"{INTERFACE}.Watch", silence=20)
        next(events)
        (tmp_path / "fail").touch()
        seen: list[dict[str, Any]] = []
        while not seen or seen[-1]["kind"] != "restart_scheduled":
            seen.append(next(events)["event"])
            assert fits("reply", "Watch", {"event": seen[-1]})
        assert (seen[0]["after"], seen[0]["error"]) == ("failed", "ValueError: out of luck")
        assert (seen[-1]["attempt"], seen[-1]["delay"]) == (1, 60.0)
        (found,) = weak.call("GetTree", path="/weak")["services"]
        assert (found["state"], found["failures"], found["error"]) == (
            "backing_off",
            1,
            "ValueError: out of luck",
        )
        assert weak.call("Start", path="/weak")["service"]["state"] == "ready"


def test_the_service_tells_who_it_is(shop: Controlled) -> None:
    """And has its interfaces read."""
    info = varlink.call(shop.path, "org.varlink.service.GetInfo")
    assert info["interfaces"] == ["io.svcctl.Control", "org.varlink.service"]
    for name in info["interfaces"]:
        answer = varlink.call(shop.path, "org.varlink.service.GetInterfaceDescription", {"interface": name})
        assert answer == {"description": INTERFACES[name].description}
