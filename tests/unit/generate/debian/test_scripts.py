from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from svcctl.generate.debian.model import Package, RemovedConffile, ScriptName
from svcctl.manifest.model import Identity, Needs
from tests.unit.generate.debian.packages import BUNDLE, NAMED, package_of, units_of
from tests.unit.generate.debian.scripting import Machine
from tests.verify.cases import CASES, Case, make_manifest

pytestmark = pytest.mark.skipif(not Path("/bin/dash").exists(), reason="there is no dash")
PACKAGE = package_of()
SOCKET = "[Socket]\nListenStream=0.0.0.0:8007\nBacklog=50\n"
INVOKE = "deb-systemd-invoke"
ALL_STEPS: tuple[tuple[ScriptName, tuple[str, ...]], ...] = (
    ("preinst", ("upgrade", "0.9")),
    ("postinst", ("configure", "0.9")),
    ("prerm", ("remove",)),
    ("postrm", ("remove",)),
)
SYSTEM_CASES = [case for case in CASES if case.options.scope == "system"]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Return a machine where systemd runs and the units of the package are unpacked."""
    made = Machine(tmp_path)
    made.has_units(echo__service="[Service]\n", echo__socket=SOCKET)
    return made


def succeed(machine: Machine, script: str, *arguments: str, dpkg_root: str = "") -> str:
    """Run a script that must succeed, and return what it said on stderr."""
    done = machine.run(script, *arguments, dpkg_root=dpkg_root)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    return done.stderr


def upgrade(machine: Machine, new: Package = PACKAGE, **units: str) -> None:
    """Unpack another version, with these units, and configure it."""
    succeed(machine, new.scripts["preinst"], "upgrade", "0.9", "1.0")
    machine.has_units(**units)
    succeed(machine, new.scripts["postinst"], "configure", "0.9")


@pytest.mark.parametrize("case", SYSTEM_CASES, ids=lambda case: case.name)
def test_the_scripts_are_posix_shell(case: Case, tmp_path: Path) -> None:
    """For every application that the tests of the units know; shellcheck has a say where it is installed."""
    manifest = replace(case.manifest, application=replace(case.manifest.application, description="x"))
    units = units_of(
        manifest, **{name: getattr(case.options, name) for name in ("name", "sockets", "instances", "listen")}
    )
    package = package_of(manifest, units=units)
    for name, text in package.scripts.items():
        (tmp_path / name).write_text(text)
        done = subprocess.run(
            ["/bin/dash", "-n", tmp_path / name], capture_output=True, check=False, timeout=20
        )
        assert (done.returncode, done.stderr) == (0, b"")
        assert text.startswith("#!/bin/sh\nset -e\n")
        checker = shutil.which("shellcheck")
        if checker:
            assert (
                subprocess.run([checker, "-s", "sh", tmp_path / name], check=False, timeout=60).returncode
                == 0
            )


def test_a_first_installation_enables_then_starts(machine: Machine) -> None:
    """The socket before the service."""
    machine.lacks("systemd-tmpfiles")
    assert succeed(machine, PACKAGE.scripts["postinst"], "configure", "") == ""
    assert machine.calls() == [
        f"py3compile -p echo {machine.root}/usr/lib/echo",
        "deb-systemd-helper unmask echo.socket",
        "deb-systemd-helper --quiet was-enabled echo.socket",
        "deb-systemd-helper enable echo.socket",
        "deb-systemd-helper unmask echo.service",
        "deb-systemd-helper --quiet was-enabled echo.service",
        "deb-systemd-helper enable echo.service",
        "systemctl --system daemon-reload",
        "deb-systemd-invoke start echo.socket echo.service",
    ]


def test_what_the_administrator_disabled_is_not_enabled_again(machine: Machine) -> None:
    """The helper remembers it."""
    machine.fails("deb-systemd-helper --quiet")
    succeed(machine, PACKAGE.scripts["postinst"], "configure", "0.9")
    calls = machine.calls("deb-systemd-helper")
    assert "deb-systemd-helper update-state echo.service" in calls
    assert not [call for call in calls if " enable " in call]


def test_an_upgrade_restarts_the_service_and_leaves_the_socket_open(machine: Machine) -> None:
    """Also when other lines of the socket unit have changed."""
    upgrade(machine, echo__service="[Service]\n", echo__socket=SOCKET.replace("50", "60"))
    assert machine.calls(INVOKE) == [f"{INVOKE} restart echo.service", f"{INVOKE} start echo.socket"]
    assert not (machine.root / "run/echo.upgrade").exists()


def test_an_upgrade_restarts_a_socket_that_listens_elsewhere(machine: Machine) -> None:
    """Together with the service, in one transaction."""
    upgrade(machine, echo__service="[Service]\n", echo__socket=SOCKET.replace("8007", "8008"))
    assert machine.calls(INVOKE)[0] == f"{INVOKE} restart echo.socket echo.service"


def test_an_upgrade_closes_a_socket_that_is_no_longer_there(machine: Machine) -> None:
    """Or the new one, with another name, could not have its address; its links go, too."""
    machine.has_units(echo__service="[Service]\n", old__socket=SOCKET)
    upgrade(machine, echo__service="[Service]\n", echo__socket=SOCKET)
    calls = machine.calls("systemctl", INVOKE, "deb-systemd-helper")
    after_enabling = calls[calls.index("systemctl --system daemon-reload") + 1 :]
    assert after_enabling == [
        f"{INVOKE} stop old.socket",
        "deb-systemd-helper purge old.socket",
        f"{INVOKE} restart echo.service",
        f"{INVOKE} start echo.socket",
    ]


def test_versions_that_were_never_configured_do_not_count(machine: Machine) -> None:
    """What runs is the version before them."""
    succeed(machine, PACKAGE.scripts["preinst"], "upgrade", "0.8", "0.9")
    machine.has_units(echo__service="", echo__socket=SOCKET.replace("8007", "8008"))
    upgrade(machine, echo__service="", echo__socket=SOCKET.replace("8007", "8008"))
    assert machine.calls(INVOKE)[0] == f"{INVOKE} restart echo.socket echo.service"


OWN = package_of(units=units_of(NAMED, python="/usr/lib/echo/bin/python3"))


@pytest.mark.parametrize("status", [0, 75])
def test_a_new_process_takes_over_or_the_service_is_restarted(machine: Machine, status: int) -> None:
    """The package's own Python asks for it; whatever goes wrong there, a restart is what is left."""
    machine.has("usr/lib/echo/bin/python3", status)
    upgrade(machine, OWN, echo__service="[Service]\n", echo__socket=SOCKET)
    calls = machine.calls("python3", INVOKE)
    assert calls[0] == f"python3 -I -m svcctl.runtime.takeover echo.service {machine.root}/run/echo.upgrade"
    restarted = [f"{INVOKE} restart echo.service"] if status else []
    assert calls[1:] == [*restarted, f"{INVOKE} start echo.socket"]


