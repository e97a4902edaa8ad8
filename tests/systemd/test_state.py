"""Services that begin with a saved application and go on from the state they were stopped with."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from tests.systemd.apps import TOUCHED, App, on, put
from tests.systemd.machine import Machine, Result, wait_until
from tests.systemd.test_user_scope import USER, home

__all__ = ["home"]

#: Says which user has unpickled it.
TELLTALE = """
import sys
from svcctl.application.persisting import files
code = (
    "import os\\nfrom svcctl.application.service import Application\\n"
    "open('/srv/marks/by', 'a').write(f'{os.geteuid()}\\\\n')\\nmade = Application('telltale')"
)
class Telltale:
    def __reduce__(self):
        return eval, (f"(lambda names: exec({code!r}, names) or names['made'])({{}})",)
import pickle
facts = {"style": "pickle", "application": "telltale", "main": None}
files.write_state(sys.argv[1], facts, pickle.dumps(Telltale()))
"""
FLIP = "import sys; f = open(sys.argv[1], 'r+b'); f.seek(-3, 2); b = f.read(1); f.seek(-3, 2); f.write(bytes([b[0] ^ 1]))"
#: Gives the file of an application so many bytes.
BALLAST = """
import os, sys
from svcctl.application.persisting import files
path, size = sys.argv[1], int(sys.argv[2])
state = files.read_state(path)
body = state.body.ljust(len(state.body) + size - os.stat(path).st_size)
files.write_state(path, {name: state.facts[name] for name in ("style", "application", "main")}, body)
"""
PYTHON = "/opt/svcctl/bin/python3"


class Saved(NamedTuple):
    """An application that was saved on a machine.

    Attributes:
        app: The application; its file has the classes.
        path: The file that it was saved to.
    """

    app: App
    path: str

    @property
    def machine(self) -> Machine:
        """The machine."""
        return self.app.machine

    @property
    def state(self) -> str:
        """The file that the service saves its state to."""
        suffix = self.path.rpartition(".")[2]
        return f"/var/lib/private/{self.app.name}/{self.app.name}-shutdown.{suffix}"

    def install(self, *options: str, check: bool = True) -> Result:
        """Install it under the name of the application."""
        command = ["svcctl", "install", self.path, "--name", self.app.name, *options]
        return self.machine.run(command, check=check)

    def take(self, number: int) -> list[int]:
        """Take so many keys."""
        return [int(self.app.ask("next")) for _ in range(number)]

    def restart(self) -> None:
        """Restart it as an administrator does."""
        self.machine.systemctl("restart", self.app.service)

    def damage(self, path: str) -> None:
        """Flip a bit of a file."""
        self.machine.run(["python3", "-c", FLIP, path])


def saved(machine: Machine, *options: str, suffix: str = "tap", uid: str = "") -> Saved:
    """Put an application on a machine and save it there, as root."""
    app = put(machine, "keys")
    if uid:
        plain = f'Application("{app.name}"'
        machine.write(app.path, machine.read(app.path).replace(plain, f'{plain}, uid="{uid}"'))
    path = app.path.replace(".tac", f"-start.{suffix}")
    machine.run(["svcctl", "convert", "-i", app.path, "-o", path, *options])
    return Saved(app, path)


@pytest.mark.parametrize("suffix", ["tap", "tas"])
def test_state_goes_on_over_restarts(machine: Machine, suffix: str) -> None:
    """In a folder of the service's own, sealed with a key of its own; root's key stays root's."""
    keys = saved(machine, suffix=suffix)
    keys.install("--now")
    assert keys.take(3) == [0, 1, 2]
    keys.restart()
    assert keys.take(1) == [3]
    machine.systemctl("stop", keys.app.socket, keys.app.service)
    assert keys.app.property("Result") == "success"
    machine.systemctl("start", keys.app.service)
    assert keys.take(1) == [4]
    kept = machine.files(keys.state.rpartition("/")[0])
    assert {line.split("/")[-1] for line in kept} == {
        keys.app.name,
        "svcctl-state.key",
        keys.state.rpartition("/")[2],
        f"{keys.state.rpartition('/')[2]}.previous",
    }
    assert all(line.startswith(("f 600 ", "d 700 ")) for line in kept)
    assert "state.key" not in machine.read(f"/etc/systemd/system/{keys.app.service}")
    said = machine.journal(keys.app.service)
    assert "there is no saved state yet; starting from the original" in said
    assert "warning" not in said
    assert "cannot" not in said


