"""Live control under clients that do not keep to the rules: logged, refused, and the service goes on."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from svcctl.runtime.control.connection import LONGEST_CALL
from svcctl.runtime.control.interfaces import INTERFACES
from svcctl.runtime.control.server import MOST_CLIENTS
from tests.contract.controlled import INTERFACE, Controlled, RawClient, controlled

GET_TREE = json.dumps({"method": f"{INTERFACE}.GetTree"}).encode()


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Controlled]:
    """Run one application for all of these tests: each leaves it as it was."""
    with controlled(tmp_path_factory.mktemp("shop")) as running:
        yield running
        assert "Traceback" not in running.init.stderr


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"hello",
        b"{",
        b"null",
        b"[]",
        b"1",
        b'"text"',
        b"{}",
        b'{"method": 1}',
        b'{"method": null}',
        b'{"method": "a.b", "parameters": []}',
        b'{"method": "a.b", "parameters": 1}',
        b'{"method": "a.b", "more": "yes"}',
        b'{"method": "a.b", "oneway": 1}',
        b'{"method": "\xff"}',
        b'{"method": NaN}',
        b'{"method": "a.b", "parameters": {"x": Infinity}}',
        b'{"method": "a.b", "parameters": {"x": ' + b"9" * 5000 + b"}}",
        b"[" * 60000,
        b'{"a":' * 12000,
        "{}".encode("utf-16"),
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    ],
    ids=range(22),
)
def test_what_is_no_call_ends_the_connection(shop: Controlled, message: bytes) -> None:
    """Without an answer, as there is nothing to answer."""
    with shop.raw() as client:
        client.send(message + b"\0")
        assert client.is_closed()
    assert shop.still_answers()


@pytest.mark.parametrize(
    ("message", "error", "carries"),
    [
        ({"method": "GetTree"}, "InterfaceNotFound", {"interface": ""}),
        ({"method": ""}, "InterfaceNotFound", {"interface": ""}),
        ({"method": "no.such.Thing"}, "InterfaceNotFound", {"interface": "no.such"}),
        ({"method": f"{INTERFACE}.Gettree"}, "MethodNotFound", {"method": f"{INTERFACE}.Gettree"}),
        ({"method": f"{INTERFACE}."}, "MethodNotFound", {"method": f"{INTERFACE}."}),
        ({"method": f"{INTERFACE}.__class__"}, "MethodNotFound", {"method": f"{INTERFACE}.__class__"}),
        ({"method": f"{INTERFACE}.Stop"}, "InvalidParameter", {"parameter": "path"}),
        (
            {"method": f"{INTERFACE}.Stop", "parameters": {"path": 1}},
            "InvalidParameter",
            {"parameter": "path"},
        ),
        (
            {"method": f"{INTERFACE}.Stop", "parameters": {"path": "/web", "force": True}},
            "InvalidParameter",
            {"parameter": "force"},
        ),
        (
            {"method": "org.varlink.service.GetInfo", "parameters": {"": 0}},
            "InvalidParameter",
            {"parameter": ""},
        ),
        (
            {"method": f"{INTERFACE}.GetTree", "parameters": {"depth": 1 << 80}},
            "InvalidParameter",
            {"parameter": "depth"},
        ),
        ({"method": f"{INTERFACE}.GetTree", "upgrade": True}, "InvalidParameter", {"parameter": "upgrade"}),
        ({"method": f"{INTERFACE}.Watch"}, "ExpectedMore", {}),
        (
            {"method": "org.varlink.service.GetInterfaceDescription", "parameters": {"interface": "../x"}},
            "InterfaceNotFound",
            {"interface": "../x"},
        ),
    ],
    ids=range(14),
)
def test_what_cannot_be_called_is_answered_by_an_error(
    shop: Controlled, message: dict[str, Any], error: str, carries: dict[str, Any]
) -> None:
    """One of Varlink's own; the connection goes on."""
    with shop.raw() as client:
        client.send(json.dumps(message).encode() + b"\0")
        assert client.reply() == {"error": f"org.varlink.service.{error}", "parameters": carries}
        client.send(GET_TREE + b"\0")
        assert "parameters" in client.reply()


@pytest.mark.parametrize(
    "path", ["", "//", "///", "shop/", "shop//web", "../web", "\0", "\ud800", "/" * 5000, "%2F", "shop/web/x"]
)
def test_hostile_paths_are_not_found(shop: Controlled, path: str) -> None:
    """Or are a harmless way to write a known one."""
    with shop.raw() as client:
        client.call("Stop", parameters={"path": path})
        error = client.reply()["error"]
    assert error in {f"{INTERFACE}.NotFound", f"{INTERFACE}.Refused"}
    assert shop.still_answers()


