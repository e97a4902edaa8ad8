from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from svcctl.host import analyze, receipts, systemd
from svcctl.host.apply import ApplyError, apply, digest
from svcctl.host.machine import Machine
from svcctl.host.stage import Stage
from svcctl.plan.model import Action, File, InstalledFile, Plan, Receipt
from tests.fakes.machines import machine_in, picture
from tests.fakes.systemctl import FakeSystemctl

UNITS = "/etc/systemd/system"
SERVICE, SOCKET, GONE = f"{UNITS}/echo.service", f"{UNITS}/echo.socket", f"{UNITS}/echo-old.socket"


@pytest.fixture
def systemctl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeSystemctl:
    """Give a fake systemctl that is all there is on the search path."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return FakeSystemctl(folder)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Give an empty tree."""
    tree = tmp_path / "root"
    tree.mkdir()
    return tree


@pytest.fixture
def machine(root: Path, systemctl: FakeSystemctl) -> Machine:
    """Give a machine that looks booted."""
    assert systemctl.folder.exists()
    return machine_in(root)


def receipt(*paths: str, version: str = "new") -> Receipt:
    """Return a receipt of files whose content is ``version``."""
    return Receipt(
        name="echo",
        scope="system",
        application="/srv/echo.tac",
        python="/usr/bin/python3",
        python_version="3.11.2",
        service="echo.service",
        sockets=("echo.socket",),
        addresses=("0.0.0.0:8007",),
        files=tuple(InstalledFile(path=path, digest=digest(version.encode())) for path in paths),
        directories=("/var/lib/echo",),
        manifest_digest="0" * 64,
        manifest="{}",
        options=("/srv/echo.tac",),
    )


def an_installation() -> Plan:
    """Return the plan of a first installation."""
    return Plan(
        files=(File(path=SERVICE, content=b"new"), File(path=SOCKET, content=b"new", mode=0o600)),
        actions=(
            Action(kind="daemon-reload"),
            Action(kind="enable", units=("echo.socket", "echo.service")),
            Action(kind="start", units=("echo.socket", "echo.service")),
        ),
        receipt=receipt(SERVICE, SOCKET),
    )


def an_upgrade() -> Plan:
    """Return the plan of an installation over an older one that had a socket more."""
    return Plan(
        files=(File(path=SERVICE, content=b"new"), File(path=SOCKET, content=b"new")),
        removals=(InstalledFile(path=GONE, digest=digest(b"old")),),
        actions=(
            Action(kind="disable", units=("echo-old.socket",)),
            Action(kind="daemon-reload"),
            Action(kind="enable", units=("echo.socket",)),
            Action(kind="stop", units=("echo-old.socket",)),
            Action(kind="start", units=("echo.socket",)),
        ),
        receipt=receipt(SERVICE, SOCKET),
    )


def a_removal() -> Plan:
    """Return the plan of a removal."""
    return Plan(
        files=(),
        removals=tuple(InstalledFile(path=path, digest=digest(b"old")) for path in (SERVICE, SOCKET)),
        actions=(
            Action(kind="stop", units=("echo.socket",)),
            Action(kind="stop", units=("echo.service",)),
            Action(kind="disable", units=("echo.service", "echo.socket")),
            Action(kind="daemon-reload"),
        ),
    )


def install_old(machine: Machine, systemctl: FakeSystemctl) -> None:
    """Put an older installation on the machine, enabled and running."""
    files = tuple(File(path=path, content=b"old") for path in (SERVICE, SOCKET, GONE))
    apply(Plan(files=files, receipt=receipt(SERVICE, SOCKET, GONE, version="old")), machine, name="echo")
    for state in ("enabled", "active"):
        systemctl.put(state, "echo.service", "echo.socket", "echo-old.socket")
    (systemctl.folder / "calls").write_text("")


def test_an_installation_writes_its_files_and_receipt_and_then_acts(
    root: Path, machine: Machine, systemctl: FakeSystemctl
) -> None:
    """Content, modes, receipt, and the calls in their order."""
    apply(an_installation(), machine, name="echo")

    after = picture(root)
    assert after["etc/systemd/system/echo.service"] == ("file", 0o644, b"new")
    assert after["etc/systemd/system/echo.socket"] == ("file", 0o600, b"new")
    assert after["var/lib/svcctl/receipts"][:2] == ("folder", 0o755)
    assert after["var/lib/svcctl/receipts/echo.json"][:2] == ("file", 0o644)
    assert receipts.read(machine, "echo") == receipt(SERVICE, SOCKET)
    assert [call.split()[1:] for call in systemctl.changes()] == [
        ["daemon-reload"],
        ["enable", "echo.socket", "echo.service"],
        ["start", "echo.socket", "echo.service"],
    ]


