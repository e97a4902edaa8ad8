"""Live control of an installed application, with everything that its sandbox forbids: by systemd's own client and ours."""

from __future__ import annotations

import json
import re
from typing import Any

from tests.systemd.apps import App, installed, on, put
from tests.systemd.machine import Machine, wait_until

INTERFACE = "io.svcctl.Control"
CLIENT = """
import json, sys
from svcctl.host.varlink import VarlinkError, call
try:
    print(json.dumps(call(sys.argv[1], sys.argv[2], json.loads(sys.argv[3]))))
except VarlinkError as error:
    print(json.dumps({"error": error.name, **error.parameters}))
"""


def socket_of(app: App) -> str:
    """Return the path of an application's control socket."""
    return f"/run/svcctl/{app.name}/control"


def call(app: App, method: str, **parameters: Any) -> dict[str, Any]:  # noqa: ANN401 (whatever JSON can hold)
    """Call a method by our own client, as root."""
    argv = ["/opt/svcctl/bin/python", "-c", CLIENT, socket_of(app), f"{INTERFACE}.{method}"]
    answer: dict[str, Any] = json.loads(app.machine.run([*argv, json.dumps(parameters)]).stdout)
    return answer


def states(app: App) -> dict[str, str]:
    """Return the state of each service by the end of its path."""
    return {each["path"].rpartition("/")[2]: each["state"] for each in call(app, "GetTree")["services"]}


#: systemd has a client of its own from 255 on, and no part in what our own client and the process say to each other.
NEWEST = on("trixie")


def test_the_tree_of_a_sandboxed_service_is_seen_and_controlled(machine: Machine) -> None:
    """With a user that exists only while it runs, and no network of its own."""
    app = installed(machine, "controlled", "--now")
    assert app.property("DynamicUser") == "yes"
    assert states(app) == {app.name: "ready", "db": "ready", "web": "ready"}
    assert call(app, "Stop", path="/db")["error"] == f"{INTERFACE}.Refused"
    assert call(app, "Stop", path="/web")["service"]["state"] == "stopped"
    assert states(app)["web"] == "stopped"
    assert call(app, "Start", path="/web")["service"]["state"] == "ready"
    assert app.ask("hello") == "hello"
    assert call(app, "Restart", path="/db")["service"]["restarts"] == 1
    assert app.ask("again") == "again"
    assert call(app, "Reload") == {}
    assert app.property("NRestarts") == "0"
    assert "svcctl_service_up" in call(app, "Metrics")["text"]
    assert call(app, "Stacks")["stacks"] != []


def test_a_failed_service_is_started_by_hand(machine: Machine) -> None:
    """Long before its restart is due."""
    app = installed(machine, "controlled", "--now")
    machine.write(f"/var/lib/private/{app.name}/db", "")
    assert wait_until(lambda: states(app)["db"] == "backing_off")
    (found,) = call(app, "GetTree", path="/db")["services"]
    assert found["error"] == "RuntimeError: db was told to"
    assert call(app, "Start", path="/db")["service"]["state"] == "ready"


@NEWEST
def test_the_client_of_systemd_knows_the_interface(machine: Machine) -> None:
    """It reads the whole of it, and lists its methods."""
    app = installed(machine, "controlled", "--now")
    path = socket_of(app)
    assert INTERFACE in machine.run(["varlinkctl", "list-interfaces", path]).stdout.split()
    text = machine.run(["varlinkctl", "introspect", path, INTERFACE]).stdout
    assert "method GetTree(" in text
    assert "error Refused(" in text
    info = machine.run(["varlinkctl", "info", path]).stdout
    assert "svcctl" in info


@NEWEST
def test_the_client_of_systemd_calls_and_watches(machine: Machine) -> None:
    """Answers, errors, and a stream that ends with the process."""
    app = installed(machine, "controlled", "--now")
    path = socket_of(app)
    tree = json.loads(
        machine.run(["varlinkctl", "call", "--json=short", path, f"{INTERFACE}.GetTree", "{}"]).stdout
    )
    assert [each["state"] for each in tree["services"]] == ["ready"] * 3
    stop = ["varlinkctl", "call", path, f"{INTERFACE}.Stop", '{"path":"/db"}']
    refused = machine.run(stop, check=False)
    assert refused.returncode != 0
    assert f"{INTERFACE}.Refused" in refused.stderr
    watch = f"varlinkctl call --more --json=short {path} {INTERFACE}.Watch '{{}}'"
    script = f"{watch} > /root/events & until [ -s /root/events ]; do sleep 0.05; done; systemctl stop {app.name}; wait"
    machine.run(["sh", "-c", script], check=False)
    # Each event is preceded by the record separator of RFC 7464, which JSON itself does not know.
    lines = machine.read("/root/events").replace("\x1e", "").splitlines()
    events = [json.loads(line)["event"] for line in lines]
    assert events[0]["kind"] == "watching"
    assert ("phase", "stopping") in {(each["kind"], each.get("after")) for each in events}


