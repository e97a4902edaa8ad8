"""Upgrades and rollbacks on a machine that is a folder: what is decided, what is written, what is asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from svcctl.errors import ConfigurationError, UsageError
from svcctl.host import receipts, varlink
from svcctl.host.machine import Machine
from svcctl.manifest.model import ApplicationInfo, Listener, Manifest, Needs
from svcctl.operations.install import install
from svcctl.operations.request import InstallRequest
from svcctl.operations.rollback import rollback
from svcctl.operations.uninstall import uninstall
from svcctl.operations.upgrade import FailedUpgradeError, upgrade
from tests.fakes.describing import FakeDescribe
from tests.fakes.machines import picture
from tests.fakes.systemctl import FakeSystemctl

REQUEST = InstallRequest(application="/srv/echo.tac", python="/usr/bin/python3", now=True)
UNIT = "etc/systemd/system/echo.service"
LATER, EARLIER = "Sat 2099-01-01 00:00:00.000000 UTC", "Sat 2000-01-01 00:00:00.000000 UTC"


class Process:
    """What answers at the control socket."""

    def __init__(self) -> None:
        self.answer: Callable[[], dict[str, Any]] = lambda: {"pid": 8}
        self.calls: list[tuple[str, str]] = []

    def __call__(
        self, path: str, method: str, _parameters: object = None, *, time_limit: float | None = None
    ) -> dict[str, Any]:
        """Answer one call."""
        assert time_limit is not None
        self.calls.append((path, method))
        return self.answer()


@pytest.fixture
def process(
    monkeypatch: pytest.MonkeyPatch, machine: Machine, describing: FakeDescribe, systemctl: FakeSystemctl
) -> Process:
    """Give the process of an application that was installed and started after that."""
    assert (machine.booted, describing.error) == (True, None)
    install(REQUEST)
    systemctl.show("echo.service", ExecMainStartTimestamp=LATER, RuntimeDirectory="svcctl/echo")
    made = Process()
    monkeypatch.setattr(varlink, "call", made)
    return made


def changed(manifest: Manifest, **changes: Any) -> Manifest:  # noqa: ANN401 - fields of any type
    """Return a manifest with other needs, and of another file."""
    other = replace(manifest, origin=replace(manifest.origin, digest="ab" * 32))
    return replace(other, needs=replace(manifest.needs, **changes))


def test_the_process_takes_over_before_the_units_follow(
    process: Process, describing: FakeDescribe, systemctl: FakeSystemctl, root: Path
) -> None:
    """Nothing is restarted; the units name the new file."""
    describing.manifest = replace(
        changed(describing.manifest), application=ApplicationInfo(name="echo", description="New words")
    )
    before = (root / UNIT).read_text()

    def answer() -> dict[str, Any]:
        assert (root / UNIT).read_text() == before
        return {"pid": 8}

    process.answer = answer
    result = upgrade("echo")
    assert (result.how, result.pid, result.reasons, result.applied) == ("overlapping", 8, (), True)
    assert process.calls == [("/run/svcctl/echo/control", "io.svcctl.Control.Upgrade")]
    assert "New words" in (root / UNIT).read_text()
    assert not any("restart" in call for call in systemctl.changes())


def test_units_that_stay_as_they_are_need_no_question(process: Process) -> None:
    """A new interpreter's code, a module that it imports: the process may be another one all the same."""
    result = upgrade("echo", approve=lambda _: pytest.fail("nothing changes"))
    assert (result.how, result.applied) == ("overlapping", False)
    assert len(process.calls) == 1


@pytest.mark.parametrize(
    ("needs", "reason"),
    [
        ({"home": True}, "echo.service: ProtectHome="),
        ({"descriptors": 1}, "echo.service: FileDescriptorStoreMax="),
        ({"programs": ("/bin/sh",)}, "echo.service: ExecPaths="),
    ],
)
def test_another_sandbox_is_a_restart_with_its_reason(
    process: Process, describing: FakeDescribe, systemctl: FakeSystemctl, needs: dict[str, Any], reason: str
) -> None:
    """The units first, then the service."""
    describing.manifest = changed(describing.manifest, **needs)
    result = upgrade("echo")
    assert (result.how, result.applied) == ("restart", True)
    assert reason in result.reasons
    assert process.calls == []
    assert systemctl.changes()[-1].endswith("restart echo.service")


def test_another_address_is_a_restart(process: Process, describing: FakeDescribe) -> None:
    """The process has the old socket."""
    server = replace(
        describing.manifest.tree.children[0], listeners=(Listener(name="tcp-9", endpoint="tcp:9"),)
    )
    describing.manifest = replace(
        describing.manifest, tree=replace(describing.manifest.tree, children=(server,))
    )
    result = upgrade("echo")
    assert result.how == "restart"
    assert "echo.socket: ListenStream=" in result.reasons
    assert process.calls == []


def test_what_was_installed_after_the_start_counts(
    process: Process, describing: FakeDescribe, systemctl: FakeSystemctl
) -> None:
    """The process has the sandbox of the generation before, or of one that nobody knows any more."""
    install(InstallRequest(application="/srv/echo.tac", python="/usr/bin/python3"))
    describing.manifest = changed(describing.manifest, home=True)
    install(REQUEST)
    systemctl.show("echo.service", ExecMainStartTimestamp=EARLIER, RuntimeDirectory="svcctl/echo")
    result = upgrade("echo")
    assert result.how == "restart"
    assert result.reasons[0] == "echo.service has changed more than once since it was started"
    assert process.calls == []