def test_nobody_takes_over_if_a_socket_is_to_be_opened_anew(machine: Machine) -> None:
    """The old process has the old one."""
    machine.has("usr/lib/echo/bin/python3", 0)
    upgrade(machine, OWN, echo__service="[Service]\n", echo__socket=SOCKET.replace("8007", "8008"))
    assert machine.calls("python3", INVOKE)[0] == f"{INVOKE} restart echo.socket echo.service"


def test_the_files_of_the_version_before_are_kept_for_the_comparison(machine: Machine) -> None:
    """With the times at which they came to lie there, which dpkg does not show in them."""
    package = package_of(replace(NAMED, needs=Needs(environment=("GREETING",))))
    service, variables = (
        machine.root / "usr/lib/systemd/system/echo.service",
        machine.root / "etc/default/echo",
    )
    _touch(variables)
    os.utime(service, (86_400, 86_400))
    succeed(machine, package.scripts["preinst"], "upgrade", "0.9", "1.0")
    kept = machine.root / "run/echo.upgrade"
    for original, copy in ((service, "system/echo.service"), (variables, "default/echo")):
        assert (kept / copy).read_bytes() == original.read_bytes()
        assert (kept / copy).stat().st_mtime_ns == original.stat().st_ctime_ns


@pytest.mark.parametrize("why", ["abort-upgrade", "abort-remove", "abort-deconfigure"])
def test_what_was_aborted_serves_again(machine: Machine, why: str) -> None:
    """It is started, not restarted: it may never have stopped."""
    succeed(machine, PACKAGE.scripts["postinst"], why, "1.1")
    assert machine.calls(INVOKE) == [f"{INVOKE} start echo.socket echo.service"]