@on("bookworm")
def test_a_damaged_state_gives_way_to_the_one_before_it_and_that_to_the_original(machine: Machine) -> None:
    """The journal says so each time, and the service runs."""
    keys = saved(machine)
    keys.install("--now")
    keys.take(2)
    keys.restart()
    keys.take(2)
    machine.systemctl("stop", keys.app.socket, keys.app.service)
    keys.damage(keys.state)
    machine.systemctl("start", keys.app.service)
    assert "the saved state cannot be used; the one before it is taken" in machine.journal(keys.app.service)
    assert keys.take(1) == [2]
    keys.restart()
    assert keys.take(1) == [3]
    machine.systemctl("stop", keys.app.socket, keys.app.service)
    keys.damage(keys.state)
    keys.damage(f"{keys.state}.previous")
    machine.systemctl("start", keys.app.service)
    assert "no saved state can be used; starting from the original" in machine.journal(keys.app.service)
    assert keys.take(1) == [0]
    keys.restart()
    assert keys.take(1) == [1]


@on("bookworm")
def test_an_original_that_was_changed_is_taken_up_by_the_next_installation(machine: Machine) -> None:
    """Before that, no service starts from it; one with a state of its own needs it no more."""
    keys = saved(machine)
    keys.install()
    whole = Path(f"/proc/{machine._leader}/root{keys.path}").read_bytes()
    keys.damage(keys.path)
    machine.systemctl("start", keys.app.service, check=False)
    assert keys.app.property("ExecMainStatus") == "65"
    said = machine.journal(keys.app.service)
    assert f"{keys.path} is not as it was when it was installed" in said
    assert "Traceback" not in said
    status = machine.run(["svcctl", "status", keys.app.name], check=False).stdout
    assert "has changed and no longer loads" in status
    machine.write(keys.path, whole, mode=0o600)
    machine.systemctl("reset-failed", keys.app.service)
    machine.systemctl("start", keys.app.service)
    assert keys.take(1) == [0]
    machine.run(["svcctl", "convert", "-i", keys.app.path, "-o", keys.path])
    status = machine.run(["svcctl", "status", keys.app.name]).stdout
    assert "has changed since it was installed, and no service starts from it" in status
    assert f"svcctl install {keys.path} --name {keys.app.name}" in status
    keys.install()
    keys.restart()
    assert keys.take(1) == [1]


@on("bookworm")
def test_describe_and_check_and_install_never_execute_it_as_root(machine: Machine) -> None:
    """It is executed by nobody, who could not read the file."""
    machine.run(["mkdir", "-p", "-m", "0777", "/srv/marks"])
    machine.run(["chmod", "0777", "/srv/marks"])
    path = f"/srv/app/telltale{machine.free_port()}.tap"
    machine.run([PYTHON, "-c", TELLTALE, path])
    assert "telltale" in machine.run(["svcctl", "describe", path]).stdout
    assert "can be installed" in machine.run(["svcctl", "check", path]).stdout
    machine.run(["svcctl", "install", path, "--dry-run"])
    nobody = machine.run(["id", "-u", "nobody"]).stdout.strip()
    assert machine.read("/srv/marks/by").split() == [nobody] * 3
    machine.run(["rm", "-r", "/srv/marks"])


