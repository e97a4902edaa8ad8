from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from svcctl.errors import (
    ApplicationLoadError,
    ConfigurationError,
    PermissionDeniedError,
    ProblemsError,
    UsageError,
)
from svcctl.host import machine as machines
from svcctl.host import receipts, systemd
from svcctl.host.apply import ApplyError
from svcctl.host.machine import Machine
from svcctl.manifest.model import Identity, Listener, Manifest, Needs
from svcctl.operations.install import install
from svcctl.operations.preview import Preview
from svcctl.operations.request import InstallRequest
from tests.fakes.describing import FakeDescribe
from tests.fakes.machines import picture
from tests.fakes.systemctl import FakeSystemctl

pytestmark = pytest.mark.usefixtures("machine")

REQUEST = InstallRequest(application="/srv/echo.tac", python="/usr/bin/python3")
UNITS = "etc/systemd/system"


def with_listeners(manifest: Manifest, *ports: int) -> Manifest:
    """Return the manifest with one server on these ports instead of its own."""
    listeners = tuple(Listener(name=f"tcp-{port}", endpoint=f"tcp:{port}") for port in ports)
    server = replace(manifest.tree.children[0], listeners=listeners)
    return replace(manifest, tree=replace(manifest.tree, children=(server,)))


def test_an_installation_writes_units_and_remembers_all_of_it(
    root: Path, machine: Machine, describing: FakeDescribe
) -> None:
    """The receipt is enough to show, repeat and undo it."""
    result = install(REQUEST)

    assert result.applied
    assert {"echo.service", "echo.socket"} == {path.name for path in (root / UNITS).iterdir()}
    receipt = receipts.read(machine, "echo")
    assert receipt == result.receipt
    assert receipt is not None
    assert (receipt.service, receipt.sockets) == ("echo.service", ("echo.socket",))
    assert receipt.addresses == ("0.0.0.0:8007",)
    assert receipt.directories == ("/var/lib/echo",)
    assert receipt.options == ("/srv/echo.tac", "--python", "/usr/bin/python3")
    assert describing.targets == ["/srv/echo.tac"]


def test_a_second_installation_has_nothing_to_do(
    root: Path, describing: FakeDescribe, systemctl: FakeSystemctl
) -> None:
    """Nobody is asked, nothing is called, nothing is written."""
    assert describing.error is None
    first = replace(REQUEST, enable=True, now=True)
    install(first)
    before, changes = picture(root), systemctl.changes()

    def ask(_preview: Preview) -> bool:
        raise AssertionError

    result = install(first, approve=ask)
    assert not result.applied
    assert not result.preview.changes
    assert (picture(root), systemctl.changes()) == (before, changes)