def test_a_message_that_is_too_long_ends_the_connection(shop: Controlled) -> None:
    """Before all of it has come."""
    with shop.raw() as client:
        client.send(b'{"method": "' + b"x" * (LONGEST_CALL + 300_000))
        assert client.is_closed()
    assert shop.still_answers()
    shop.init.wait_for_log("control client refused")


def test_a_message_of_the_greatest_length_is_answered(shop: Controlled) -> None:
    """In pieces, too."""
    padded = GET_TREE[:-1] + b" " * (LONGEST_CALL - len(GET_TREE)) + b"}"
    with shop.raw() as client:
        for start in range(0, len(padded), 5000):
            client.send(padded[start : start + 5000])
        client.send(b"\0")
        assert client.reply()["parameters"]["application"]["name"] == "shop"


def test_calls_that_come_at_once_are_answered_in_order(shop: Controlled) -> None:
    """Each after the one before it, however many there are."""
    with shop.raw() as client:
        for number in range(300):
            client.call("GetTree", parameters={"path": "/web" if number % 2 else "/db"})
        answers = [client.reply()["parameters"]["services"][0]["path"] for _ in range(300)]
    assert answers == ["shop/db", "shop/web"] * 150


def test_a_call_without_an_answer_is_done(shop: Controlled) -> None:
    """And the next one on the same connection is answered."""
    with shop.raw() as client:
        client.call("SetLogLevel", parameters={"level": "info"}, oneway=True)
        client.call("Nothing", oneway=True)
        client.call("GetTree", parameters={"path": "/web"})
        assert client.reply()["parameters"]["services"][0]["path"] == "shop/web"


def test_a_half_closed_client_is_answered_and_let_go(shop: Controlled) -> None:
    """What it has asked completely is done; a half message is not."""
    with shop.raw() as client:
        client.send(GET_TREE + b"\0" + GET_TREE + b"\0" + GET_TREE[:10])
        client.socket.shutdown(socket.SHUT_WR)
        for _ in range(2):
            assert client.reply()["parameters"]["application"]["name"] == "shop"
        assert client.is_closed()
    with shop.raw() as client:
        client.socket.shutdown(socket.SHUT_WR)
        assert client.is_closed()


def test_a_half_closed_watcher_is_let_go(shop: Controlled) -> None:
    """It may be gone for good, which nobody could tell from silence."""
    with shop.raw() as client:
        client.call("Watch", more=True)
        assert client.reply()["parameters"]["event"]["kind"] == "watching"
        client.socket.shutdown(socket.SHUT_WR)
        assert client.is_closed()


def test_a_client_that_leaves_before_its_answer_harms_nobody(shop: Controlled) -> None:
    """Whatever it has asked for is done."""
    for _ in range(50):
        with shop.raw() as client:
            client.call("Restart", parameters={"path": "/web"})
    assert shop.call("Restart", path="/web")["service"]["state"] == "ready"


def test_a_client_that_never_reads_holds_up_nobody(tmp_path: Path) -> None:
    """It is cut off after a while; the process keeps a bounded part of its answers."""
    with controlled(tmp_path) as shop, shop.raw() as client:
        client.socket.settimeout(0)
        sent = 0
        try:
            while sent < 50_000_000:
                sent += client.socket.send((GET_TREE + b"\0") * 100)
        except BlockingIOError:
            pass
        assert shop.still_answers()
        shop.init.wait_for_log("it does not read")
        memory = Path(f"/proc/{shop.init.process.pid}/statm").read_text().split()[1]
        assert int(memory) * os.sysconf("SC_PAGE_SIZE") < 100_000_000


def test_a_watcher_that_never_reads_is_told_how_much_it_has_lost(tmp_path: Path) -> None:
    """When it reads again in time; nothing piles up for it meanwhile."""
    with controlled(tmp_path) as shop, shop.raw() as client:
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.call("Watch", parameters={"path": "/web"}, more=True)
        client.reply()
        with shop.raw() as other:
            for _ in range(1500):
                other.call("Restart", parameters={"path": "/web"}, oneway=True)
            other.call("GetTree")
            other.reply()
        lost, seen = 0, 0
        while not lost:
            event = client.reply()["parameters"]["event"]
            seen += 1
            lost = event.get("lost", 0)
            if seen > 100 and not lost and seen % 100 == 0:
                shop.call("Restart", path="/web")
        assert seen + lost > 1500