@on("bookworm")
@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (["chown", "nobody"], "belongs to another user"),
        (["chmod", "660"], "can be written by other users"),
        (["python3", "-c", FLIP], "has been altered or truncated"),
        (["truncate", "-s", "-20"], "has been altered or truncated"),
    ],
    ids=["foreign", "group-writable", "flipped", "truncated"],
)
def test_a_file_that_cannot_be_trusted_is_refused(machine: Machine, spoil: list[str], reason: str) -> None:
    """One line and a hint, and nothing has been changed; also if there is a whole one before it."""
    keys = saved(machine)
    machine.run(["svcctl", "convert", "-i", keys.app.path, "-o", keys.path])
    machine.run([*spoil, keys.path])
    before = machine.files(*TOUCHED)
    for command in (["install", "--yes"], ["check"], ["describe"]):
        result = machine.run(["svcctl", command[0], keys.path, *command[1:]], check=False)
        assert result.returncode == 65
        assert reason in result.stderr
        assert keys.path in result.stderr
        assert [line.partition(":")[0] for line in result.stderr.splitlines()] == ["svcctl", "hint"]
    assert machine.files(*TOUCHED) == before


@on("trixie")
def test_an_encrypted_one_takes_its_passphrase_from_a_file(machine: Machine) -> None:
    """At the installation and at each start; what it saves is encrypted as well."""
    secret, wrong = "/etc/keys.passphrase", "/etc/wrong.passphrase"
    machine.write(secret, "open sesame\n", mode=0o600)
    machine.write(wrong, "open barley\n", mode=0o600)
    keys = saved(machine, "-e", "--passphrase", f"file:{secret}", suffix="etap")
    before = machine.files(*TOUCHED)
    for options, status, reason in (
        ((), 64, "a service has nobody to ask"),
        (("--passphrase", "env:X"), 64, "a service has nobody to ask"),
        (("--passphrase", f"file:{wrong}"), 65, "that is not the passphrase of"),
        (("--passphrase", "file:/etc/nothing"), 66, "cannot read the passphrase"),
    ):
        result = keys.install(*options, check=False)
        assert (result.returncode, len(result.stderr.splitlines())) == (status, 2)
        assert reason in result.stderr
    assert machine.files(*TOUCHED) == before
    keys.install("--now", "--passphrase", f"file:{secret}")
    assert keys.take(2) == [0, 1]
    keys.restart()
    assert keys.take(1) == [2]
    assert "Keys" not in machine.run(["head", "-c", "2000", keys.state]).stdout
    assert "error" not in machine.run(["svcctl", "status", keys.app.name]).stdout


@on("bookworm")
def test_uninstall_keeps_the_state_and_purge_removes_it(machine: Machine) -> None:
    """Installed again in between, the service goes on."""
    keys = saved(machine)
    before = machine.files(*TOUCHED)
    keys.install("--now")
    assert keys.take(2) == [0, 1]
    said = machine.run(["svcctl", "uninstall", "--yes", keys.app.name])
    assert f"/var/lib/{keys.app.name}" in said.stdout + said.stderr
    keys.install("--now")
    assert keys.take(1) == [2]
    machine.run(["svcctl", "uninstall", "--yes", "--purge", keys.app.name])
    assert machine.files(*TOUCHED) == before


def test_each_instance_has_a_state_of_its_own(machine: Machine) -> None:
    """All begin with the same."""
    keys = saved(machine)
    name = machine.run(["svcctl", "describe", keys.path]).stdout.partition("descriptor ")[2].split()[0]
    keys.install("--instances", "--listen", f"{name}=127.0.0.1:%i")
    machine.applications.append(f"{keys.app.name}@")
    ports = [machine.free_port() for _ in range(2)]
    units = [f"{keys.app.name}@{port}.service" for port in ports]
    machine.systemctl("start", *units)
    assert [machine.ask(port, b"next") for port in (ports[0], *ports)] == [b"0", b"1", b"0"]
    machine.systemctl("restart", *units)
    assert [machine.ask(port, b"next") for port in ports] == [b"2", b"1"]


def test_a_service_with_a_static_user_goes_on(machine: Machine) -> None:
    """Its file says who it wants to be."""
    keys = saved(machine, uid="_keys")
    keys.install("--now")
    assert keys.take(2) == [0, 1]
    keys.restart()
    assert keys.take(1) == [2]
    assert machine.files(f"/var/lib/{keys.app.name}")[0].split()[2] == "_keys"


