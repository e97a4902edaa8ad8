"""Figures and health over HTTP, asked for by curl."""

from __future__ import annotations

import re
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from prometheus_client.parser import text_string_to_metric_families

from svcctl.application.monitoring import MonitoringServer
from svcctl.application.service import Application
from svcctl.errors import EndpointError, UsageError
from svcctl.manifest.model import Origin
from tests.contract.running import notes, supervise
from tests.fakes.init import FakeInit

MONITORED = """
from svcctl.application.monitoring import MonitoringServer
import time
class Telling(MonitoringServer):
    def startService(self):
        result = super().startService()
        note(f"port {self.address[1]}")
        return result
Telling("tcp:0:interface=127.0.0.1", most_lag=0.3).setServiceParent(application)
class Slow(Service):
    async def startService(self):
        while not os.path.exists("go"):
            await asyncio.sleep(0.01)
    async def stopService(self):
        while not os.path.exists("stop"):
            await asyncio.sleep(0.01)
    async def drain(self):
        while not os.path.exists("drained"):
            await asyncio.sleep(0.01)
slow = Slow()
slow.setName("slow")
slow.setServiceParent(application)
"""

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not there")


class Answer(NamedTuple):
    """What curl got."""

    status: int
    kind: str
    body: str


class Monitored(NamedTuple):
    """A running application that is monitored."""

    init: FakeInit
    port: int

    def get(self, path: str, *options: str) -> Answer:
        """Ask for a page."""
        url = f"http://127.0.0.1:{self.port}{path}"
        command = ["curl", "--silent", "--show-error", "--max-time", "20", "--noproxy", "*"]
        form = "\n%{http_code} %{content_type}"
        result = subprocess.run(
            [*command, "--write-out", form, *options, url], capture_output=True, text=True, check=True
        )
        body, _, last = result.stdout.rpartition("\n")
        status, _, kind = last.partition(" ")
        return Answer(int(status), kind, body)

    def raw(self, data: bytes) -> bytes:
        """Send bytes and nothing more; return all that comes until the connection ends."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as client:
            client.sendall(data)
            client.shutdown(socket.SHUT_WR)
            found = b""
            while part := client.recv(65536):
                found += part
            return found


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Monitored]:
    """Run an application whose second service waits for a file."""
    with supervise(tmp_path, MONITORED) as init:
        init.wait_for("STATUS", "1/3 ready, waiting for shop/slow")
        yield Monitored(init, int(notes(tmp_path)[0].split()[1]))


def ready(shop: Monitored, folder: Path) -> None:
    """Let the application become ready."""
    (folder / "go").touch()
    shop.init.wait_for("READY")


def test_it_is_ready_from_the_end_of_the_start_to_the_beginning_of_the_stop(
    shop: Monitored, tmp_path: Path
) -> None:
    """And alive all the time; else there is a reason."""
    assert shop.get("/readyz") == Answer(
        503, "text/plain; charset=utf-8", "shop is starting: 1/3 ready, waiting for shop/slow\n"
    )
    assert shop.get("/livez").status == 200
    ready(shop, tmp_path)
    assert shop.get("/readyz") == Answer(200, "text/plain; charset=utf-8", "ok\n")
    shop.init.kill(signal.SIGTERM)
    shop.init.wait_for("STOPPING")
    draining = shop.get("/readyz")
    assert (draining.status, draining.body.partition(":")[0]) == (503, "shop is stopping")
    assert shop.get("/livez").status == 200
    for name in ("drained", "stop"):
        (tmp_path / name).touch()
    assert shop.init.wait() == 0


def test_metrics_are_what_prometheus_reads(shop: Monitored, tmp_path: Path) -> None:
    """From before the first start on."""
    ready(shop, tmp_path)
    answer = shop.get("/metrics")
    assert (answer.status, answer.kind) == (200, "text/plain; version=0.0.4; charset=utf-8")
    read = {
        (sample.name, sample.labels.get("path", "")): sample.value
        for family in text_string_to_metric_families(answer.body)
        for sample in family.samples
    }
    assert read["svcctl_ready", ""] == 1
    assert read["svcctl_service_starts_total", "shop"] == 1
    assert read["svcctl_service_starts_total", "shop/slow"] == 1
    assert read["svcctl_loop_lag_seconds", ""] >= 0
    assert (tmp_path / "notes").exists()


def test_a_loop_that_was_late_makes_it_unready_for_a_moment(tmp_path: Path) -> None:
    """With how late it was."""
    tac = f"""{MONITORED}
class Blocking(Service):
    def startService(self):
        self.spawn(self.block())
    async def block(self):
        while True:
            if os.path.exists("block"):
                time.sleep(0.8)
            await asyncio.sleep(0.05)
Blocking().setServiceParent(application)
"""
    with supervise(tmp_path, tac) as init:
        init.wait_for("STATUS", "1/4 ready, waiting for shop/slow")
        shop = Monitored(init, int(notes(tmp_path)[0].split()[1]))
        ready(shop, tmp_path)
        (tmp_path / "block").touch()
        answers = [shop.get("/readyz") for _ in range(10)]
        late = [answer for answer in answers if answer.status == 503]
        assert late != []
        assert "the event loop is" in late[0].body


@pytest.mark.parametrize(
    ("path", "options", "status"),
    [
        ("/", (), 200),
        ("/nothing", (), 404),
        ("/livez?verbose", (), 200),
        ("/livez", ("--head",), 200),
        ("/livez", ("--http1.0",), 200),
        ("/livez", ("--request", "DELETE"), 405),
        ("/livez", ("--data", "x"), 413),
        ("/livez", ("--header", "Transfer-Encoding: chunked", "--data", "x"), 413),
        ("/livez", ("--header", f"X: {'x' * 9000}"), 431),
    ],
)
def test_only_pages_are_given(shop: Monitored, path: str, options: tuple[str, ...], status: int) -> None:
    """To whom asks for them in the usual way."""
    assert shop.get(path, *options).status == status


def test_requests_on_one_connection_are_answered_in_order(shop: Monitored) -> None:
    """Also those that come at once; it ends with one that is wrong."""
    asked = b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"
    answered = shop.raw(asked + asked.replace(b"livez", b"readyz") + b"nonsense\r\n\r\n" + asked)
    assert re.findall(rb"HTTP/1.1 (\d+)", answered) == [b"200", b"503", b"400"]
    assert answered.count(b"Connection: close") == 1


@pytest.mark.parametrize("data", [b"", b"GET", b"\0" * 100, b"\r\n" * 5000, b"\xff\r\n\r\n", b"x" * 100_000])
def test_what_is_no_request_ends_the_connection(shop: Monitored, data: bytes) -> None:
    """And nothing else."""
    assert b"HTTP/1.1 200" not in shop.raw(data)
    assert shop.get("/livez").status == 200


def test_its_endpoint_is_described_like_any_other() -> None:
    """So that a unit opens it."""
    application = Application("shop")
    MonitoringServer("tcp:9100:interface=127.0.0.1").setServiceParent(application)
    (node,) = application.describe(Origin(kind="tac", digest="0" * 64)).tree.children
    assert [listener.endpoint for listener in node.listeners] == ["tcp:9100:interface=127.0.0.1"]


def test_wrong_arguments_are_refused_where_they_are_given() -> None:
    """An endpoint that is none, a time that is none."""
    with pytest.raises(EndpointError):
        MonitoringServer("tcp:x")
    for wrong in (0, -1, float("nan"), float("inf"), True, "1"):
        with pytest.raises(UsageError):
            MonitoringServer("tcp:9100", most_lag=wrong)  # type: ignore[arg-type]  # what is wrong with it