def test_a_message_that_does_not_end_is_not_waited_for(tmp_path: Path) -> None:
    """The connection is closed after some seconds."""
    with controlled(tmp_path) as shop, shop.raw() as client:
        client.send(GET_TREE)
        assert client.is_closed()
        assert "its message does not end" in shop.init.stderr


def test_idle_clients_give_way_to_new_ones(shop: Controlled) -> None:
    """Nobody can take all places for good."""
    idle = [shop.raw() for _ in range(MOST_CLIENTS + 5)]
    assert shop.still_answers()
    assert idle[0].is_closed()
    for client in idle:
        client.socket.close()
    assert shop.still_answers()


def test_another_user_cannot_connect(shop: Controlled) -> None:
    """Nor one who has got hold of the socket in another way."""
    if os.geteuid() != 0:
        pytest.skip("only root can become somebody else")
    become = "import os, socket, sys; os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
    connect = f"{become}sys.exit(socket.socket(socket.AF_UNIX).connect_ex(sys.argv[1]))"
    folder = Path(shop.path).parent
    for above in folder.parents:
        if str(above).startswith("/tmp/"):  # noqa: S108 (the folders of the test, which root alone may enter)
            above.chmod(0o755)
    folder.chmod(0o755)
    refused = subprocess.run([sys.executable, "-c", connect, shop.path], check=False)
    assert refused.returncode == 13
    Path(shop.path).chmod(0o666)
    connect = (
        f"{become}s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])\n"
        "s.sendall(sys.argv[2].encode() + b'\\0'); sys.exit(len(s.recv(100)))"
    )
    command = [sys.executable, "-c", connect, shop.path, GET_TREE.decode()]
    read = subprocess.run(command, check=False, stderr=subprocess.DEVNULL)
    Path(shop.path).chmod(0o600)
    folder.chmod(0o700)
    assert read.returncode in {0, 1}  # nothing, or a reset, and not an answer
    assert shop.still_answers()


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=10,
)
_names = st.sampled_from(
    [f"{interface}.{method}" for interface, known in INTERFACES.items() for method in known.methods]
)
_parameters = st.dictionaries(
    st.sampled_from(["path", "depth", "level", "logger", "interface"]) | st.text(max_size=5),
    _json,
    max_size=3,
)
_calls = st.fixed_dictionaries(
    {"method": _names},
    optional={
        "parameters": _parameters | _json,
        "more": _json,
        "oneway": _json,
        "upgrade": _json,
        "x": _json,
    },
)

FUZZ = settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])


def exchange(client: RawClient, data: bytes) -> list[dict[str, Any]]:
    """Send bytes and nothing more; return the replies until the service closes the connection."""
    client.send(data)
    try:
        client.socket.shutdown(socket.SHUT_WR)
    except OSError:
        return []
    replies = []
    try:
        while True:
            replies.append(client.reply())
    except (EOFError, ConnectionResetError):
        return replies


@FUZZ
@given(call=_calls)
def test_any_call_is_answered_or_refused(shop: Controlled, call: dict[str, Any]) -> None:
    """With what the interface describes."""
    with shop.raw() as client:
        for reply in exchange(client, json.dumps(call).encode() + b"\0"):
            error = reply.get("error")
            if error is not None:
                interface, _, name = error.rpartition(".")
                described = INTERFACES[interface].errors[name]
            else:
                interface, _, name = call["method"].rpartition(".")
                described = INTERFACES[interface].methods[name].gives
            assert INTERFACES[interface].wrong(described, reply["parameters"]) is None
    assert shop.init.sent("STOPPING") == []


@FUZZ
@given(data=st.binary(max_size=300) | st.lists(st.binary(max_size=50)).map(b"\0".join))
def test_any_bytes_end_the_connection_or_are_answered(shop: Controlled, data: bytes) -> None:
    """Never more than that."""
    with shop.raw() as client:
        for reply in exchange(client, data):
            assert set(reply) <= {"error", "parameters", "continues"}


def test_after_all_that_the_service_is_as_before(shop: Controlled) -> None:
    """And the log is not full of it."""
    assert shop.call("Restart", path="/db")["service"]["state"] == "ready"
    shop.call("Start", path="/web")
    assert shop.still_answers()
    assert len(shop.init.stderr.splitlines()) < 2000