def test_a_service_that_does_not_start_is_told_and_fails_nothing(machine: Machine) -> None:
    """So that apt can go on, and somebody sees it."""
    machine.fails(f"{INVOKE} start")
    said = succeed(machine, PACKAGE.scripts["postinst"], "configure", "")
    assert said == "echo: some of its units did not start: see systemctl status echo.socket echo.service\n"


def test_a_user_that_cannot_be_made_fails_the_installation(machine: Machine) -> None:
    """Its service could not run."""
    package = package_of(replace(NAMED, identity=Identity(uid="echo")))
    succeed(machine, package.scripts["postinst"], "configure", "")
    assert machine.calls("systemd-sysusers") == ["systemd-sysusers echo.conf"]
    succeed(machine, package.scripts["postinst"], "configure", "", dpkg_root="/target")
    assert machine.calls("systemd-sysusers") == ["systemd-sysusers --root=/target echo.conf"]
    machine.fails("systemd-sysusers echo.conf")
    assert machine.run(package.scripts["postinst"], "configure", "").returncode != 0


def test_nothing_runs_without_systemd(tmp_path: Path) -> None:
    """In a chroot: units are enabled, nothing is started."""
    machine = Machine(tmp_path, running=False)
    machine.has_units(echo__service="", echo__socket=SOCKET)
    for name, arguments in ALL_STEPS:
        succeed(machine, PACKAGE.scripts[name], *arguments)
    calls = machine.calls()
    assert "deb-systemd-helper enable echo.socket" in calls
    assert not [call for call in calls if call.startswith((INVOKE, "systemctl"))]


def test_another_root_is_left_to_the_tools_that_know_it(machine: Machine) -> None:
    """Neither bytecode nor units of this machine are touched for a package below $DPKG_ROOT."""
    for name, arguments in ALL_STEPS:
        succeed(machine, PACKAGE.scripts[name], *arguments, dpkg_root="/target")
    assert {call.split()[0] for call in machine.calls()} == {"deb-systemd-helper"}


def test_only_a_removal_stops_the_service(machine: Machine) -> None:
    """An upgrade leaves it serving; bytecode goes in either case."""
    succeed(machine, PACKAGE.scripts["prerm"], "upgrade", "1.1")
    clean = f"py3clean -p echo {machine.root}/usr/lib/echo"
    assert machine.calls() == [clean]
    succeed(machine, PACKAGE.scripts["prerm"], "remove")
    assert machine.calls() == [f"{INVOKE} stop echo.socket echo.service", clean]


def test_bytecode_goes_without_its_tool_too(machine: Machine) -> None:
    """Nothing but the folders of bytecode."""
    code = machine.root / "usr/lib/echo/yarl"
    (code / "__pycache__").mkdir(parents=True)
    (code / "__pycache__/x.pyc").touch()
    (code / "x.py").touch()
    script = PACKAGE.scripts["prerm"].replace("command -v py3clean", "false")
    succeed(machine, script, "remove")
    assert sorted(path.name for path in code.iterdir()) == ["x.py"]


def test_code_in_a_folder_of_others_is_left_alone() -> None:
    """No script cleans the folder of all modules, or one with the name of another package."""
    files = tuple(
        replace(BUNDLE.files[0], path=path)
        for path in ("/usr/lib/python3/dist-packages/x.py", "/usr/share/other/x.py")
    )
    package = package_of(bundle=replace(BUNDLE, files=files))
    assert "py3" not in "".join(package.scripts.values())
    assert [told.message for told in package.diagnostics if told.subject == "bundle"] == [
        f"no bytecode is made of 2 files outside of /usr/lib/echo, such as {files[0].path}"
    ]