@pytest.mark.usefixtures("describing")
def test_a_dry_run_changes_nothing_and_needs_no_privileges(
    root: Path, systemctl: FakeSystemctl, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where no systemd runs."""
    monkeypatch.setattr(receipts, "need_permission", _refuse)
    before = picture(root)
    result = install(replace(REQUEST, enable=True), dry_run=True)
    assert not result.applied
    assert [file.path for file in result.preview.plan.files] == [
        f"/{UNITS}/echo.service",
        f"/{UNITS}/echo.socket",
    ]
    assert [action.kind for action in result.preview.plan.actions] == ["daemon-reload", "enable"]
    assert picture(root) == before
    assert systemctl.changes() == []


def _refuse(_machine: Machine) -> None:
    raise PermissionDeniedError("no")


@pytest.mark.usefixtures("describing")
def test_a_refused_plan_changes_nothing(root: Path) -> None:
    """The user is shown all of it and says no."""
    before = picture(root)
    shown: list[Preview] = []

    def refuse(preview: Preview) -> bool:
        shown.append(preview)
        return False

    result = install(REQUEST, approve=refuse)
    assert not result.applied
    assert [file.path for file in shown[0].plan.files] == [f"/{UNITS}/echo.service", f"/{UNITS}/echo.socket"]
    assert picture(root) == before


@pytest.mark.usefixtures("describing")
def test_enable_and_now_are_done_once(systemctl: FakeSystemctl) -> None:
    """Sockets and service together, in that order."""
    install(replace(REQUEST, enable=True, now=True))
    assert [call.partition(" ")[2] for call in systemctl.changes()] == [
        "daemon-reload",
        "enable echo.socket echo.service",
        "start echo.socket echo.service",
    ]


def test_an_upgrade_leaves_the_running_service_alone(
    root: Path, describing: FakeDescribe, systemctl: FakeSystemctl
) -> None:
    """Vanished sockets are closed without it, new ones are enabled and opened by its restart."""
    describing.manifest = with_listeners(describing.manifest, 1001, 1002)
    install(replace(REQUEST, enable=True, now=True))
    calls = len(systemctl.changes())

    describing.manifest = with_listeners(describing.manifest, 1002, 1003)
    result = install(REQUEST)

    assert result.running
    assert [call.partition(" ")[2] for call in systemctl.changes()[calls:]] == [
        "disable echo-tcp-1001.socket",
        "daemon-reload",
        "enable echo-tcp-1003.socket",
        "stop --job-mode=ignore-dependencies echo-tcp-1001.socket",
    ]
    assert {path.name for path in (root / UNITS).iterdir()} == {
        "echo.service",
        "echo-tcp-1002.socket",
        "echo-tcp-1003.socket",
    }
    assert systemctl.units("active") == {"echo.service", "echo-tcp-1002.socket"}


@pytest.mark.parametrize(
    ("running", "expected"),
    [
        (True, ["daemon-reload", "stop --job-mode=ignore-dependencies echo.socket"]),
        (
            False,
            ["daemon-reload", "stop --job-mode=ignore-dependencies echo.socket", "start echo.socket"],
        ),
    ],
)
def test_a_socket_whose_address_changed_is_opened_anew(
    running: bool,  # noqa: FBT001 (a table)
    expected: list[str],
    describing: FakeDescribe,
    systemctl: FakeSystemctl,
) -> None:
    """By the restart of a service that runs, else at once: systemd has dropped the old one."""
    install(REQUEST)
    systemctl.put("active", "echo.socket", *(["echo.service"] if running else []))
    calls = len(systemctl.changes())
    describing.manifest = with_listeners(describing.manifest, 1001)
    install(REQUEST)
    assert [call.partition(" ")[2] for call in systemctl.changes()[calls:]] == expected


def test_a_changed_comment_does_not_close_a_socket(
    describing: FakeDescribe, systemctl: FakeSystemctl
) -> None:
    """The digest in the header changes with any change of the application."""
    install(replace(REQUEST, now=True))
    calls = len(systemctl.changes())
    info = replace(describing.manifest.application, description="something else")
    describing.manifest = replace(describing.manifest, application=info)
    install(REQUEST)
    assert [call.partition(" ")[2] for call in systemctl.changes()[calls:]] == ["daemon-reload"]


def test_a_failed_start_leaves_nothing_of_a_first_installation(
    root: Path, describing: FakeDescribe, systemctl: FakeSystemctl
) -> None:
    """Also not the state folder that systemd made for it."""
    assert describing.error is None
    before = picture(root)
    systemctl.fail("start")
    private = root / "var/lib/private/echo"
    real = systemctl.folder / "systemctl"
    real.write_text(
        real.read_text().replace(
            "  start | restart)",
            f"  start) /bin/mkdir -p {private}; for unit in $units; do :; done ;;\n  restart)",
        )
    )
    with pytest.raises(ApplyError, match="start went wrong"):
        install(replace(REQUEST, now=True))
    assert not private.exists()
    after = {path: value for path, value in picture(root).items() if not path.startswith("var")}
    assert after == before


def test_an_interrupt_while_it_starts_leaves_nothing(
    root: Path, describing: FakeDescribe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The state folder goes, too, that systemd had made by then."""
    assert describing.error is None
    private = root / "var/lib/private/echo"

    def interrupted(*_arguments: object) -> None:
        private.mkdir(parents=True)
        raise KeyboardInterrupt

    monkeypatch.setattr(systemd, "change", interrupted)
    with pytest.raises(KeyboardInterrupt):
        install(replace(REQUEST, now=True))
    assert not private.exists()
    assert not (root / UNITS / "echo.service").exists()


def test_an_edited_unit_is_kept_aside(root: Path, describing: FakeDescribe) -> None:
    """And named, with the better way."""
    assert describing.error is None
    install(REQUEST)
    unit = root / UNITS / "echo.service"
    unit.write_text("mine")
    result = install(REQUEST)
    assert (root / UNITS / "echo.service.svcctl-saved").read_text() == "mine"
    assert unit.read_text() != "mine"
    assert [item.subject for item in result.preview.diagnostics if "by hand" in item.message] == [
        f"/{UNITS}/echo.service"
    ]


@pytest.mark.usefixtures("describing")
def test_drop_ins_survive(root: Path) -> None:
    """They are the administrator's."""
    dropin = root / UNITS / "echo.service.d/override.conf"
    dropin.parent.mkdir()
    dropin.write_text("[Service]\n")
    install(REQUEST)
    install(replace(REQUEST, after=("network.target",)))
    assert dropin.read_text() == "[Service]\n"


@pytest.mark.usefixtures("describing")
@pytest.mark.parametrize("where", [UNITS, "usr/lib/systemd/system", "run/systemd/generator.late"])
def test_a_unit_that_is_not_ours_is_refused(where: str, root: Path) -> None:
    """Wherever systemd would find it."""
    foreign = root / where / "echo.service"
    foreign.parent.mkdir(parents=True, exist_ok=True)
    foreign.write_text("theirs")
    before = picture(root)
    with pytest.raises(ConfigurationError, match=r"there is a echo\.service already") as caught:
        install(REQUEST)
    assert "--name" in caught.value.hint
    after = picture(root)
    assert {path: after[path] for path in before} == before
    assert foreign.read_text() == "theirs"


@pytest.mark.usefixtures("describing")
def test_two_applications_of_one_name_are_refused(root: Path) -> None:
    """The first one stays."""
    install(REQUEST)
    before = picture(root)
    with pytest.raises(UsageError, match="echo is installed already, from /srv/echo"):
        install(replace(REQUEST, application="/opt/echo.tac"))
    assert picture(root) == before


def test_an_address_of_another_application_is_refused_with_its_owner(describing: FakeDescribe) -> None:
    """Although that one does not run; another address helps."""
    install(REQUEST)
    info = replace(describing.manifest.application, name="other")
    describing.manifest = replace(describing.manifest, application=info)
    other = replace(REQUEST, application="/srv/other.tac")
    for sockets in (True, False):
        with pytest.raises(
            ConfigurationError, match=r"0\.0\.0\.0:8007 belongs to the installed application echo"
        ):
            install(replace(other, sockets=sockets))
    assert install(replace(other, listen=(("tcp-8007", "8008"),))).applied


def test_a_folder_of_another_application_is_refused_with_its_owner(describing: FakeDescribe) -> None:
    """Two services of different users cannot have one state."""
    install(REQUEST)
    describing.manifest = with_listeners(describing.manifest, 1001)
    with pytest.raises(
        ConfigurationError, match="the folder /var/lib/echo belongs to the installed application echo"
    ):
        install(replace(REQUEST, application="/srv/second.tac"))


def test_a_folder_of_the_system_is_refused(root: Path, describing: FakeDescribe) -> None:
    """An application named as dpkg would get dpkg's state, and a purge would remove it."""
    assert describing.error is None
    (root / "var/lib/echo").mkdir(parents=True)
    (root / "var/lib/echo/status").write_text("")
    with pytest.raises(ConfigurationError, match="is there already and belongs to something else"):
        install(REQUEST)


def test_configuration_that_was_there_before_is_not_ours_to_purge(
    root: Path, describing: FakeDescribe
) -> None:
    """An administrator may write it first."""
    describing.manifest = replace(describing.manifest, needs=Needs(directories=("state", "config")))
    (root / "etc/echo").mkdir()
    (root / "etc/echo/echo.conf").write_text("")
    assert install(REQUEST).receipt.directories == ("/var/lib/echo",)


@pytest.mark.usefixtures("describing")
@pytest.mark.parametrize(
    "name", ["", "..", "a/b", "a%b", "a\nb", "x" * 300, "-x", "a b", "é", "../../etc/passwd"]
)
def test_a_hostile_name_is_refused(name: str, root: Path) -> None:
    """With the status of a wrong command line, and nothing written."""
    before = picture(root)
    with pytest.raises(UsageError, match="cannot be used") as caught:
        install(replace(REQUEST, name=name))
    assert caught.value.exit_status == 64
    assert "\n" not in str(caught.value)
    assert picture(root) == before


@pytest.mark.usefixtures("describing")
@pytest.mark.parametrize("application", ["/home/u/echo.tac", "/root/echo.tac", "/tmp/echo.tac"])  # noqa: S108 (refused)
def test_code_that_the_sandbox_hides_is_refused(application: str) -> None:
    """In system scope."""
    with pytest.raises(ProblemsError, match="cannot be a service as it is") as caught:
        install(replace(REQUEST, application=application))
    assert caught.value.hint


@pytest.mark.usefixtures("describing")
def test_code_that_a_link_hides_is_refused(tmp_path: Path) -> None:
    """The sandbox sees where it leads."""
    link = tmp_path / "link.tac"
    link.symlink_to("/home/u/echo.tac")
    found: list[str] = []
    try:
        install(replace(REQUEST, application=str(link)))
    except ProblemsError as error:
        found = [problem.where for problem in error.problems]
    assert found == ["application"]


def test_an_application_that_does_not_load_changes_nothing(root: Path, describing: FakeDescribe) -> None:
    """Its own error arrives."""
    describing.error = ApplicationLoadError("no application", frames="...")
    before = picture(root)
    with pytest.raises(ApplicationLoadError, match="no application"):
        install(REQUEST)
    assert picture(root) == before


def test_the_description_gets_the_variables_of_the_service(tmp_path: Path, describing: FakeDescribe) -> None:
    """Those of files win, as in the unit."""
    file = tmp_path / "env"
    file.write_text("B=file\nC=file\n")
    install(
        replace(REQUEST, environment=(("A", "unit"), ("B", "unit")), environment_files=(str(file), "-/none"))
    )
    assert describing.environments == [{"A": "unit", "B": "file", "C": "file"}]


@pytest.mark.usefixtures("describing")
def test_without_systemd_the_ways_around_are_named(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tree, or a daemon."""
    here = replace(machine, root="", booted=False)
    monkeypatch.setattr(machines, "find", lambda *_, **__: here)
    monkeypatch.setattr(receipts, "need_permission", lambda _: None)
    with pytest.raises(ConfigurationError, match="systemd does not run this machine") as caught:
        install(REQUEST)
    assert "--root" in caught.value.hint
    assert "run --daemonize" in caught.value.hint


@pytest.mark.usefixtures("describing")
@pytest.mark.parametrize(("enable", "now"), [(True, False), (False, True)])
def test_a_template_is_neither_enabled_nor_started(enable: bool, now: bool) -> None:  # noqa: FBT001 (a table)
    """Only its instances are."""
    with pytest.raises(UsageError, match="only its instances"):
        install(replace(REQUEST, instances=True, enable=enable, now=now))


def test_a_static_user_is_made_before_systemd_reads_the_units(root: Path, describing: FakeDescribe) -> None:
    """By systemd-sysusers, from a file whose folder goes with it."""
    describing.manifest = replace(describing.manifest, identity=Identity(uid="echo-user"))
    result = install(REQUEST, dry_run=True)
    assert [action.kind for action in result.preview.plan.actions] == ["sysusers", "daemon-reload"]
    assert result.preview.plan.actions[0].units == ("/etc/sysusers.d/echo.conf",)
    receipts_folder = ("/var", "/var/lib", "/var/lib/svcctl", "/var/lib/svcctl/receipts")
    assert result.receipt.folders == ("/etc/sysusers.d", *receipts_folder)
    assert not (root / "etc/sysusers.d").exists()


@pytest.mark.usefixtures("describing")
@pytest.mark.parametrize("lingering", [True, False])
def test_what_to_do_about_lingering_is_not_said_when_it_is_done(
    lingering: bool,  # noqa: FBT001 (a table)
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The service of a user runs from boot on then."""
    monkeypatch.setattr(machines, "lingers", lambda: lingering)
    preview = install(replace(REQUEST, scope="user"), dry_run=True).preview
    assert ("linger" in {item.subject for item in preview.diagnostics}) is not lingering


@pytest.mark.usefixtures("describing")
def test_a_version_that_was_assumed_is_named(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the option that says it."""
    assumed = replace(machine, version_assumed=True)
    monkeypatch.setattr(machines, "find", lambda *_, **__: assumed)
    note = next(item for item in install(REQUEST).preview.diagnostics if item.subject == "--systemd")
    assert note.severity == "note"
    assert "systemd 252" in note.message
    assert note.hint == "give its version: --systemd VERSION"
