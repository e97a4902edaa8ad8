"""Applications of Twisted's as people run them, on a real systemd: started by a connection, restarted under load, stopped.

Each is installed by the command that the manual has for it, and speaks its own protocol.
"""

from __future__ import annotations

import pickle
import re
import struct
from pathlib import Path

import pytest

from tests.contract.twisted.test_applications import BIND, LDAP, MASTER
from tests.systemd.apps import App, named, put
from tests.systemd.machine import Machine, wait_until
from tests.systemd.trees import SUITES
from tests.systemd.twisted_environment import WHERE
from tests.systemd.under_load import under_load

RESTARTS = 2
PAGE = b"GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


everywhere = pytest.mark.parametrize("twisted_machine", SUITES, indirect=True)


ALL_READY = re.compile(r"(\d+)/\1 ready")


def installed(
    app: App, target: str, *arguments: str, options: tuple[str, ...] = (), grows: bool = False
) -> None:
    """Install what an application is, and look at how it runs; one that grows adds services to itself meanwhile."""
    python = ("--python", f"{WHERE}/bin/python")
    app.machine.run(["svcctl", "install", *python, "--name", app.name, *options, "--now", target, *arguments])
    assert app.property("Type").startswith("notify")

    def is_ready() -> bool:
        return ALL_READY.fullmatch(app.property("StatusText")) is not None

    assert wait_until(is_ready) if grows else is_ready(), app.property("StatusText")
    user = app.machine.run(["stat", "-c", "%u", f"/proc/{app.property('MainPID')}"]).stdout
    assert int(user) != 0
    assert (app.property("ProtectSystem"), app.property("NoNewPrivileges")) == ("strict", "yes")


def endures(app: App, asked: bytes, wanted: bytes) -> None:
    """Have it started by a question, restarted while many ask, and stopped."""
    app.machine.run(["systemctl", "stop", app.service])
    with app.machine.socket() as client:
        client.connect(("127.0.0.1", app.port))
        client.sendall(asked)
        with client.makefile("rb", buffering=0) as reader:
            answer = b""
            while wanted not in answer and (more := reader.read(1000)):
                answer += more
    assert wanted in answer
    app.machine.wait_for_property(app.service, "ActiveState", "active")  # some answer before all is ready
    restart = ("systemctl", "restart", app.service)
    load = under_load(app.machine, app.port, RESTARTS, *restart, said=(asked, wanted))
    assert (load.done, load.others) == (RESTARTS, {})
    stops(app)


def stops(app: App) -> None:
    """Stop it, and see that it did so by itself, in time."""
    app.machine.run(["systemctl", "stop", app.service])
    assert (app.property("ActiveState"), app.property("Result")) == ("inactive", "success")
    assert app.property("ExecMainStatus") == "0"


@everywhere
def test_a_file_of_twisted_is_a_service_like_any_other(twisted_machine: Machine) -> None:
    """Its tree, its log, its reload and its watchdog, which is its reactor's."""
    app = put(twisted_machine, "twisted")
    installed(app, app.path, options=("--set=Service.WatchdogSec=3s",))
    shown = twisted_machine.run(["svcctl", "status", app.name]).stdout
    assert re.search(rf"\n +TCPServer\[1\] +ready .* tcp:{app.port}:interface=127.0.0.1\n", shown)
    twisted_machine.run(["svcctl", "reload", app.name])
    twisted_machine.systemctl("reload", app.name)
    assert [app.ask("reloads?"), app.ask("warn")] == ["2", "warn"]
    twisted_machine.run(["journalctl", "--sync"])
    said = twisted_machine.run(["svcctl", "logs", app.name]).stdout
    assert f"warning {app.name}[{app.property('MainPID')}]: 3 coins coins=3" in said
    with twisted_machine.socket() as client:
        client.connect(("127.0.0.1", app.port))
        client.sendall(b"block\n")
        twisted_machine.wait_for_property(app.service, "NRestarts", "1")
    twisted_machine.wait_for_property(app.service, "ActiveState", "active")
    assert "lineReceived" in twisted_machine.journal(app.service)
    endures(app, b"hello\n", b"hello")


@everywhere
def test_scrapyd_crawls(twisted_machine: Machine) -> None:
    """A project is sent to it, and its spider is a program that it starts, in its sandbox."""
    app = named(twisted_machine, "scrapyd")
    twisted_machine.write(
        "/etc/scrapyd/scrapyd.conf", f"[scrapyd]\nhttp_port = {app.port}\npoll_interval = 0.5\n"
    )
    installed(app, "scrapyd.txapp:application", options=("--env", "HOME=/var/lib/Scrapyd"))
    program = Path(__file__).with_name("crawl.py").read_text()
    crawled = twisted_machine.run(["python3", "-c", program, str(app.port)]).stdout
    assert "[coins] INFO: seen: Scrapyd" in crawled
    endures(app, PAGE % b"/daemonstatus.json", b'"status": "ok"')


CARBON = """
[cache]
STORAGE_DIR = .
LOCAL_DATA_DIR = whisper
CONF_DIR = /etc/carbon
LOG_DIR = .
PID_DIR = .
USER =
MAX_CACHE_SIZE = inf
LINE_RECEIVER_INTERFACE = 127.0.0.1
LINE_RECEIVER_PORT = LINES
ENABLE_UDP_LISTENER = False
PICKLE_RECEIVER_INTERFACE = 127.0.0.1
PICKLE_RECEIVER_PORT = PICKLES
CACHE_QUERY_INTERFACE = 127.0.0.1
CACHE_QUERY_PORT = QUERIES
"""


