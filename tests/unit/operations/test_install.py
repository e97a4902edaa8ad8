from __future__ import annotations

import signal
from dataclasses import replace
from pathlib import Path

import pytest

from svcctl.errors import (
    PermissionDeniedError,
)
from svcctl.host import machine as machines
from svcctl.host import receipts, systemd
from svcctl.host.apply import ApplyError
from svcctl.host.machine import Machine
from svcctl.host.stage import Stage
from svcctl.manifest.model import Identity, Listener, Manifest
from svcctl.operations import preparation
from svcctl.operations.install import install
from svcctl.operations.preparation import describe_requested
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


@pytest.mark.parametrize(
    ("user", "reader"),
    [("daemon", "daemon"), ("root", "nobody"), ("0", "nobody"), ("not-there", "nobody"), (None, "nobody")],
)
def test_root_reads_the_application_as_whom_it_is_to_run_as_or_as_nobody(
    monkeypatch: pytest.MonkeyPatch, describing: FakeDescribe, user: str | None, reader: str
) -> None:
    """A file that only its user can read is described all the same; never by root."""
    monkeypatch.setattr(preparation, "unprivileged_user", lambda: "nobody")
    settings = (("Service", "User", user), ("Service", "DynamicUser", "no")) if user else ()
    describe_requested(replace(REQUEST, settings=settings))
    assert describing.user == reader


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


def test_an_interrupt_after_the_last_step_is_too_late(
    root: Path, describing: FakeDescribe, systemctl: FakeSystemctl, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The service has started: what it wrote stays, and who interrupted is told that it is installed."""
    assert describing.error is None
    private = root / "var/lib/private/echo"
    close = Stage.close

    def interrupted(stage: Stage) -> None:
        private.mkdir(parents=True)
        signal.raise_signal(signal.SIGINT)
        close(stage)

    monkeypatch.setattr(Stage, "close", interrupted)
    assert install(replace(REQUEST, now=True)).applied
    assert systemctl.units("active")
    assert private.exists()


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


def test_the_file_that_would_be_run_is_the_one_that_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the way to it goes up from behind a link."""
    (tmp_path / "there/below").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "there/below")
    monkeypatch.chdir(tmp_path)
    found = preparation.absolute(
        InstallRequest(application="link/../app.tac", environment_files=("-link/x",))
    )
    assert found.application == f"{tmp_path}/there/app.tac"
    assert found.environment_files == (f"-{tmp_path}/link/x",)
