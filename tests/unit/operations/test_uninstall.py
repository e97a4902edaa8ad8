from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from svcctl.errors import UsageError
from svcctl.host.apply import ApplyError
from svcctl.host.machine import Machine
from svcctl.manifest.model import Identity
from svcctl.operations.install import install
from svcctl.operations.request import InstallRequest
from svcctl.operations.uninstall import uninstall
from tests.fakes.describing import FakeDescribe
from tests.fakes.machines import picture
from tests.fakes.systemctl import FakeSystemctl

pytestmark = pytest.mark.usefixtures("machine", "describing")

REQUEST = InstallRequest(application="/srv/echo.tac", python="/usr/bin/python3", enable=True, now=True)
UNITS = "etc/systemd/system"


def use(root: Path) -> None:
    """Leave what a used service leaves: state, a drop-in, variables."""
    (root / "var/lib/private/echo").mkdir(parents=True)
    (root / "var/lib/private/echo/data").write_text("precious")
    (root / "var/lib/echo").symlink_to("private/echo")
    (root / UNITS / "echo.service.d").mkdir()
    (root / UNITS / "echo.service.d/override.conf").write_text("[Service]\n")
    (root / "etc/default").mkdir()
    (root / "etc/default/echo").write_text("A=b\n")


LEFT = {"var/lib/echo", "var/lib/private/echo", f"{UNITS}/echo.service.d", "etc/default/echo"}


def test_a_removal_stops_and_disables_sockets_first(root: Path, systemctl: FakeSystemctl) -> None:
    """So that no client starts the service again in between."""
    install(REQUEST)
    calls = len(systemctl.changes())
    result = uninstall("echo")
    assert result.applied
    assert [call.partition(" ")[2] for call in systemctl.changes()[calls:]] == [
        "stop echo.socket",
        "stop echo.service",
        "disable echo.socket echo.service",
        "daemon-reload",
        "reset-failed echo.service echo.socket",
    ]
    assert list((root / UNITS).iterdir()) == []


def test_an_installation_and_its_removal_leave_the_machine_as_it_was(
    root: Path, describing: FakeDescribe
) -> None:
    """Also the folders that had to be made for it."""
    describing.manifest = replace(describing.manifest, identity=Identity(uid="somebody"))
    (root / "var/lib").mkdir(parents=True)
    before = picture(root)
    install(replace(REQUEST, enable=False, now=False), dry_run=True)
    sysusers = root.parent / "bin/systemd-sysusers"
    sysusers.write_text("#!/bin/sh\n")
    sysusers.chmod(0o755)
    install(REQUEST)
    assert (root / "etc/sysusers.d/echo.conf").exists()
    uninstall("echo")
    assert picture(root) == before


def test_state_drop_ins_and_variables_stay_and_are_named(root: Path) -> None:
    """Unless purged."""
    install(REQUEST)
    use(root)
    result = uninstall("echo")
    assert {path.removeprefix("/") for path in result.kept} == LEFT
    assert (root / "var/lib/echo/data").read_text() == "precious"
    assert (root / "etc/default/echo").exists()
    assert (root / UNITS / "echo.service.d/override.conf").exists()


def test_a_purge_removes_these_too(root: Path) -> None:
    """And says so beforehand."""
    install(REQUEST)
    use(root)
    (root / UNITS / "echo.service.svcctl-saved").write_text("")
    (root / UNITS / "echo.service").write_text("edited")
    result = uninstall("echo", purge=True)
    assert {path.removeprefix("/") for path in result.preview.purged} == LEFT | {
        f"{UNITS}/echo.service.svcctl-saved"
    }
    assert result.kept == ()
    assert result.failed == ()
    assert not [path for path in picture(root) if "echo" in path]


