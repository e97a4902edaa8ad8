"""What a service cannot do: asked of a running one, from inside its sandbox."""

from __future__ import annotations

import re

import pytest

from tests.systemd.apps import App, installed
from tests.systemd.machine import Machine

#: Request, and the errors that a sandbox answers it with; the kernel decides which of them comes first.
DENIED = {
    "write /etc/written": {"EROFS", "EACCES"},
    "write /usr/written": {"EROFS", "EACCES"},
    "write /srv/app/written": {"EROFS", "EACCES"},
    "write /var/lib/written": {"EROFS", "EACCES"},
    "read /home": {"EACCES"},
    "read /root": {"EACCES"},
    "execute /bin/sh": {"EACCES", "EPERM"},
    "trace": {"EPERM"},
}
#: What only a service without a network of its own is denied.
NETWORK_DENIED = {
    "raw": {"EAFNOSUPPORT"},
    "connect 1": {"EAFNOSUPPORT"},
    "bind 7999": {"EAFNOSUPPORT"},
}


@pytest.mark.parametrize(
    ("options", "denied", "exposure"),
    [
        pytest.param((), {**DENIED, **NETWORK_DENIED}, 0.2, id="inherited-sockets"),
        pytest.param(("--no-sockets",), {**DENIED, "raw": {"EPERM"}}, 1.1, id="own-port"),
    ],
)
def test_the_sandbox_denies_what_the_tree_does_not_need(
    machine: Machine, options: tuple[str, ...], denied: dict[str, set[str]], exposure: float
) -> None:
    """Each probe fails with an error of the sandbox, the state folder can be written, and the score is reached."""
    app = installed(machine, "probe", *options, "--now")
    answers = {request: app.ask(request) for request in denied}
    assert {request: answer for request, answer in answers.items() if answer not in denied[request]} == {}
    assert app.ask("write STATE/kept") == "ok"
    assert machine.read(f"/var/lib/private/{app.name}/kept") == "written"
    assert _exposure(app) <= exposure


def test_the_state_folder_is_the_services_alone(machine: Machine) -> None:
    """Nobody but the service and root can look into it."""
    app = installed(machine, "probe", "--now")
    assert machine.run(["stat", "-c", "%a", f"/var/lib/private/{app.name}"]).stdout.strip() == "700"


def _exposure(app: App) -> float:
    """Return the score that the machine's own systemd gives to the running service."""
    printed = app.machine.run(["systemd-analyze", "security", "--no-pager", app.service]).stdout
    found = re.search(r"Overall exposure level for \S+: (\d+\.\d)", printed)
    assert found, printed
    return float(found[1])