def test_another_user_cannot_use_the_socket(machine: Machine) -> None:
    """The folder is closed to all but root and the user of the service."""
    app = installed(machine, "controlled", "--now")
    machine.run(["useradd", "--create-home", "other"], check=False)
    attempt = "import socket, sys; sys.exit(socket.socket(socket.AF_UNIX).connect_ex(sys.argv[1]))"
    result = machine.run_as("other", ["python3", "-c", attempt, socket_of(app)], check=False)
    assert result.returncode == 13
    facts = machine.run(["stat", "--dereference", "--format=%a", f"/run/svcctl/{app.name}", socket_of(app)])
    assert facts.stdout.split() == ["700", "600"]


def test_nothing_is_left_of_the_socket_when_the_service_has_stopped(machine: Machine) -> None:
    """Nor in the way of the next start, after a crash."""
    app = installed(machine, "controlled", "--now")
    machine.systemctl("kill", "--signal=KILL", app.service)
    machine.wait_for_property(app.service, "NRestarts", "1")
    machine.wait_for_property(app.service, "ActiveState", "active")
    assert states(app)["web"] == "ready"
    machine.systemctl("stop", app.socket, app.service)
    assert machine.run(["ls", f"/run/svcctl/{app.name}"], check=False).returncode != 0


@NEWEST
def test_status_draws_the_tree_and_what_the_process_uses(machine: Machine) -> None:
    """Beside what systemd says; for programs, too."""
    app = installed(machine, "controlled", "--now")
    shown = machine.run(["svcctl", "status", app.name]).stdout
    assert "  tree: ready, 3/3 ready\n" in shown
    assert re.search(r"^ +web +ready +\d+ \w+  127.0.0.1:\d+, 0 open of 0 connections$", shown, re.MULTILINE)
    assert re.search(r"^  uses: processor .* s.*, memory .* MiB, \d+ descriptors", shown, re.MULTILINE)
    live = json.loads(machine.run(["svcctl", "status", "--json", app.name]).stdout)["live"]
    assert [each["state"] for each in live["services"]] == ["ready"] * 3
    assert live["usage"]["memory"] > 1_000_000


@NEWEST
def test_status_says_to_whom_the_tree_is_shown(machine: Machine) -> None:
    """Everybody else sees what systemd knows."""
    app = installed(machine, "controlled", "--now")
    machine.run(["useradd", "--create-home", "other"], check=False)
    shown = machine.run_as("other", ["/opt/svcctl/bin/svcctl", "status", app.name], check=False)
    assert "active (running" in shown.stdout
    assert "tree: not shown: the tree is shown to root and to the user of the service alone" in shown.stdout


@NEWEST
def test_one_service_is_stopped_started_restarted_and_reloaded_by_name(machine: Machine) -> None:
    """Its path follows the application's name; what is refused says why, and what to do."""
    app = installed(machine, "controlled", "--now")
    for verb, done in (("stop", "stopped"), ("start", "started"), ("restart", "restarted")):
        result = machine.run(["svcctl", verb, f"{app.name}/web"])
        assert f"{app.name}/web is {done}" in result.stderr
    assert "is reloaded" in machine.run(["svcctl", "reload", f"{app.name}/db"]).stderr
    refused = machine.run(["svcctl", "stop", f"{app.name}/db"], check=False)
    assert refused.returncode == 69
    assert f"{app.name}/db is needed by {app.name}/web" in refused.stderr
    unknown = machine.run(["svcctl", "stop", f"{app.name}/wbe"], check=False)
    assert unknown.returncode == 66
    assert f"did you mean {app.name}/web?" in unknown.stderr
    assert app.ask("hello") == "hello"


@NEWEST
def test_a_whole_application_is_reloaded_by_name(machine: Machine) -> None:
    """It returns when that is done, and says when nothing is there to be reloaded."""
    app = installed(machine, "controlled", "--now")
    assert f"{app.name} is reloaded" in machine.run(["svcctl", "reload", app.name]).stderr
    machine.systemctl("stop", app.socket, app.service)
    stopped = machine.run(["svcctl", "reload", app.name], check=False)
    assert "does not run" in stopped.stderr
    down = machine.run(["svcctl", "restart", f"{app.name}/web"], check=False)
    assert (down.returncode, "does not run" in down.stderr) == (69, True)


@NEWEST
def test_top_looks_as_often_as_it_is_told_to(machine: Machine) -> None:
    """At one application or at all, as plain text where there is no terminal."""
    app = installed(machine, "controlled", "--now")
    shown = machine.run(["svcctl", "top", "-n", "2", "-d", "0.2", app.name]).stdout
    assert shown.count(f"{app.name}: active") == 2
    assert shown.count("tree: ready, 3/3 ready") == 2
    assert "\x1b" not in shown
    overview = machine.run(["svcctl", "top", "-n", "1"]).stdout
    assert re.search(rf"^{app.name} +active +3/3 +0 ", overview, re.MULTILINE)


def test_the_services_of_an_instance_are_named_behind_it(machine: Machine) -> None:
    """Each instance has a socket of its own."""
    app = put(machine, "controlled")
    app.install("--instances")
    machine.run(["svcctl", "start", f"{app.name}@1"])
    assert f"{app.name}/web is restarted" in machine.run(["svcctl", "restart", f"{app.name}@1/web"]).stderr
    assert "1 restart" in machine.run(["svcctl", "status", f"{app.name}@1"]).stdout
    none = machine.run(["svcctl", "restart", f"{app.name}/web"], check=False)
    assert f"{app.name}@INSTANCE" in none.stderr
    machine.run(["svcctl", "stop", f"{app.name}@1"])