def test_a_purge_deletes_what_the_service_wrote(machine: Machine) -> None:
    """State, cache and logs, also where systemd keeps those of dynamic users; not what others have."""
    needs = Needs(directories=("state", "cache", "logs", "config"), credentials=("token",))
    package = package_of(replace(NAMED, needs=needs))
    root = machine.root
    for path in ("var/lib/private/echo/x", "var/cache/echo/x", "var/log/private/echo", "var/lib/other", "etc/echo",
                 "etc/credstore/echo@token", "etc/credstore/other@token"):  # fmt: skip
        (root / path).mkdir(parents=True) if "@" not in path else _touch(root / path)
    (root / "var/lib/echo").symlink_to("private/echo")
    succeed(machine, package.scripts["postrm"], "purge", dpkg_root=str(root))
    left = {str(path.relative_to(root)) for path in root.glob("[ev]*/**/*")}
    assert not [path for path in left if "echo" in path]
    assert {"var/lib/other", "etc/credstore/other@token"} <= left
    assert machine.calls() == ["deb-systemd-helper purge echo.socket echo.service"]
    succeed(machine, package.scripts["postrm"], "purge", dpkg_root=str(root))


def _touch(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()


def test_a_removal_keeps_what_the_service_wrote(machine: Machine) -> None:
    """Only a purge deletes it."""
    state = machine.root / "var/lib/echo"
    state.mkdir()
    machine.fails("systemctl --quiet")
    succeed(machine, PACKAGE.scripts["postrm"], "remove")
    assert state.is_dir()
    assert machine.calls() == [
        "systemctl --quiet is-active echo.socket echo.service",
        "systemctl --system daemon-reload",
    ]


def test_what_was_never_configured_is_stopped_after_its_removal(machine: Machine) -> None:
    """The process of the version before still runs, and dpkg calls no prerm for what is only unpacked."""
    succeed(machine, PACKAGE.scripts["postrm"], "remove")
    assert machine.calls(INVOKE) == [f"{INVOKE} stop echo.socket echo.service"]
    succeed(machine, PACKAGE.scripts["postrm"], "upgrade", "1.1")
    assert machine.calls(INVOKE) == []


def test_a_folder_in_etc_with_somebodys_files_stays(machine: Machine) -> None:
    """It is deleted only if it is empty."""
    package = package_of(replace(NAMED, needs=Needs(directories=("config",))))
    kept = machine.root / "etc/echo/mine"
    _touch(kept)
    succeed(machine, package.scripts["postrm"], "purge", dpkg_root=str(machine.root))
    assert kept.exists()


def test_a_conffile_that_is_gone_is_handled_in_all_scripts(machine: Machine) -> None:
    """By dpkg's own helper, with the arguments of the script."""
    package = package_of(removed_conffiles=(RemovedConffile(path="/etc/echo old", last_version="0.9~"),))
    for name in ("preinst", "postinst", "prerm", "postrm"):
        assert (
            "dpkg-maintscript-helper rm_conffile '/etc/echo old' '0.9~' echo -- \"$@\""
            in package.scripts[name]
        )
    succeed(machine, package.scripts["preinst"], "upgrade", "0.8", "1.0")
    assert machine.calls() == [
        f"dpkg-maintscript-helper rm_conffile {machine.root}/etc/echo old 0.9~ echo -- upgrade 0.8 1.0"
    ]


def test_instances_that_run_are_restarted(machine: Machine) -> None:
    """A template itself can neither be started nor restarted."""
    package = package_of(units=units_of(make_manifest(), instances=True))
    machine.has_units()
    succeed(machine, package.scripts["postinst"], "configure", "")
    assert machine.calls(INVOKE) == []
    succeed(machine, package.scripts["postinst"], "configure", "0.9")
    assert machine.calls(INVOKE) == [f"{INVOKE} restart echo@*.service"]


def test_a_package_without_code_or_sockets_has_the_steps_it_needs() -> None:
    """And no others."""
    package = package_of(make_manifest(), replace(BUNDLE, files=()), version="1.0")
    assert "py3c" not in "".join(package.scripts.values())
    assert ".socket" not in package.scripts["postinst"]
