"""From ``svcctl install`` to a service that answers, and back to one that has stopped in order."""

from __future__ import annotations

from tests.systemd.apps import TOUCHED, installed, put
from tests.systemd.machine import Machine


def test_install_and_start_make_an_unprivileged_service_that_answers(machine: Machine) -> None:
    """The way a user goes: install, systemctl start, connect."""
    app = installed(machine, "probe")
    assert app.property("ActiveState") == "inactive"
    machine.systemctl("start", app.name)
    assert app.property("ActiveState") == "active"
    assert app.ask("whoami") not in {"0", ""}


def test_stop_drains_and_the_service_exits_with_status_0(machine: Machine) -> None:
    """A request in flight is answered after the stop has begun, then the service ends in order."""
    app = installed(machine, "talk")
    machine.systemctl("start", app.name)
    with machine.socket() as client:
        client.connect(("127.0.0.1", app.port))
        client.sendall(b"first\n")
        assert client.recv(100) == b"begun\n"
        machine.systemctl("stop", "--no-block", app.name)
        machine.wait_for_property(app.service, "ActiveState", "deactivating")
        client.sendall(b"second\n")
        assert client.recv(100) == b"second\n"
    machine.wait_for_property(app.service, "ActiveState", "inactive")
    assert app.property("Result") == "success"
    assert app.property("ExecMainStatus") == "0"


def test_svcctl_stop_stops_the_socket_too_so_that_no_client_starts_it_again(machine: Machine) -> None:
    """After systemctl stop the next client starts the service; after svcctl stop nobody listens."""
    app = installed(machine, "echo")
    machine.systemctl("start", app.name)
    machine.systemctl("stop", app.name)
    assert app.ask("again") == "again"
    machine.run(["svcctl", "stop", app.name])
    assert app.property("ActiveState") == "inactive"
    assert machine.property(app.socket, "ActiveState") == "inactive"
    with machine.socket() as client:
        assert client.connect_ex(("127.0.0.1", app.port)) != 0


def test_the_socket_unit_starts_the_service_on_the_first_connection(machine: Machine) -> None:
    """Only the socket is started; the connection that starts the service is answered."""
    app = installed(machine, "echo")
    machine.systemctl("start", app.socket)
    assert app.property("ActiveState") == "inactive"
    assert app.ask("first") == "first"
    machine.wait_for_property(app.service, "ActiveState", "active")  # the answer may be ahead of READY


def test_installing_twice_changes_nothing_and_restarts_nothing(machine: Machine) -> None:
    """A second installation of the same leaves the same files and the same process."""
    app = installed(machine, "echo", "--enable", "--now")
    before = machine.files(*TOUCHED), app.property("MainPID"), app.property("ActiveEnterTimestampMonotonic")
    app.install("--enable", "--now")
    after = machine.files(*TOUCHED), app.property("MainPID"), app.property("ActiveEnterTimestampMonotonic")
    assert after == before


def test_enable_and_now_enable_and_start_it(machine: Machine) -> None:
    """One command is enough for a service that runs now and after each boot."""
    app = installed(machine, "echo", "--enable", "--now")
    assert machine.systemctl("is-enabled", app.service, app.socket).stdout.split() == ["enabled", "enabled"]
    assert app.property("ActiveState") == "active"
    assert app.ask("now") == "now"


def test_a_dry_run_shows_the_units_and_changes_nothing(machine: Machine) -> None:
    """What would be written is shown; the machine stays as it was."""
    app = put(machine, "echo")
    before = machine.files(*TOUCHED)
    shown = app.install("--dry-run").stdout
    assert app.service in shown
    assert app.socket in shown
    assert machine.files(*TOUCHED) == before


def test_an_older_version_keeps_running_until_restart_and_loses_what_is_no_longer_generated(
    machine: Machine,
) -> None:
    """A new version with one listener less: its socket unit goes, the running process stays until it is restarted."""
    app = put(machine, "two")
    app.install("--enable", "--now")
    sockets = [f"{app.name}-{suffix}" for suffix in _socket_suffixes(machine, app.name)]
    process = app.property("MainPID")
    app.replace("echo")
    app.install()
    assert app.property("MainPID") == process
    assert app.property("ActiveState") == "active"
    assert not [unit for unit in sockets if machine.property(unit, "LoadState") == "loaded"]
    assert not [unit for unit in sockets if unit in "".join(machine.files("/etc/systemd"))]
    machine.run(["svcctl", "restart", app.name])
    assert app.property("MainPID") != process
    assert app.ask("new") == "new"


def test_a_unit_of_that_name_which_is_not_ours_is_refused(machine: Machine) -> None:
    """A unit that somebody else wrote is neither changed nor joined by one of ours."""
    app = put(machine, "echo")
    machine.write(f"/etc/systemd/system/{app.service}", "[Service]\nExecStart=/bin/true\n")
    before = machine.files(*TOUCHED)
    result = app.install(check=False)
    assert result.returncode != 0
    assert app.service in result.stderr
    assert machine.files(*TOUCHED) == before


def test_settings_by_hand_and_edited_drop_ins_survive_an_installation(machine: Machine) -> None:
    """--set is written into the unit; a drop-in as systemctl edit makes it is left alone and has the last word."""
    app = installed(machine, "echo", "--set", "Service.LimitNOFILE=4000")
    machine.write(f"/etc/systemd/system/{app.service}.d/override.conf", "[Service]\nNice=5\n")
    app.install("--set", "Service.LimitNOFILE=5000")
    machine.systemctl("daemon-reload")
    assert app.property("LimitNOFILE") == "5000"
    assert app.property("Nice") == "5"
    machine.run(["rm", "-r", f"/etc/systemd/system/{app.service}.d"])


def test_variables_come_in_the_stated_order(machine: Machine) -> None:
    """--env, then /etc/default/NAME, then --env-file: the later one wins."""
    machine.write("/srv/app/first.env", "FILE=first\nBOTH=file\n")
    app = put(machine, "variables")
    machine.write(f"/etc/default/{app.name}", "DEFAULT=default\nBOTH=default\nHAND=default\n")
    given = ("--env", "HAND=hand", "--env", "ALONE=a b", "--env-file", "/srv/app/first.env")
    app.install(*given, "--now")
    names = ("FILE", "BOTH", "DEFAULT", "HAND", "ALONE")
    assert [app.ask(name) for name in names] == ['"first"', '"file"', '"default"', '"default"', '"a b"']


def _socket_suffixes(machine: Machine, name: str) -> list[str]:
    """Return what follows ``NAME-`` in the names of an application's socket units."""
    listed = machine.run(["sh", "-c", f"cd /etc/systemd/system && ls -d {name}-*.socket"]).stdout.split()
    assert len(listed) == 2
    return [unit.removeprefix(f"{name}-") for unit in listed]