def test_a_purge_names_what_it_could_not_remove(root: Path) -> None:
    """A folder on the way that anybody may write is not safe to go through."""
    install(REQUEST)
    use(root)
    (root / "var/lib/private").chmod(0o777)
    result = uninstall("echo", purge=True)
    assert len(result.failed) == 1
    assert "/var/lib/private/echo: " in result.failed[0]
    assert (root / "var/lib/private/echo/data").exists()


def test_an_edited_unit_is_kept_aside(root: Path) -> None:
    """It may hold the only copy of something."""
    install(REQUEST)
    (root / UNITS / "echo.service").write_text("mine")
    result = uninstall("echo")
    assert [item.subject for item in result.preview.diagnostics] == [f"/{UNITS}/echo.service"]
    assert (root / UNITS / "echo.service.svcctl-saved").read_text() == "mine"


def test_files_that_are_gone_already_do_not_matter(root: Path) -> None:
    """Whoever removed them wanted the same."""
    install(REQUEST)
    (root / UNITS / "echo.socket").unlink()
    assert uninstall("echo").applied
    assert list((root / UNITS).iterdir()) == []


def test_a_removal_that_fails_leaves_everything_installed(root: Path, systemctl: FakeSystemctl) -> None:
    """Enabled and running as before."""
    install(REQUEST)
    before = picture(root), systemctl.units("enabled"), systemctl.units("active")
    systemctl.fail("daemon-reload")
    with pytest.raises(ApplyError, match="daemon-reload went wrong"):
        uninstall("echo", purge=True)
    assert (picture(root), systemctl.units("enabled"), systemctl.units("active")) == before


def test_a_dry_run_and_a_refusal_change_nothing(root: Path, systemctl: FakeSystemctl) -> None:
    """What would go is named."""
    install(REQUEST)
    before, calls = picture(root), systemctl.changes()
    assert not uninstall("echo", purge=True, dry_run=True).applied
    assert not uninstall("echo", approve=lambda _: False).applied
    assert (picture(root), systemctl.changes()) == (before, calls)


def test_instances_are_stopped_and_disabled_too(root: Path, systemctl: FakeSystemctl) -> None:
    """Each by its own name."""
    install(replace(REQUEST, enable=False, now=False, instances=True))
    systemctl.put("active", "echo@1.service", "echo@1.socket")
    systemctl.put("enabled", "echo@2.socket", "echo@2.service")
    for unit in ("service", "socket"):
        wants = root / UNITS / f"{unit}.wants"
        wants.mkdir()
        (wants / f"echo@2.{unit}").symlink_to(f"../echo@.{unit}")
    uninstall("echo")
    assert systemctl.units("active") == set()
    assert systemctl.units("enabled") == set()


@pytest.mark.parametrize("purge", [False, True])
@pytest.mark.parametrize("dry_run", [False, True])
def test_one_instance_cannot_be_uninstalled(purge: bool, dry_run: bool, root: Path) -> None:  # noqa: FBT001 (a table)
    """All the others would go with it, and their state."""
    install(replace(REQUEST, enable=False, now=False, instances=True))
    before = picture(root)
    with pytest.raises(UsageError, match="echo@1 is one instance of echo") as caught:
        uninstall("echo@1", purge=purge, dry_run=dry_run)
    assert "svcctl uninstall echo " in caught.value.hint
    assert "svcctl stop echo@1" in caught.value.hint
    assert picture(root) == before


def test_a_purge_removes_what_was_made_for_single_instances(root: Path) -> None:
    """Variables and drop-ins of instances that systemd does not know now, and of no other application."""
    install(replace(REQUEST, enable=False, now=False, instances=True))
    (root / "etc/default").mkdir()
    for name in ("echo", "echo@1", "echo@2", "echos@1", "echo-2"):
        (root / "etc/default" / name).write_text("A=b\n")
    for unit in ("echo@.service", "echo@1.service", "echo@2.socket", "echos@1.service"):
        (root / UNITS / f"{unit}.d").mkdir()
    dropins = {f"/{UNITS}/{unit}.d" for unit in ("echo@.service", "echo@1.service", "echo@2.socket")}
    variables = {f"/etc/default/{name}" for name in ("echo", "echo@1", "echo@2")}
    assert set(uninstall("echo", dry_run=True).kept) == dropins | variables
    assert set(uninstall("echo", purge=True).preview.purged) == dropins | variables
    assert {path.name for path in (root / "etc/default").iterdir()} == {"echos@1", "echo-2"}
    assert {path.name for path in (root / UNITS).iterdir()} == {"echos@1.service.d"}


