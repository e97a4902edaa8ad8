"""Services from descriptions."""

from __future__ import annotations

import asyncio
from importlib import metadata
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from svcctl.application import lifecycle
from svcctl.application.datagrams.udp import UDPServer
from svcctl.application.datagrams.unix import UNIXDatagramServer
from svcctl.application.endpoints import quoteStringArgument
from svcctl.application.internet import StreamServerEndpointService
from svcctl.application.protocol import DatagramProtocol, Factory
from svcctl.application.service import Service
from svcctl.application.strports import listen, service
from svcctl.application.wire import Echo
from svcctl.endpoints.rare import Haproxy, Tls, Unixgram
from svcctl.endpoints.values import Systemd, Tcp, Udp, Unix
from svcctl.errors import BindError, EndpointError, FactoryError, StartError, UsageError
from tests.unit.application.clients import connect, talk, until
from tests.unit.application.conftest import Run
from tests.unit.application.reacting import application, fresh_reactor, start  # noqa: F401 (a fixture)

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
    assert service("udp:5353:shared=1", DatagramProtocol()).listening_on() == (Udp(5353, shared=True),)


def test_rarer_types_give_services_of_their_own() -> None:
    """Each of its kind."""
    gram = service("unixgram:/run/x:mode=600", DatagramProtocol())
    assert isinstance(gram, UNIXDatagramServer)
    assert gram.listening_on() == (Unixgram("/run/x", 0o600),)
    proxied = service("haproxy:tcp:80", ECHO)
    assert proxied.listening_on() == (Haproxy(Tcp(80)),)
    assert service("tls:/etc/certs", ECHO).listening_on() == (Tls("/etc/certs"),)
    assert service("unix:/run/x:lockfile=0", ECHO).listening_on() == (Unix("/run/x", lockfile=False),)


def test_an_old_spelling_is_a_tcp_server_with_a_warning_at_its_line() -> None:
    """The type of those without one may be given, too."""
    with pytest.warns(DeprecationWarning, match="write 'tcp:8080'") as caught:
        assert service("8080", ECHO).listening_on() == (Tcp(8080),)
    assert caught[0].filename == __file__
    with pytest.warns(DeprecationWarning, match="write 'unix:/run/s'"):
        assert service("/run/s", ECHO, default="unix").listening_on() == (Unix("/run/s"),)
    with pytest.warns(DeprecationWarning, match="write 'tcp:port=80'") as caught:
        assert StreamServerEndpointService("port=80", ECHO).endpoint == Tcp(80)
    assert caught[0].filename == __file__


def test_a_plug_in_may_make_services(monkeypatch: pytest.MonkeyPatch) -> None:
    """It gets the factory as it is; what is no service is refused."""

    class Maker:
        def service(self, factory: Any) -> Any:  # noqa: ANN401 (a plug-in may take and make anything)
            return Service() if factory is ECHO else factory

    entry_point = EntryPoint("onion", "onions:Maker", "svcctl.endpoints")
    monkeypatch.setattr(metadata, "entry_points", lambda **_: [entry_point])
    monkeypatch.setattr(EntryPoint, "load", lambda _: lambda *_: Maker())
    assert type(service("onion:", ECHO)) is Service
    with pytest.raises(FactoryError, match="is no service"):
        service("onion:", 42)
    with pytest.raises(UsageError):
        StreamServerEndpointService("onion:", ECHO)


def test_a_port_is_opened_at_once_and_closed_by_whoever_has_it(run: Run) -> None:
    """It belongs to the application that runs."""

    async def main() -> None:
        root = await start(application())
        port = listen("tcp:0:interface=127.0.0.1", ECHO)
        address = port.getHost()
        await until(lambda: port.service.running)
        assert await talk(address, b"x") == b"x"
        await port.stopListening()
        with pytest.raises(ConnectionRefusedError):
            await connect(address)
        with pytest.raises(UsageError, match="accepts no connections"):
            listen("stdio:", ECHO)
        with pytest.raises(BindError):
            listen("tcp:0:interface=192.0.2.1", ECHO)
        await lifecycle.stop(root)

    run(main())


def test_a_quoted_argument_is_read_as_it_was() -> None:
    """Whatever is in it."""
    path = "/a:b=c\\d"
    assert service(f"unix:{quoteStringArgument(path)}", ECHO).listening_on() == (Unix(path),)


@pytest.mark.parametrize("command", [("socat", "-t5", "-", "UNIX-CONNECT:{}"), ("ncat", "-U", "{}")])
def test_real_programs_talk_to_a_described_path(run: Run, tmp_path: Path, command: tuple[str, ...]) -> None:
    """Over a stream socket."""
    path = f"{tmp_path}/s"

    async def main() -> bytes:
        made = service(f"unix:{path}", ECHO)
        await lifecycle.start(made)
        words = [word.format(path) for word in command]
        client = await asyncio.create_subprocess_exec(
            *words, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        answer, _ = await client.communicate(b"hello")
        await lifecycle.stop(made)
        return answer

    assert run(main()) == b"hello"
    assert list(tmp_path.iterdir()) == []


def test_a_real_program_sends_datagrams_to_a_described_path(run: Run, tmp_path: Path) -> None:
    """And has its answer at a path of its own."""

    class Upper(DatagramProtocol):
        def datagramReceived(self, datagram: bytes, addr: Any) -> None:  # noqa: ANN401 (as in the base class)
            self.transport.write(datagram.upper(), addr)

    async def main() -> bytes:
        made = service(f"unixgram:{tmp_path}/s", Upper())
        await lifecycle.start(made)
        address = f"UNIX-SENDTO:{tmp_path}/s,bind={tmp_path}/c"
        client = await asyncio.create_subprocess_exec(
            "socat", "-T5", "-", address, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        assert client.stdin is not None
        assert client.stdout is not None
        client.stdin.write(b"hello")
        answer = await client.stdout.readexactly(5)
        client.stdin.close()
        await client.wait()
        await lifecycle.stop(made)
        return answer

    assert run(main()) == b"HELLO"


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