def test_nothing_stays_aside_after_success(root: Path, machine: Machine) -> None:
    """The folders for new and old versions are gone."""
    apply(an_installation(), machine, name="echo")
    assert not [path for path in picture(root) if ".svcctl-" in path]


def test_what_a_killed_process_left_aside_is_removed(root: Path, machine: Machine) -> None:
    """The next installation cleans up after one that could not."""
    stale = root / "etc/systemd/system/.svcctl-0123456789abcdef/new"
    stale.mkdir(parents=True)
    apply(an_installation(), machine, name="echo")
    assert not stale.parent.exists()


def test_an_upgrade_disables_before_the_files_change_and_stops_after(
    root: Path, machine: Machine, systemctl: FakeSystemctl
) -> None:
    """A socket is stopped once the service no longer requires it, or the service would stop with it."""
    install_old(machine, systemctl)
    apply(an_upgrade(), machine, name="echo")

    verbs = [call.split()[1] for call in systemctl.changes()]
    assert verbs == ["disable", "daemon-reload", "enable", "stop", "start"]
    assert not (root / GONE[1:]).exists()
    assert systemctl.units("active") == {"echo.service", "echo.socket"}


def test_a_removal_stops_sockets_before_the_service_and_removes_the_receipt(
    root: Path, machine: Machine, systemctl: FakeSystemctl
) -> None:
    """Stopped and disabled while the units are still there."""
    install_old(machine, systemctl)
    apply(a_removal(), machine, name="echo")

    assert [call.split()[1:] for call in systemctl.changes()] == [
        ["stop", "echo.socket"],
        ["stop", "echo.service"],
        ["disable", "echo.service", "echo.socket"],
        ["daemon-reload"],
    ]
    assert not (root / SERVICE[1:]).exists()
    assert receipts.read(machine, "echo") is None


def steps(plan: Plan) -> Iterator[tuple[str, int]]:
    """Yield the places where a plan can fail: the function that fails, and at which call."""
    count = len(plan.files) + (plan.receipt is not None)
    yield from (("write", number) for number in range(count))
    yield from (("swap", number) for number in range(count))
    yield from (("take", number) for number in range(len(plan.removals)))
    yield ("sync", 0)
    yield from (("act", number) for number in range(len(plan.actions)))


CASES = [
    (name, step)
    for name, plan in (("install", an_installation()), ("upgrade", an_upgrade()), ("remove", a_removal()))
    for step in steps(plan)
]


