"""The examples of the framework's manuals with the imports that they were written with."""

from __future__ import annotations

import re
import socket
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.request import urlopen

import pytest
from dnslib import DNSRecord

from tests.unit.application.test_client import free_port

if TYPE_CHECKING:
    from svcctl.testing.init import Maker

HERITAGE = Path(__file__).parents[3] / "examples/heritage"

#: Where each name came from before the files were ported.
ORIGINS = {
    "internet": "twisted.application",
    "service": "twisted.application",
    "protocol": "twisted.internet",
    "reactor": "twisted.internet",
    "wire": "twisted.protocols",
    "dns": "twisted.names",
    "hosts": "twisted.names",
    "server": "twisted.names",
    "FileLogObserver": "twisted.python.log",
    "ILogObserver": "twisted.python.log",
    "DailyLogFile": "twisted.python.logfile",
    "Application": "twisted.application.service",
    "Protocol": "twisted.internet.protocol",
    "ServerFactory": "twisted.internet.protocol",
}

#: A file as it was before it became an ASGI application: what a folder holds, over HTTP.
WEB = """
import os
from twisted.application import internet, service
from twisted.web import server, static

def getWebService():
    fileServer = server.Site(static.File(os.getcwd()))
    return internet.TCPServer(8080, fileServer)

application = service.Application("Demo application")
webService = getWebService()
webService.setServiceParent(application)
"""


def original(name: str, **numbers: int) -> str:
    """Return a file with the imports that it had, and other numbers for its ports."""
    text = WEB if name == "service.tac" else (HERITAGE / name).read_text()

    def before(found: re.Match[str]) -> str:
        names = found[2].split(", ")
        return "\n".join(f"from {ORIGINS[each]} import {each}" for each in names)

    text = re.sub(r"(?m)^from (svcctl\.application[.\w]*|names) import (.*)$", before, text)
    assert "svcctl." not in text
    for was, now in numbers.items():
        text = re.sub(rf"\b{was[1:]}\b", str(now), text)
    return text


@pytest.mark.parametrize("name", ["echo.tac", "echo_server.tac", "echo_service.tac", "echo_short.tac"])
def test_an_echo_returns_what_it_gets(fake_init: Maker, tmp_path: Path, name: str) -> None:
    """Each of the ways in which the manuals make one."""
    port = free_port()
    (tmp_path / name).write_text(original(name, _7001=port))
    (tmp_path / "somemodule.py").write_text(original("somemodule.py"))
    with fake_init(tmp_path / name, folder=tmp_path) as init:
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(b"hello")
            assert client.recv(10) == b"hello"
        assert init.stop().code == 0


def test_the_server_of_names_answers(fake_init: Maker, tmp_path: Path) -> None:
    """From the file of hosts, over UDP and TCP."""
    port = free_port()
    (tmp_path / "dns.tac").write_text(original("dns.tac", _53=port))
    question = DNSRecord.question("localhost").pack()
    with fake_init(tmp_path / "dns.tac", folder=tmp_path) as init:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(10)
            client.sendto(question, ("127.0.0.1", port))
            assert str(DNSRecord.parse(client.recv(1000)).a.rdata) == "127.0.0.1"
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(len(question).to_bytes(2) + question)
            answer = client.recv(1000)
            assert str(DNSRecord.parse(answer[2:]).a.rdata) == "127.0.0.1"
        assert init.stop().code == 0


def test_the_server_of_files_serves_them(fake_init: Maker, tmp_path: Path) -> None:
    """Those of the folder that it is run in."""
    port = free_port()
    (tmp_path / "service.tac").write_text(original("service.tac", _8080=port))
    (tmp_path / "page.txt").write_text("welcome")
    with fake_init(tmp_path / "service.tac", folder=tmp_path) as init:
        with urlopen(f"http://127.0.0.1:{port}/page.txt", timeout=10) as page:
            assert page.read() == b"welcome"
        assert init.stop().code == 0


@pytest.mark.parametrize("name", ["interfaces.tac", "my.tac"])
def test_one_that_listens_nowhere_starts_and_stops(fake_init: Maker, tmp_path: Path, name: str) -> None:
    """The aspects of an application, and its log in a file that rotates each day."""
    source = original(name).replace('"/tmp"', repr(str(tmp_path)))
    (tmp_path / name).write_text(source)
    with fake_init(tmp_path / name, folder=tmp_path) as init:
        assert init.stop().code == 0
    assert name != "my.tac" or (tmp_path / "my.log").exists()


def test_every_example_is_among_them() -> None:
    """So that a new one gets its test."""
    names = {each.name for each in HERITAGE.glob("*.tac")}
    tested = {"echo.tac", "echo_server.tac", "echo_service.tac", "echo_short.tac", "dns.tac", "service.tac"}
    assert names == tested | {"interfaces.tac", "my.tac"}
