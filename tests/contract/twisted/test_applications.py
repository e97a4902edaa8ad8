"""Applications that people run, as they come from their authors: each serves its own protocol and stops in time."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from urllib.request import urlopen

import pytest

from svcctl.testing.init import FakeInit
from svcctl.testing.unit import Limits
from tests.contract.twisted.environments import SOURCES, python_with
from tests.unit.application.test_client import free_port

PATIENCE = 25.0
#: Seconds in which each has to stop.
STOP = 10.0


def service(python: Path, folder: Path, *arguments: str, block: bool = True, **environment: str) -> FakeInit:
    """Return what runs an application in a folder."""
    return FakeInit(
        [str(python), "-P", "-m", "svcctl.runtime", *arguments],
        working_directory=folder,
        environment={"PYTHONPATH": SOURCES, **environment},
        limits=Limits(start=PATIENCE, stop=STOP, watchdog=20),
        patience=PATIENCE,
        block=block,
    )


def stops(init: FakeInit) -> bool:
    """Stop it; return whether it did within its limit, with status 0."""
    return init.stop().code == 0 and init.result == "success"


def run(python: Path, folder: Path, program: str, *arguments: str) -> str:
    """Run a program of the application's own and return what it prints."""
    command = [str(python), "-c", f"import sys; sys.argv[0] = 'x'; {program}", *arguments]
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    return subprocess.run(
        command, cwd=folder, env=environment, check=True, capture_output=True, text=True, timeout=PATIENCE
    ).stdout


def eventually(init: FakeInit, condition: Callable[[], bool], what: str) -> None:
    """Wait until something has come about."""
    init.wait_until(condition, what)


MASTER = """
from buildbot.plugins import *
c = BuildmasterConfig = {{}}
c['workers'] = [worker.Worker("w", "secret")]
c['protocols'] = {{'pb': {{'port': 'tcp:{port}:interface=127.0.0.1'}}}}
c['schedulers'] = [schedulers.Periodic(name="now", builderNames=["b"], periodicBuildTimer=3600)]
steps_ = [steps.ShellCommand(command=["echo", "hello"])]
c['builders'] = [util.BuilderConfig(name="b", workernames=["w"], factory=util.BuildFactory(steps_))]
c['buildbotURL'] = "http://127.0.0.1/"
c['buildbotNetUsageData'] = None
c['db'] = {{'db_url': "sqlite:///state.sqlite"}}
"""


def test_a_master_and_a_worker_of_buildbot_build(tmp_path: Path) -> None:
    """The .tac files are those that its own commands write; a build goes through both of them."""
    python, port = python_with("buildbot"), free_port()
    run(python, tmp_path, "from buildbot.scripts.runner import run; run()", "create-master", "master")
    worker = ("create-worker", "worker", f"127.0.0.1:{port}", "w", "secret")
    run(python, tmp_path, "from buildbot_worker.scripts.runner import run; run()", *worker)
    (tmp_path / "master" / "master.cfg").write_text(MASTER.format(port=port))
    log = tmp_path / "master" / "twistd.log"
    with (
        service(python, tmp_path / "master", "buildbot.tac") as master,
        service(python, tmp_path / "worker", "buildbot.tac") as slave,
    ):
        eventually(master, lambda: "build finished" in log.read_text(), "the build")
        assert "step 'shell' complete: success" in log.read_text()
        assert stops(slave)
        assert stops(master)
    assert "BuildMaster is stopped" in log.read_text()


def test_a_master_of_buildbot_with_a_wrong_configuration_is_a_failed_start(tmp_path: Path) -> None:
    """Under twistd it is one that says it runs, until it stops by itself."""
    python = python_with("buildbot")
    run(python, tmp_path, "from buildbot.scripts.runner import run; run()", "create-master", "master")
    (tmp_path / "master" / "master.cfg").write_text("c = BuildmasterConfig = {}\n")
    with service(python, tmp_path / "master", "buildbot.tac", block=False) as master:
        master.wait()
    assert "no workers are configured" in (tmp_path / "master" / "twistd.log").read_text()
    assert not master.sent("READY")


def test_scrapyd_serves_its_interface(tmp_path: Path) -> None:
    """Its application is an object of a module."""
    python, port = python_with("scrapyd"), free_port()
    (tmp_path / "scrapyd.conf").write_text(f"[scrapyd]\nhttp_port = {port}\nbind_address = 127.0.0.1\n")
    with service(python, tmp_path, "scrapyd.txapp:application") as init:
        with urlopen(f"http://127.0.0.1:{port}/daemonstatus.json", timeout=10) as page:
            assert json.load(page)["status"] == "ok"
        assert stops(init)