@pytest.mark.parametrize(
    ("kind", "step"),
    CASES,
    ids=lambda value: "-".join(map(str, value)) if isinstance(value, tuple) else value,
)
def test_a_failure_at_any_step_leaves_the_machine_as_it_was(
    kind: str,
    step: tuple[str, int],
    root: Path,
    machine: Machine,
    systemctl: FakeSystemctl,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Files with content and mode, folders, the receipt, what is enabled and what runs."""
    plan = {"install": an_installation, "upgrade": an_upgrade, "remove": a_removal}[kind]()
    if kind != "install":
        install_old(machine, systemctl)
    before = picture(root), systemctl.units("enabled"), systemctl.units("active")
    where, number = step
    owner: object = systemd if where == "act" else Stage
    real = getattr(owner, where)
    calls = iter(range(1000))

    def failing(*arguments: object, **options: object) -> object:
        if next(calls) == number:
            if where == "act":
                real(*arguments, **options)
            raise OSError(28, "No space left on device")
        return real(*arguments, **options)

    monkeypatch.setattr(owner, where, failing)
    with pytest.raises(ApplyError, match="No space left") as caught:
        apply(plan, machine, name="echo")

    assert caught.value.left == ()
    assert (picture(root), systemctl.units("enabled"), systemctl.units("active")) == before


def test_an_action_that_does_half_of_its_work_is_undone(
    root: Path, machine: Machine, systemctl: FakeSystemctl
) -> None:
    """The units that a failing start did start are stopped, and the error says what was undone."""
    systemctl.fail("start")
    systemctl.show("echo.service", Result="exit-code", StatusText="echo/db failed to start")
    before = picture(root)
    with pytest.raises(ApplyError) as caught:
        apply(an_installation(), machine, name="echo")

    assert "echo/db failed to start" in str(caught.value)
    assert "enable echo.socket echo.service" in caught.value.undone
    assert caught.value.hint == "journalctl -n 30 -u echo.service"
    assert systemctl.units("active") == set()
    assert systemctl.units("enabled") == set()
    assert picture(root) == before


def test_what_was_running_before_a_failed_start_runs_on(machine: Machine, systemctl: FakeSystemctl) -> None:
    """Undoing a start only stops what it started."""
    install_old(machine, systemctl)
    systemctl.fail("start")
    with pytest.raises(ApplyError):
        apply(an_upgrade(), machine, name="echo")
    # The fake's verb also fails when the old socket is to be started again, after it did its work.
    assert systemctl.units("active") == {"echo.service", "echo.socket", "echo-old.socket"}


def test_what_cannot_be_undone_is_named(
    machine: Machine, systemctl: FakeSystemctl, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error does not claim more than was done."""
    systemctl.fail("start")
    monkeypatch.setattr(Stage, "restore", _fail_to_restore)
    with pytest.raises(ApplyError) as caught:
        apply(an_installation(), machine, name="echo")
    assert f"{SERVICE}: OSError: [Errno 5] Input/output error" in caught.value.left
    assert "NOT undone" in str(caught.value)


def _fail_to_restore(_stage: Stage, _path: str) -> None:
    raise OSError(5, "Input/output error")


def test_units_that_systemd_does_not_accept_never_get_into_place(
    root: Path, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are looked at first."""
    looked: list[str] = []

    def verify(files: tuple[File, ...], _machine: Machine) -> tuple[str, ...]:
        looked.extend(file.path for file in files)
        return ("echo.service:3: Unknown key",)

    monkeypatch.setattr(analyze, "verify", verify)
    with pytest.raises(ApplyError, match=r"Unknown key.*nothing was changed"):
        apply(an_installation(), machine, name="echo")
    assert looked == [SERVICE, SOCKET]
    assert picture(root) == {}


def test_an_interrupt_from_the_keyboard_undoes_everything(
    root: Path, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It arrives unchanged, after the undoing."""

    def interrupted(_machine: Machine, _action: Action, *, alone: bool) -> None:
        assert alone
        raise KeyboardInterrupt

    monkeypatch.setattr(systemd, "act", interrupted)
    with pytest.raises(KeyboardInterrupt):
        apply(an_installation(), machine, name="echo")
    assert picture(root) == {}


@pytest.mark.parametrize("plan", [an_installation, an_upgrade, a_removal])
@pytest.mark.parametrize("nth", range(4))
def test_an_interrupt_at_any_file_undoes_everything(
    plan: Callable[[], Plan],
    nth: int,
    root: Path,
    machine: Machine,
    systemctl: FakeSystemctl,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Even if it comes after a file was exchanged and before anybody could take note of it."""
    if plan is not an_installation:
        install_old(machine, systemctl)
    before = picture(root)
    done: list[str] = []

    def interrupted(change: Callable[[Stage, str], None]) -> Callable[[Stage, str], None]:
        def change_and_interrupt(stage: Stage, path: str) -> None:
            change(stage, path)
            done.append(path)
            if len(done) == nth + 1:
                os.kill(os.getpid(), signal.SIGINT)

        return change_and_interrupt

    monkeypatch.setattr(Stage, "swap", interrupted(Stage.swap))
    monkeypatch.setattr(Stage, "take", interrupted(Stage.take))
    try:
        apply(plan(), machine, name="echo")
    except KeyboardInterrupt:
        assert picture(root) == before
    else:
        assert len(done) == nth  # there are no more files than these


def test_an_interrupt_while_the_old_versions_are_removed_leaves_none_of_them(
    root: Path, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It comes too late to undo anything: all is installed, nothing lies beside it, and the caller can tell that."""
    apply(an_installation(), machine, name="echo")
    complete = picture(root)
    apply(a_removal(), machine, name="echo")
    remove = shutil.rmtree

    def interrupted(path: str, *, dir_fd: int) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        remove(path, dir_fd=dir_fd)

    monkeypatch.setattr(shutil, "rmtree", interrupted)
    apply(an_installation(), machine, name="echo")
    assert picture(root) == complete


@pytest.mark.parametrize(
    ("target", "hint"), [("/dev/null", "systemctl unmask echo.service"), ("/etc/passwd", "remove it")]
)
def test_a_link_in_the_place_of_a_unit_is_refused(
    target: str, hint: str, root: Path, machine: Machine
) -> None:
    """It is neither followed nor replaced."""
    unit = root / SERVICE[1:]
    unit.parent.mkdir(parents=True)
    unit.symlink_to(target)
    with pytest.raises(ApplyError, match=f"a link to {target}") as caught:
        apply(an_installation(), machine, name="echo")
    assert hint in caught.value.hint
    assert unit.readlink() == Path(target)
    assert set(picture(root)) == {
        "etc",
        "etc/systemd",
        "etc/systemd/system",
        "etc/systemd/system/echo.service",
    }


def test_a_folder_that_all_may_write_is_refused(root: Path, machine: Machine) -> None:
    """Whoever can exchange the files in it could exchange what root runs."""
    folder = root / UNITS[1:]
    folder.mkdir(parents=True)
    folder.chmod(0o777)
    with pytest.raises(ApplyError, match="can be written by other users") as caught:
        apply(an_installation(), machine, name="echo")
    assert caught.value.exit_status == 77
    assert list(folder.iterdir()) == []