def test_carbon_keeps_what_it_is_sent(twisted_machine: Machine) -> None:
    """It writes below its state folder; systemd opens the port for queries, which it tells of."""
    app = named(twisted_machine, "carbon")
    lines, pickles = twisted_machine.free_port(), twisted_machine.free_port()
    text = CARBON.replace("LINES", str(lines)).replace("PICKLES", str(pickles))
    twisted_machine.write("/etc/carbon/carbon.conf", text.replace("QUERIES", str(app.port)))
    twisted_machine.write("/etc/carbon/storage-schemas.conf", "[default]\npattern = .*\nretentions = 1s:1h\n")
    arguments = ("--config", "/etc/carbon/carbon.conf")
    installed(app, "twisted:carbon-cache", *arguments, options=("--env", "GRAPHITE_ROOT=."))
    now = twisted_machine.run(["date", "+%s"]).stdout.strip()
    with twisted_machine.socket() as client:
        client.connect(("127.0.0.1", lines))
        client.sendall(f"shop.coins 42 {now}\n".encode())
    kept = ["test", "-e", "/var/lib/private/carbon-cache/whisper/shop/coins.wsp"]
    assert wait_until(lambda: twisted_machine.run(kept, check=False).returncode == 0)
    query = pickle.dumps({"type": "cache-query", "metric": "shop.coins"}, protocol=2)
    endures(app, struct.pack("!I", len(query)) + query, b"datapoints")


def test_the_mailbox_of_magic_wormhole_passes_a_text_on(twisted_machine: Machine) -> None:
    """Between two of its own clients; its database is in its state folder."""
    app = named(twisted_machine, "mailbox")
    installed(app, "twisted:wormhole-mailbox", "--port", f"tcp:{app.port}:interface=127.0.0.1")
    wormhole = f"{WHERE}/bin/wormhole --relay-url ws://127.0.0.1:{app.port}/v1 --transit-helper ''"
    both = f"{wormhole} send --no-qr --code 1-abc-def --text hello & {wormhole} receive 1-abc-def && wait $!"
    assert "\nhello\n" in f"\n{twisted_machine.run(['bash', '-c', both]).stdout}"
    assert (
        twisted_machine.run(["test", "-e", "/var/lib/private/wormhole-mailbox/relay.sqlite"]).returncode == 0
    )
    endures(app, PAGE % b"/", b"Wormhole Relay")


def test_a_server_of_ldap_answers(twisted_machine: Machine) -> None:
    """An anonymous bind succeeds, as RFC 4511 has it on the wire."""
    app = named(twisted_machine, "ldap")
    twisted_machine.write(app.path, LDAP.format(port=app.port))
    installed(app, app.path)
    endures(app, BIND, b"\x61\x07\x0a\x01\x00")


#: Opens the port of the master, of which only its own configuration knows.
SOCKET = "[Socket]\nListenStream=127.0.0.1:{port}\n"
#: They write beside their files, as the user whose they are.
OPTIONS = ("User=buildbot", "DynamicUser=no", "ReadOnlyPaths=", "ReadWritePaths=/var/lib/buildbot/{name}")


def created(app: App, kind: str, *command: str) -> tuple[str, tuple[str, ...]]:
    """Make a master or a worker by its own command; return its file and the options of the installation."""
    become = ("setpriv", "--reuid=buildbot", "--regid=buildbot", "--init-groups")
    folder = f"/var/lib/buildbot/{app.name}"
    app.machine.run([*become, f"{WHERE}/bin/{command[0]}", f"create-{kind}", folder, *command[1:]])
    app.machine.run(["chmod", "600", f"{folder}/buildbot.tac"])
    options = (f"--set=Service.{each.format(name=app.name)}" for each in OPTIONS)
    return f"{folder}/buildbot.tac", tuple(options)


def test_a_master_and_a_worker_of_buildbot_build(twisted_machine: Machine) -> None:
    """The .tac files are those that its own commands write, in the folders that they have made."""
    master, worker = named(twisted_machine, "master"), named(twisted_machine, "worker")
    twisted_machine.run(["useradd", "--system", "--create-home", "--home-dir=/var/lib/buildbot", "buildbot"])
    file, options = created(master, "master", "buildbot")
    log = f"/var/lib/buildbot/{master.name}/twistd.log"
    twisted_machine.write(f"/var/lib/buildbot/{master.name}/master.cfg", MASTER.format(port=master.port))
    installed(master, file, options=options)
    file, options = created(worker, "worker", "buildbot-worker", f"127.0.0.1:{master.port}", "w", "secret")
    installed(worker, file, options=(*options, "--set=Service.NoExecPaths="), grows=True)
    assert wait_until(lambda: "build finished" in twisted_machine.read(log), timeout=30)
    assert "step 'shell' complete: success" in twisted_machine.read(log)
    stops(worker)
    twisted_machine.systemctl("stop", master.service)
    twisted_machine.write(f"/etc/systemd/system/{master.socket}", SOCKET.format(port=master.port))
    twisted_machine.systemctl("daemon-reload")
    twisted_machine.systemctl("start", master.socket)
    endures(master, b"", b"pb")