CARBON = """
[cache]
STORAGE_DIR = {folder}
LOCAL_DATA_DIR = {folder}/whisper
CONF_DIR = {folder}
LOG_DIR = {folder}
PID_DIR = {folder}
USER =
MAX_CACHE_SIZE = inf
LINE_RECEIVER_INTERFACE = 127.0.0.1
LINE_RECEIVER_PORT = {port}
ENABLE_UDP_LISTENER = False
PICKLE_RECEIVER_INTERFACE = 127.0.0.1
PICKLE_RECEIVER_PORT = {pickles}
CACHE_QUERY_INTERFACE = 127.0.0.1
CACHE_QUERY_PORT = {queries}
"""


def test_carbon_keeps_what_it_is_sent(tmp_path: Path) -> None:
    """A plug-in of twistd, which looks at the options of twistd itself."""
    python, port = python_with("carbon"), free_port()
    text = CARBON.format(folder=tmp_path, port=port, pickles=free_port(), queries=free_port())
    (tmp_path / "carbon.conf").write_text(text)
    (tmp_path / "storage-schemas.conf").write_text("[default]\npattern = .*\nretentions = 1s:1h\n")
    arguments = ("twisted:carbon-cache", "--config", "carbon.conf")
    with service(python, tmp_path, *arguments, GRAPHITE_ROOT=str(tmp_path)) as init:
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(f"shop.coins 42 {int(time.time())}\n".encode())
        kept = tmp_path / "whisper" / "shop" / "coins.wsp"
        eventually(init, kept.exists, "the metric's file")
        assert stops(init)


def test_the_mailbox_of_magic_wormhole_passes_a_text_on(tmp_path: Path) -> None:
    """Between two of its own clients, with its endpoint on the command line."""
    python, port = python_with("mailbox"), free_port()
    clients = ["--relay-url", f"ws://127.0.0.1:{port}/v1", "--transit-helper", ""]
    program = "from wormhole.cli.cli import wormhole; wormhole()"
    with service(
        python, tmp_path, "twisted:wormhole-mailbox", "--port", f"tcp:{port}:interface=127.0.0.1"
    ) as init:
        command = [
            str(python),
            "-c",
            program,
            *clients,
            "send",
            "--no-qr",
            "--code",
            "1-abc-def",
            "--text",
            "hello",
        ]
        with subprocess.Popen(
            command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as sender:
            assert run(python, tmp_path, program, *clients, "receive", "1-abc-def") == "hello\n"
            assert sender.wait(PATIENCE) == 0
        assert stops(init)


LDAP = """
from ldaptor.interfaces import IConnectedLDAPEntry
from ldaptor.inmemory import fromLDIFFile
from ldaptor.protocols.ldap.ldapserver import LDAPServer
from io import BytesIO
from twisted.application import internet, service
from twisted.internet.protocol import ServerFactory
from twisted.python.components import registerAdapter

LDIF = b'''dn: dc=shop
objectClass: dcObject
dc: shop

'''

class Factory(ServerFactory):
    protocol = LDAPServer
    def __init__(self):
        self.root = None
        fromLDIFFile(BytesIO(LDIF)).addCallback(lambda root: setattr(self, "root", root))
    def buildProtocol(self, addr):
        proto = self.protocol()
        proto.debug = self.debug = False
        proto.factory = self
        return proto

registerAdapter(lambda factory: factory.root, Factory, IConnectedLDAPEntry)
application = service.Application("ldap")
internet.TCPServer({port}, Factory(), interface="127.0.0.1").setServiceParent(service.IServiceCollection(application))
"""

#: An anonymous bind, and a search for ``dc=shop`` itself, as RFC 4511 has them on the wire.
BIND = bytes.fromhex("300c020101600702010304008000")
SEARCH = bytes.fromhex(
    "302c0201026327040764633d73686f700a01000a0100020100020100010100870b6f626a656374436c6173733000"
)


def test_a_server_of_ldap_answers(tmp_path: Path) -> None:
    """Written with ldaptor, as its manual shows it."""
    python, port = python_with("ldap"), free_port()
    (tmp_path / "ldap.tac").write_text(LDAP.format(port=port))
    with service(python, tmp_path, "ldap.tac") as init:
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.settimeout(10)
            client.sendall(BIND)
            assert re.match(rb"0.\x02\x01\x01a.\n\x01\x00", client.recv(100), re.DOTALL)
            client.sendall(SEARCH)
            assert b"dcObject" in client.recv(1000)
        assert stops(init)


@pytest.mark.parametrize("application", ["buildbot", "scrapyd", "carbon", "mailbox", "ldap"])
def test_none_of_them_knows_of_svcctl(application: str) -> None:
    """They are as their authors have published them: nothing of theirs names it."""
    (packages,) = python_with(application).parents[1].glob("lib/python*/site-packages")
    command = ["grep", "-rIl", "--include=*.py", "svcctl", str(packages)]
    assert subprocess.run(command, capture_output=True, text=True, check=False).stdout == ""