def test_the_key_may_be_a_credential(machine: Machine) -> None:
    """If the administrator wants that; no other is made."""
    keys = saved(machine)
    keys.install("--now", "--set", "Service.LoadCredential=svcctl-state-key:/var/lib/svcctl/state.key")
    assert keys.take(2) == [0, 1]
    keys.restart()
    assert keys.take(1) == [2]
    assert "svcctl-state.key" not in "".join(machine.files(f"/var/lib/private/{keys.app.name}"))


def test_a_user_installs_one_for_the_user_alone(machine: Machine, home: str) -> None:
    """The file, the key and the state are the user's own."""
    app = put(machine, "keys", folder=f"{home}/{machine.free_port()}")
    folder = app.path.rpartition("/")[0]
    machine.run(["chown", "-R", f"{USER}:", folder])
    path = app.path.replace(".tac", "-start.tap")
    machine.run_as(USER, ["svcctl", "convert", "-i", app.path, "-o", path])
    machine.run_as(USER, ["svcctl", "install", "--user", path, "--name", app.name, "--now"])
    assert [app.ask("next") for _ in range(2)] == ["0", "1"]
    machine.run_as(USER, ["systemctl", "--user", "restart", app.service])
    assert app.ask("next") == "2"
    machine.run_as(USER, ["svcctl", "uninstall", "--user", "--purge", "--yes", app.name])
    found = machine.files(home)
    assert wait_until(lambda: not [line for line in found if f"{app.name}-shutdown" in line])


@on("trixie")
def test_root_takes_the_state_to_another_machine_without_executing_it(machine: Machine) -> None:
    """By the commands of the documentation; the file that comes of it is an original for another service."""
    keys = saved(machine)
    keys.install("--now")
    assert keys.take(2) == [0, 1]
    machine.systemctl("stop", keys.app.socket, keys.app.service)
    folder = f"/var/lib/{keys.app.name}"
    state, key = f"{folder}/{keys.app.name}-shutdown.tap", f"{folder}/svcctl-state.key"
    travel = f"/srv/app/{keys.app.name}.key"
    exported = f"/srv/app/{keys.app.name}-export.tap"
    refused = machine.run(["svcctl", "describe", state], check=False)
    assert (refused.returncode, len(refused.stderr.splitlines())) == (65, 2)
    machine.run(["svcctl", "convert", "-i", state, "--key", key, "-o", exported, "--export-key", travel])
    machine.run(["svcctl", "uninstall", "--yes", "--purge", keys.app.name])
    machine.run(["svcctl", "convert", "-i", exported, "--key", travel, "-o", keys.path])
    keys.install("--now")
    assert keys.take(1) == [2]


def test_an_original_of_the_largest_size_starts_and_a_larger_one_is_refused(machine: Machine) -> None:
    """The limit is that of systemd."""
    keys = saved(machine)
    machine.run([PYTHON, "-c", BALLAST, keys.path, "999000"])
    keys.install("--now")
    machine.run([PYTHON, "-c", BALLAST, keys.path, "1000001"])
    result = keys.install(check=False)
    assert result.returncode == 65
    assert "systemd hands over at most 1000000" in result.stderr
    assert keys.take(1) == [0]


def test_an_original_that_is_gone_is_told_by_status(machine: Machine) -> None:
    """The service starts when it is back."""
    keys = saved(machine)
    keys.install()
    machine.run(["mv", keys.path, f"{keys.path}.away"])
    machine.systemctl("start", keys.app.service, check=False)
    assert keys.app.property("ActiveState") != "active"
    status = machine.run(["svcctl", "status", keys.app.name], check=False).stdout
    assert f"{keys.path} cannot be read: No such file" in status
    machine.run(["mv", f"{keys.path}.away", keys.path])
    machine.wait_for_property(keys.app.service, "ActiveState", "active")
    assert keys.take(1) == [0]