def test_a_process_that_does_not_take_over_changes_nothing(
    process: Process, describing: FakeDescribe, root: Path
) -> None:
    """Whoever asked has the whole reason."""

    def answer() -> dict[str, Any]:
        raise varlink.VarlinkError("io.svcctl.Control.Failed", {"path": "echo", "reason": "db is down"})

    process.answer = answer
    describing.manifest = changed(describing.manifest)
    before = picture(root)
    with pytest.raises(FailedUpgradeError, match="echo serves on as before: db is down"):
        upgrade("echo")
    assert picture(root) == before


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (varlink.VarlinkError("io.svcctl.Control.Refused", {"reason": "its pid file names this process"}), "its pid file names this process"),
        (varlink.NoAnswerError("nobody there"), "the process that runs cannot be asked to"),
        (varlink.VarlinkError("org.varlink.service.MethodNotFound", {"method": "Upgrade"}), "MethodNotFound"),
    ],
)  # fmt: skip
def test_a_process_that_cannot_be_taken_over_is_restarted(
    process: Process, systemctl: FakeSystemctl, error: Exception, reason: str
) -> None:
    """Because of a pid file, or because it is of an older version."""

    def answer() -> dict[str, Any]:
        raise error

    process.answer = answer
    result = upgrade("echo")
    assert result.how == "restart"
    assert reason in result.reasons[0]
    assert systemctl.changes()[-1].endswith("restart echo.service")


def test_who_declines_has_nothing_changed(process: Process, describing: FakeDescribe, root: Path) -> None:
    """Neither units nor process."""
    describing.manifest = changed(describing.manifest, home=True)
    before = picture(root)
    assert upgrade("echo", approve=lambda _: False).how == "none"
    assert (picture(root), process.calls) == (before, [])


def test_an_application_that_no_longer_loads_changes_nothing(
    process: Process, describing: FakeDescribe, root: Path
) -> None:
    """It is described before anything else."""
    describing.error = ConfigurationError("it is broken")
    before = picture(root)
    with pytest.raises(ConfigurationError, match="it is broken"):
        upgrade("echo")
    assert (picture(root), process.calls) == (before, [])


def test_what_does_not_run_cannot_be_upgraded(process: Process, systemctl: FakeSystemctl) -> None:
    """Nor a template."""
    (systemctl.folder / "active" / "echo.service").unlink()
    with pytest.raises(ConfigurationError, match="echo does not run"):
        upgrade("echo")
    uninstall("echo")
    install(InstallRequest(application="/srv/web.tac", python="/usr/bin/python3", instances=True))
    with pytest.raises(UsageError, match="web has instances"):
        upgrade("web")
    assert process.calls == []


def test_a_rollback_brings_files_and_receipt_back_and_another_one_undoes_it(
    process: Process, describing: FakeDescribe, machine: Machine, root: Path, systemctl: FakeSystemctl
) -> None:
    """Byte for byte; the service is left alone."""
    assert process.calls == []
    first = picture(root / "etc/systemd")
    receipt = receipts.read(machine, "echo")
    describing.manifest = changed(describing.manifest, home=True)
    install(REQUEST)
    second = picture(root / "etc/systemd")
    assert second != first

    result = rollback("echo")
    assert (result.applied, result.running) == (True, True)
    assert picture(root / "etc/systemd") == first
    back = receipts.read(machine, "echo")
    assert back is not None
    assert receipt is not None
    assert replace(back, previous=None) == receipt
    assert systemctl.changes()[-1].endswith("daemon-reload")

    rollback("echo")
    assert picture(root / "etc/systemd") == second


def test_a_rollback_removes_sockets_that_were_new(
    process: Process, describing: FakeDescribe, root: Path, systemctl: FakeSystemctl
) -> None:
    """And brings those back that had gone."""
    assert process.calls == []
    units = root / "etc/systemd/system"
    server = describing.manifest.tree.children[0]
    listeners = tuple(Listener(name=f"tcp-{port}", endpoint=f"tcp:{port}") for port in (7, 8))
    tree = replace(describing.manifest.tree, children=(replace(server, listeners=listeners),))
    describing.manifest = replace(describing.manifest, tree=tree)
    install(REQUEST)
    assert sorted(path.name for path in units.glob("*.socket")) == ["echo-tcp-7.socket", "echo-tcp-8.socket"]
    rollback("echo")
    assert sorted(path.name for path in units.glob("*.socket")) == ["echo.socket"]
    assert not {"echo-tcp-7.socket", "echo-tcp-8.socket"} & systemctl.units("active")


def test_nothing_is_brought_back_where_nothing_was_replaced(process: Process, root: Path) -> None:
    """Also where an installation was repeated without a change; a dry run changes nothing either way."""
    assert process.calls == []
    install(REQUEST)
    before = picture(root)
    with pytest.raises(ConfigurationError, match="nothing of echo has been replaced"):
        rollback("echo")
    assert picture(root) == before


def test_a_dry_run_and_a_refusal_change_nothing(
    process: Process, describing: FakeDescribe, root: Path
) -> None:
    """The plan is there to look at."""
    assert process.calls == []
    describing.manifest = replace(describing.manifest, needs=Needs(home=True))
    install(REQUEST)
    before = picture(root)
    shown = rollback("echo", dry_run=True)
    assert {file.path for file in shown.preview.plan.files} >= {f"/{UNIT}"}
    assert not rollback("echo", approve=lambda _: False).applied
    assert picture(root) == before
