"""What people may write of where a client connects, besides the grammar: types of plug-ins."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from svcctl.application import lifecycle
from svcctl.application.clients.service import ClientService
from svcctl.application.endpoints import clientFromString
from svcctl.application.protocol import Factory, Protocol
from svcctl.endpoints.client_descriptions import resolve_client
from svcctl.endpoints.clients import TcpClient, UnixClient
from svcctl.errors import ConfigurationError, EndpointError
from tests.unit.endpoints.conftest import Install

PLUGIN = """
import asyncio
from svcctl.endpoints.clients import UnixClient
from svcctl.endpoints.values import Unix
from svcctl.errors import EndpointError

def local(name, timeout="30"):
    return UnixClient(f"/run/{name}.sock", float(timeout))

class Pair:
    def __init__(self, other):
        self.other = other
    async def connect(self, make_protocol):
        import socket
        ours, theirs = socket.socketpair()
        loop = asyncio.get_running_loop()
        await loop.create_connection(make_protocol, sock=ours)
        theirs.sendall(self.other.encode())
        theirs.close()

def fussy(*arguments):
    raise EndpointError("fussy", 0, "nothing at all")

def broken(*arguments):
    return 1 / 0

def strange(*arguments):
    return Unix("/run/s")

def unmade(*arguments):
    return Pair
"""
NAMES = {name: name for name in ("local", "fussy", "broken", "strange", "unmade", "tcp")}
ALL = "tcp, ssl, unix, tls, broken, fussy, local, pair, strange, unmade"


@pytest.fixture
def _onions(install: Install) -> None:
    entry_points = {name: f"onions_plugin:{value}" for name, value in {**NAMES, "pair": "Pair"}.items()}
    install(PLUGIN, group="svcctl.client_endpoints", **entry_points)


@pytest.mark.usefixtures("_onions")
def test_a_plug_in_gets_the_arguments_as_text_and_returns_an_endpoint() -> None:
    """By position and by name, without their backslashes; the case of the type does not count."""
    assert resolve_client(r"local:a\:b:timeout=2.5") == UnixClient("/run/a:b.sock", 2.5)
    assert clientFromString(None, "Local:a") == UnixClient("/run/a.sock")
    assert ClientService("local:a", Factory()).connecting_to() == (UnixClient("/run/a.sock"),)


@pytest.mark.usefixtures("_onions")
def test_a_client_connects_with_what_a_plug_in_returns() -> None:
    """An object that does it by itself."""
    received: list[bytes] = []

    class Listens(Protocol):
        def dataReceived(self, data: bytes) -> None:
            received.append(data)
            over.set()

    async def main() -> None:
        client: Any = ClientService("pair:hello", Factory.forProtocol(Listens))
        await lifecycle.start(client)
        await over.wait()
        await lifecycle.stop(client)

    over = asyncio.Event()
    asyncio.run(main())
    assert received == [b"hello"]


@pytest.mark.usefixtures("_onions")
def test_no_plug_in_takes_the_place_of_a_type_of_ours() -> None:
    """Whatever it is called."""
    assert resolve_client("tcp:example.org:80") == TcpClient("example.org", 80)


@pytest.mark.usefixtures("_onions")
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("broken:1", "the plug-in 'broken' of onions 1.0 failed: ZeroDivisionError: division by zero"),
        ("strange:", "the plug-in 'strange' of onions 1.0 returned Unix, neither an endpoint of clients nor"),
        ("unmade:", "the plug-in 'unmade' of onions 1.0 returned type, neither an endpoint of clients nor"),
        ("local:a:b:c", "the plug-in 'local' of onions 1.0 failed: TypeError: local() takes"),
    ],
)
def test_a_broken_plug_in_is_one_line_that_names_its_distribution(text: str, message: str) -> None:
    """And what it raised, where the description is written."""
    with pytest.raises(ConfigurationError) as caught:
        ClientService(text, Factory())
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.usefixtures("_onions")
def test_what_a_plug_in_itself_has_to_say_is_left_as_it_is() -> None:
    """It knows its arguments best."""
    with pytest.raises(EndpointError, match="nothing at all"):
        resolve_client("fussy:1")


@pytest.mark.usefixtures("_onions")
@pytest.mark.parametrize(
    ("text", "position", "expected"),
    [
        (
            "pear:1",
            0,
            f"one of the types {ALL}; did you mean 'pair'?",
        ),
        (
            "udp:53",
            0,
            f"a type of clients: {ALL} (servers alone have udp)",
        ),
        ("local:name=a:name=b", 13, "'name' once only"),
        ("", 0, "one of the types tcp, ssl, unix, tls"),
    ],
)
def test_what_is_wrong_is_an_error_that_names_the_types_there_are(
    text: str, position: int, expected: str
) -> None:
    """Those of plug-ins, too, each once."""
    with pytest.raises(EndpointError) as caught:
        resolve_client(text)
    assert (caught.value.position, caught.value.expected) == (position, expected)


@pytest.mark.usefixtures("_onions")
def test_types_of_servers_and_of_clients_are_told_apart(install: Install) -> None:
    """A distribution may have one name in both groups."""
    install(PLUGIN, "shallots", layered="shallots_plugin:strange")
    with pytest.raises(EndpointError, match="one of the types"):
        resolve_client("layered:1")


def test_two_plug_ins_of_one_type_are_an_error_that_names_both(install: Install) -> None:
    """Neither of them is taken by chance."""
    install(PLUGIN, "onions", "svcctl.client_endpoints", layered="onions_plugin:local")
    install(PLUGIN, "shallots", "svcctl.client_endpoints", Layered="shallots_plugin:local")
    with pytest.raises(ConfigurationError, match=r"claimed by onions 1\.0 and shallots 1\.0"):
        resolve_client("layered:1")
