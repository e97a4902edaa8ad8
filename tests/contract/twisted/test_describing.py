"""What an application of Twisted's says of itself before it runs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from svcctl.manifest.codec import decode
from svcctl.manifest.model import Manifest, ServiceNode
from tests.contract.twisted.conftest import HEAD

SERVERS = """
internet.TCPServer(8000, factory, interface="127.0.0.1").setServiceParent(application)
internet.TCPServer(8001, factory, interface="::1").setServiceParent(application)
internet.UNIXServer("/run/shop.sock", factory, mode=0o600).setServiceParent(application)
internet.SSLServer(8443, factory, None).setServiceParent(application)
internet.UDPServer(5353, protocol.DatagramProtocol()).setServiceParent(application)
internet.MulticastServer(5354, protocol.DatagramProtocol(), listenMultiple=True).setServiceParent(application)
internet.UNIXDatagramServer("/run/shop.dgram", protocol.DatagramProtocol()).setServiceParent(application)
strports.service("tcp:8002:interface=127.0.0.1:backlog=7", factory).setServiceParent(application)
strports.service("tcp6:8003", factory).setServiceParent(application)
strports.service("unix:/run/till.sock:mode=660", factory).setServiceParent(application)
strports.service("haproxy:tcp:8004", factory).setServiceParent(application)
"""


def described(folder: Path, source: str) -> Manifest:
    """Return the description of a file, made in a process of its own."""
    file = folder / "shop.tac"
    file.write_text(HEAD + source)
    program = (
        "import sys\nfrom svcctl.application.observing import opening\n"
        "from svcctl.loading.child import describe_here\n"
        "from svcctl.manifest.codec import encode\n"
        "opening.describing = True\n"
        "report = describe_here(sys.argv[1])\n"
        "assert report.error is None, report.error\n"
        "print(encode(report.manifest))"
    )
    command = [sys.executable, "-P", "-c", program, str(file)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=os.environ)
    return decode(done.stdout)


def children(manifest: Manifest) -> tuple[ServiceNode, ...]:
    """Return what is below the root, but for the reactor."""
    assert manifest.tree.children[0].kind == "service"
    return manifest.tree.children[1:]


def test_servers_say_where_they_listen(tmp_path: Path) -> None:
    """Whatever class opens the port; what a prefix stands in front of counts."""
    manifest = described(tmp_path, SERVERS)
    assert [each.endpoint for each in manifest.listeners()] == [
        "tcp:8000:interface=127.0.0.1",
        "tcp6:8001:interface=\\:\\:1",
        "unix:/run/shop.sock:mode=600",
        "tcp:8443",
        "udp:5353",
        "udp:5354:shared=1",
        "unixgram:/run/shop.dgram",
        "tcp:8002:interface=127.0.0.1:backlog=7",
        "tcp6:8003",
        "unix:/run/till.sock:mode=660",
        "tcp:8004",
    ]
    assert {each.kind for each in children(manifest)} == {"stream-server", "datagram-server"}


def test_clients_say_where_they_connect(tmp_path: Path) -> None:
    """So the network is open to the outside."""
    manifest = described(
        tmp_path,
        """
add(internet.TCPClient("db.example", 5432, protocol.ClientFactory()))
add(internet.UNIXClient("/run/db.sock", protocol.ClientFactory()))
add(internet.ClientService(endpoints.clientFromString(reactor, "tcp:mq.example:5672"), factory))
add(internet.ClientService(endpoints.HostnameEndpoint(reactor, "host.example", 80), factory))
""",
    )
    assert [each.connections for each in children(manifest)] == [
        ("tcp:db.example:port=5432",),
        ("unix:/run/db.sock",),
        ("tcp:mq.example:port=5672",),
        ("tcp:host.example:port=80",),
    ]
    assert manifest.needs.network == "outbound"


def test_the_tree_is_that_of_the_application(tmp_path: Path) -> None:
    """Names, classes and children; what is not Twisted's own is opaque."""
    manifest = described(
        tmp_path,
        """
m = service.MultiService(); m.setName("store"); add(m)
def count(): pass
add(internet.TimerService(1.5, count), m)
add(Loud("till"), m)
""",
    )
    (store,) = children(manifest)
    timer, till = store.children
    assert (store.path, store.kind) == ("shop/store", "collection")
    assert (timer.path, timer.kind) == ("shop/store/TimerService[0]", "timer")
    assert timer.class_name == "twisted.application.internet.TimerService"
    assert (timer.timers[0].interval_ms, timer.timers[0].callable) == (1500, "__tac__.count")
    assert (till.path, till.kind, till.class_name) == ("shop/store/till", "opaque", "__tac__.Loud")


def test_the_user_of_an_application_is_described(tmp_path: Path) -> None:
    """Under which it is run, too."""
    manifest = described(tmp_path, "application = service.Application('shop', uid=12, gid=13)")
    assert (manifest.application.name, manifest.identity.uid, manifest.identity.gid) == ("shop", 12, 13)


def test_a_service_alone_is_an_application(tmp_path: Path) -> None:
    """As it is for twistd, nearly."""
    manifest = described(tmp_path, "application = Loud('till')")
    (till,) = children(manifest)
    assert till.path == "till/till"


def test_code_that_nobody_knows_may_connect_to_others(tmp_path: Path) -> None:
    """It could not say so without being changed; an application that is all of Twisted's own is known."""
    assert described(tmp_path, "add(Loud('till'))").needs.network == "outbound"
    assert described(tmp_path, SERVERS).needs.network == "inbound"


def test_log_files_are_neither_made_nor_needed(tmp_path: Path) -> None:
    """Many applications open theirs when they are loaded, where who describes them may not write."""
    source = """
from twisted.python.log import FileLogObserver, ILogObserver
from twisted.python.logfile import DailyLogFile, LogFile
for kind in (LogFile, DailyLogFile):
    application.setComponent(ILogObserver, FileLogObserver(kind.fromFullPath("FOLDER/twistd.log")).emit)
LogFile.fromFullPath("/nonexistent/twistd.log").write("begun")
"""
    described(tmp_path, source.replace("FOLDER", str(tmp_path)))
    assert not (tmp_path / "twistd.log").exists()
