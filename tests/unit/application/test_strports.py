"""Services from descriptions."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from svcctl.application import lifecycle
from svcctl.application.datagram import UDPServer
from svcctl.application.internet import StreamServerEndpointService
from svcctl.application.protocol import DatagramProtocol, Factory
from svcctl.application.strports import service
from svcctl.application.wire import Echo
from svcctl.endpoints.values import Systemd, Tcp, Udp
from svcctl.errors import EndpointError, FactoryError, StartError
from tests.unit.application.clients import talk
from tests.unit.application.conftest import Run

ECHO = Factory.forProtocol(Echo)


def test_a_description_of_a_stream_gives_a_stream_server() -> None:
    """Whatever its type."""
    made = service("tcp:8080:interface=127.0.0.1", ECHO)
    assert isinstance(made, StreamServerEndpointService)
    assert made.endpoint == Tcp(8080, "127.0.0.1")
    inherited = service("systemd:domain=INET6:name=web", ECHO)
    assert isinstance(inherited, StreamServerEndpointService)
    assert inherited.endpoint == Systemd("INET6", name="web")


def test_a_description_of_datagrams_gives_a_datagram_server() -> None:
    """Which the framework had no description for."""
    made = service("udp:53:interface=127.0.0.1", DatagramProtocol())
    assert isinstance(made, UDPServer)
    assert made.endpoint == Udp(53, "127.0.0.1")


def test_a_described_server_serves(run: Run, tmp_path: Path) -> None:
    """A path with a colon needs a backslash."""

    async def main() -> bytes:
        made = service(rf"unix:{tmp_path}/a\:b:mode=600", ECHO)
        await lifecycle.start(made)
        answer = await talk(f"{tmp_path}/a:b", b"x")
        await lifecycle.stop(made)
        return answer

    assert run(main()) == b"x"


def test_wrong_descriptions_and_factories_are_errors_where_they_are_given() -> None:
    """D17: nothing is put off."""
    with pytest.raises(EndpointError):
        service("tpc:80", ECHO)
    with pytest.raises(FactoryError):
        service("tcp:80", DatagramProtocol())
    with pytest.raises(FactoryError):
        service("udp:80", ECHO)


def test_a_described_server_that_cannot_bind_fails_the_start(tmp_path: Path) -> None:
    """D17: without any flag."""

    async def main() -> None:
        with pytest.raises(StartError, match="cannot listen on unix"):
            await lifecycle.start(service(f"unix:{tmp_path}/no/s", ECHO))

    asyncio.run(main())
