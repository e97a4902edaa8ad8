"""Hostile strings reach a program byte by byte: only a real manager can tell."""

from __future__ import annotations

from tests.systemd.apps import named
from tests.systemd.machine import Machine
from tests.verify.hostile import (
    FILE_NAMES,
    QUOTING_NAMES,
    STRINGS,
    argument_unit,
    path_unit,
    seen,
    variables,
)


def test_150_hostile_strings_arrive_unchanged_as_arguments_and_as_variables(machine: Machine) -> None:
    """What the started program saw is what was meant."""
    assert len(set(STRINGS)) == 150
    unit = "hostile.service"
    machine.write(f"/etc/systemd/system/{unit}", argument_unit(unit, "/run/hostile.json"))
    machine.systemctl("daemon-reload")
    machine.systemctl("start", unit)
    arrived = seen(machine.read("/run/hostile.json"))
    assert arrived.arguments == list(STRINGS)
    meant = variables()
    assert {name: arrived.environment.get(name) for name in meant} == meant


def test_hostile_names_of_folders_work_in_every_directive_that_takes_a_path(machine: Machine) -> None:
    """The program starts in the folder and sees the variables of the file in it."""
    names = (*FILE_NAMES, *QUOTING_NAMES)
    for number, name in enumerate(names):
        folder = f"/srv/hostile/{name}"
        machine.write(f"{folder}/variables", f"NUMBER={number}\n")
        content = path_unit(f"path{number}.service", f"/run/path{number}.json", folder)
        machine.write(f"/etc/systemd/system/path{number}.service", content)
    machine.systemctl("daemon-reload")
    machine.systemctl("start", *(f"path{number}.service" for number in range(len(names))))
    for number, name in enumerate(names):
        arrived = seen(machine.read(f"/run/path{number}.json"))
        assert arrived.directory == f"/srv/hostile/{name}"
        assert arrived.environment["NUMBER"] == str(number)


def test_an_application_in_a_folder_with_a_hostile_name_runs(machine: Machine) -> None:
    """The installed unit finds the file; the value of --env arrives."""
    app = named(machine, "hostile", folder='/srv/it\'s 100% "$HOME" \\é日')
    app.replace("variables")
    value = "a 'b' \"c\" $HOME ${HOME} 100% %n \\ ; é日\nnext\tline"
    app.install("--env", f"HOSTILE={value}", "--now")
    answered = machine.run(["python3", "-c", _ASK, str(app.port)]).stdout
    assert answered == value


_ASK = """
import json, socket, sys
with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as client:
    client.sendall(b"HOSTILE\\n")
    sys.stdout.write(json.loads(client.makefile().readline()))
"""