def test_a_purge_removes_the_variables_of_a_users_application(machine: Machine, root: Path) -> None:
    """They are in the user's configuration."""
    install(replace(REQUEST, scope="user"))
    file = root / machine.directories["config"].lstrip("/") / "echo.env"
    file.write_text("A=b\n")
    assert uninstall("echo", scope="user", purge=True).preview.purged == (
        f"{machine.directories['config']}/echo.env",
    )
    assert not file.exists()


@pytest.mark.parametrize("purge", [False, True])
def test_a_static_user_stays_and_is_named(
    purge: bool,  # noqa: FBT001 (a table)
    root: Path,
    describing: FakeDescribe,
) -> None:
    """Files of its may be anywhere; whom the machine does not have is not named."""
    describing.manifest = replace(describing.manifest, identity=Identity(uid="somebody", gid="some"))
    tool = root.parent / "bin/systemd-sysusers"
    tool.write_text("#!/bin/sh\n")
    tool.chmod(0o755)
    install(REQUEST)
    assert uninstall("echo", purge=purge).kept == ()
    install(REQUEST)
    (root / "etc/passwd").write_text("root:x:0:0::/root:/bin/sh\nsomebody:x:990:990::/:/bin/false\n")
    assert uninstall("echo", purge=purge).kept == ("user somebody",)


@pytest.mark.parametrize("order", [("echo", "second"), ("second", "echo")])
def test_folders_made_for_several_applications_go_with_the_last(
    order: tuple[str, str], root: Path, describing: FakeDescribe
) -> None:
    """Those of the receipts, too, and those above them that the tree did not have."""
    before = picture(root)
    install(REQUEST)
    second = replace(describing.manifest, application=replace(describing.manifest.application, name="second"))
    describing.manifest = second
    install(replace(REQUEST, application="/srv/second.tac", listen=(("tcp-8007", "8008"),)))
    for name in order:
        assert uninstall(name).applied
    assert picture(root) == before


def test_state_that_stayed_is_taken_over_by_the_next_installation(root: Path) -> None:
    """Also that of instances, whose folder is root's and holds links that systemd made."""
    request = replace(REQUEST, enable=False, now=False, instances=True)
    install(request)
    for instance in ("1", "2"):
        (root / "var/lib/private/echo" / instance).mkdir(parents=True)
        (root / "var/lib/echo").mkdir(exist_ok=True)
        (root / "var/lib/echo" / instance).symlink_to(f"../private/echo/{instance}")
    uninstall("echo")
    assert install(request).receipt.directories == ("/var/lib/echo",)
    assert (root / "var/lib/private/echo/1").is_dir()


@pytest.mark.parametrize(("name", "hint"), [("ecko", "did you mean echo?"), ("zzzzzz", "svcctl list")])
def test_an_unknown_name_is_answered_with_the_most_similar(name: str, hint: str) -> None:
    """Or with where to look."""
    install(REQUEST)
    with pytest.raises(UsageError, match=f"no application named {name} is installed") as caught:
        uninstall(name)
    assert hint in caught.value.hint


@pytest.mark.parametrize("name", ["", "../x", "a\nb", "x" * 300])
def test_a_hostile_name_is_no_path(name: str) -> None:
    """It never reaches the file system."""
    with pytest.raises(UsageError, match="cannot be used"):
        uninstall(name)
