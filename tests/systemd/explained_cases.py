"""Ways in which a service goes wrong, and what is to be said of each."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, NamedTuple

from tests.systemd.apps import App

STAY_DOWN = ("--set", "Service.Restart=no")


class Case(NamedTuple):
    """A way to go wrong.

    Attributes:
        wrong: Makes it go wrong.
        cause: The word for it.
        message: What the message has.
        evidence: What the evidence has.
        command: What the commands to type have.
        path: The service of the tree, without the application's name.
        phase: What it was about.
        options: Of the installation.
    """

    wrong: Callable[[App], None]
    cause: str
    message: str
    evidence: str
    command: str
    path: str = ""
    phase: str = "starting"
    options: tuple[str, ...] = ()


def fault(what: str) -> Callable[[App], None]:
    """Start it with a fault."""

    def wrong(app: App) -> None:
        app.machine.write(f"/etc/default/{app.name}", f"FAULT={what}\n")
        app.machine.systemctl("start", app.service, check=False)

    return wrong


def mistake(app: App) -> None:
    """Make a mistake in its file."""
    app.machine.write(app.path, "def make():\n    raise RuntimeError('oh dear')\n\n\nmake()\n")
    app.machine.systemctl("start", app.service, check=False)


def taken(app: App) -> None:
    """Start it while somebody else has its port."""
    with app.machine.socket() as other:
        other.bind(("127.0.0.1", app.port))
        other.listen()
        app.machine.systemctl("start", app.service, check=False)


def moved(app: App) -> None:
    """Have it listen elsewhere than its units know."""
    text = app.machine.read(app.path)
    app.machine.write(app.path, text.replace(str(app.port), str(app.port + 5000)))
    app.machine.systemctl("start", app.service, check=False)


def line(text: str) -> Callable[[App], None]:
    """Send it a line on which it goes wrong."""

    def wrong(app: App) -> None:
        app.machine.systemctl("start", app.service)
        with app.machine.socket() as client:
            client.connect(("127.0.0.1", app.port))
            client.sendall(f"{text}\n".encode())
            app.machine.wait_for_property(app.service, "ActiveState", "failed")

    return wrong


def killed(app: App) -> None:
    """Kill it."""
    app.machine.systemctl("start", app.service)
    app.machine.systemctl("kill", "--signal=KILL", app.service)
    app.machine.wait_for_property(app.service, "ActiveState", "failed")


def stopped(what: str) -> Callable[[App], None]:
    """Start it with a fault of its stop, and stop it."""

    def wrong(app: App) -> None:
        fault(what)(app)
        app.machine.systemctl("stop", app.service, check=False)

    return wrong


def without(path: str) -> Callable[[App], None]:
    """Remove something that its unit names, and start it."""

    def wrong(app: App) -> None:
        app.machine.run(["rm", "-f", path])
        app.machine.systemctl("start", app.service, check=False)

    return wrong


CASES = {
    "a mistake in the file": Case(
        mistake,
        "mistake-in-file",
        "line 2: RuntimeError: oh dear",
        "in make",
        "svcctl describe",
        phase="loading",
    ),
    "a port that is taken": Case(
        taken,
        "address-in-use",
        "does",
        "Address already in use",
        "ss -lnp 'sport = :PORT'",
        path="StreamServerEndpointService[1]",
        phase="binding",
        options=("--no-sockets",),
    ),
    "a socket that is taken": Case(
        taken,
        "address-in-use",
        "systemd cannot open NAME.socket",
        "Address already in use",
        "ss -lnp 'sport = :PORT'",
        phase="binding",
    ),
    "a socket of another address": Case(
        moved,
        "missing-socket",
        "did not hand it the socket",
        "no socket named",
        "svcctl install",
        path="StreamServerEndpointService[1]",
        phase="binding",
    ),
    "a start that hangs": Case(
        fault("hang"),
        "hanging-start",
        "everybody waits for NAME/store, which stands at /srv/app/NAME.tac:",
        "in Store.startService",
        "svcctl start NAME",
        path="store",
    ),
    "a file that never ends": Case(
        fault("load"),
        "start-timeout",
        "at the limit (2s): the file of the application was still being loaded",
        "timed out",
        "svcctl describe",
        phase="loading",
    ),
    "a file that must not be written": Case(
        fault("denied"),
        "sandbox",
        "(ProtectSystem=) does not let NAME/store write /etc/faulty",
        "Read-only file system",
        "svcctl install",
        path="store",
    ),
    "a service that fails": Case(
        line("fail"),
        "failed-service",
        "NAME/store failed while it served, so everything was stopped: RuntimeError: the disk is gone",
        "in fail",
        "svcctl start NAME",
        path="store",
        phase="serving",
        options=STAY_DOWN,
    ),
    "a crash": Case(
        line("segv"),
        "signal-segv",
        "SIGSEGV ended the process while it served",
        "status=11/SEGV",
        "coredumpctl info NAME.service",
        phase="serving",
        options=STAY_DOWN,
    ),
    "a kill": Case(
        killed,
        "signal-kill",
        "somebody asked systemd to send it",
        "on client request",
        "svcctl start NAME",
        phase="serving",
        options=STAY_DOWN,
    ),
    "a blocked loop": Case(
        line("block"),
        "watchdog",
        "the event loop stood still at /srv/app/NAME.tac:",
        "in answer",
        "SVCCTL_CODE=watchdog",
        phase="serving",
        options=STAY_DOWN,
    ),
    "a stop that is killed": Case(
        stopped("stuck"),
        "killed-stop",
        "its stop was cut: it had not ended at the limit (6s), so systemd killed it",
        "SIGKILL",
        "svcctl install",
        phase="stopping",
    ),
    "a stop that is cut": Case(
        stopped("slow"),
        "cut-stop",
        "NAME/store did not end in time, which stood at /srv/app/NAME.tac:",
        "did not stop within",
        "svcctl install",
        path="store",
        phase="stopping",
    ),
    "a credential that is missing": Case(
        fault(""),
        "credentials",
        "243/CREDENTIALS",
        "Failed with result",
        "ls -l /etc/no-such-key",
        options=("--set", "Service.LoadCredential=key:/etc/no-such-key"),
    ),
    "a file of variables that is missing": Case(
        without("/etc/faulty.env"),
        "environment-file",
        "/etc/faulty.env cannot be read",
        "Failed to load environment files",
        "svcctl start NAME",
        options=("--env-file", "/etc/faulty.env"),
    ),
    "an interpreter that is missing": Case(
        without("/opt/svcctl/bin/another"),
        "exec",
        "/opt/svcctl/bin/another cannot be executed",
        "status=203/EXEC",
        "svcctl start NAME",
        options=("--python", "/opt/svcctl/bin/another"),
    ),
    "a folder that is missing": Case(
        fault(""),
        "namespace",
        "226/NAMESPACE",
        "status=226/NAMESPACE",
        "systemctl cat NAME.service",
        options=("--set", "Service.ReadWritePaths=/srv/nowhere"),
    ),
}


def explained(app: App) -> dict[str, Any]:
    """Return what is explained, as a program gets it."""
    app.machine.run(["journalctl", "--sync"])
    told = app.machine.run(["svcctl", "explain", "--json", app.name], check=False)
    result: dict[str, Any] = json.loads(told.stdout)
    assert told.returncode == (3 if result["fault"] else 0)
    return result


def python(app: App) -> str:
    """Return the interpreter of an application."""
    receipt = json.loads(app.machine.read(f"/var/lib/svcctl/receipts/{app.name}.json"))
    return str(receipt["python"])


def fill(text: str, app: App) -> str:
    """Fill in the name and the port of an application."""
    return re.sub(r"\bNAME\b", app.name, text).replace("PORT", str(app.port))
