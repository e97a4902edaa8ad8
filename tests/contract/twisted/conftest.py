"""What the tests of Twisted's applications share."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from svcctl.testing.init import FakeInit, Maker

#: What the files below begin with.
HEAD = """
import os, sys
from twisted.application import internet, service, strports
from twisted.internet import defer, endpoints, protocol, reactor, task, threads
from twisted.logger import Logger

def say(*words):
    print(*words, flush=True)

class Echo(protocol.Protocol):
    def dataReceived(self, data):
        self.transport.write(data)

factory = protocol.Factory.forProtocol(Echo)

class Loud(service.Service):
    def __init__(self, name, starting=None, stopping=None):
        self.name, self.starting, self.stopping = name, starting, stopping
    def startService(self):
        say("start", self.name)
        service.Service.startService(self)
        return self.starting and self.starting()
    def stopService(self):
        say("stop", self.name)
        service.Service.stopService(self)
        return self.stopping and self.stopping()

application = service.Application("shop")
def add(child, parent=application):
    child.setServiceParent(parent)
    return child
"""

Run = Callable[..., "FakeInit"]


@pytest.fixture
def twisted_app(fake_init: Maker, tmp_path: Path) -> Run:
    """Return what puts the rest of a Twisted .tac file under a fake init."""

    def make(source: str, *arguments: str, head: str = "", **options: object) -> FakeInit:
        file = tmp_path / "shop.tac"
        file.write_text(head + HEAD + source)
        return fake_init(file, *arguments, folder=tmp_path, **options)  # type: ignore[arg-type]  # as they are given

    return make


@pytest.fixture
def failing(twisted_app: Run) -> Callable[[str], tuple[int | None, str, list[str]]]:
    """Return what runs a file to its end; it gives the exit status, the log, and what the file has said."""

    def make(source: str) -> tuple[int | None, str, list[str]]:
        with twisted_app(source, block=False) as init:
            ended = init.wait()
            return ended.code, init.stderr, init.stdout.splitlines()

    return make


def plain(log: str) -> str:
    """Return a log without times and addresses of objects."""
    return re.sub(r" at 0x[0-9a-f]+", "", re.sub(r"(?m)^\d{4}-\d\d-\d\d \S+ ", "", log))


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return the files of a key and of a certificate for ``localhost``."""
    folder = tmp_path_factory.mktemp("certificate")
    key, cert = folder / "key.pem", folder / "cert.pem"
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=localhost",
    ]
    command += ["-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(cert)]
    subprocess.run(command, check=True, capture_output=True)
    return key, cert
