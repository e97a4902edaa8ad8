"""What the scripts of a source package do besides debhelper's snippets."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from svcctl.generate.debian.model import RemovedConffile
from svcctl.generate.debian.render import script_facts
from svcctl.generate.debian.scripts import debhelper_scripts
from svcctl.manifest.model import Identity, Needs
from tests.unit.generate.debian.packages import BUNDLE, NAMED, OPTIONS, package_of, units_of
from tests.unit.generate.debian.scripting import Machine
from tests.verify.cases import make_manifest

pytestmark = pytest.mark.skipif(not Path("/bin/dash").exists(), reason="there is no dash")
MANIFEST = replace(NAMED, identity=Identity(uid="echo"), needs=Needs(directories=("state",)))
SCRIPTS = debhelper_scripts(
    script_facts(
        replace(OPTIONS, removed_conffiles=(RemovedConffile(path="/etc/x", last_version="0.9"),)),
        BUNDLE,
        units_of(MANIFEST),
    )
)
SOCKET = "[Socket]\nListenStream=0.0.0.0:8007\n"
INVOKE = "deb-systemd-invoke"


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Return a machine where systemd runs and the units of the package are unpacked."""
    made = Machine(tmp_path)
    made.has_units(echo__service="[Service]\n", echo__socket=SOCKET)
    return made


def calls(machine: Machine, name: str, *arguments: str, dpkg_root: str = "") -> list[str]:
    """Run a script that must succeed, and return the tools that it called, ``SNIPPETS`` for debhelper's."""
    text = {str(key): value for key, value in SCRIPTS.items()}[name]
    (machine.root / "tools/snippets").write_text(f'#!/bin/sh\necho SNIPPETS >>"{machine.root}/calls"\n')
    (machine.root / "tools/snippets").chmod(0o755)
    done = machine.run(text.replace("#DEBHELPER#", "snippets"), *arguments, dpkg_root=dpkg_root)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    return machine.calls()


def test_an_installation_compiles_then_enables_then_starts(machine: Machine) -> None:
    """Users, folders and links are the snippets' matter."""
    assert calls(machine, "postinst", "configure", "") == [
        f"py3compile -p echo {machine.root}/usr/lib/echo",
        "SNIPPETS",
        "systemctl --system daemon-reload",
        f"{INVOKE} start echo.socket echo.service",
    ]


def test_an_upgrade_restarts_the_service_and_leaves_the_socket_open(machine: Machine) -> None:
    """Unless it listens elsewhere."""
    assert calls(machine, "preinst", "upgrade", "0.9") == ["SNIPPETS"]
    assert calls(machine, "postinst", "configure", "0.9")[-2:] == [
        f"{INVOKE} restart echo.service",
        f"{INVOKE} start echo.socket",
    ]
    calls(machine, "preinst", "upgrade", "0.9")
    machine.has_units(echo__service="", echo__socket=SOCKET.replace("8007", "8008"))
    assert f"{INVOKE} restart echo.socket echo.service" in calls(machine, "postinst", "configure", "0.9")


def test_a_removal_stops_and_cleans(machine: Machine) -> None:
    """An upgrade only cleans."""
    clean = f"py3clean -p echo {machine.root}/usr/lib/echo"
    assert calls(machine, "prerm", "remove") == [f"{INVOKE} stop echo.socket echo.service", clean, "SNIPPETS"]
    assert calls(machine, "prerm", "upgrade", "1.1") == [clean, "SNIPPETS"]


def test_a_purge_leaves_the_links_to_the_snippets(machine: Machine) -> None:
    """And deletes what the service wrote."""
    state = machine.root / "var/lib/private/echo"
    state.mkdir()
    assert calls(machine, "postrm", "purge", dpkg_root=str(machine.root)) == ["SNIPPETS"]
    assert not state.exists()


def test_every_script_has_a_place_for_the_snippets_and_none_of_their_steps() -> None:
    """Nothing is done twice."""
    whole = package_of(MANIFEST).scripts
    assert SCRIPTS.keys() == whole.keys()
    for text in SCRIPTS.values():
        assert text.count("\n#DEBHELPER#\n") == 1
        for step in ("systemd-sysusers", "systemd-tmpfiles", "helper unmask", "rm_conffile"):
            assert step not in text


def test_scripts_with_nothing_to_do_are_left_to_debhelper() -> None:
    """It makes those that it needs."""
    bare = units_of(replace(make_manifest(), application=NAMED.application))
    facts = script_facts(OPTIONS, replace(BUNDLE, files=()), replace(bare, files=()))
    assert debhelper_scripts(facts) == {}
