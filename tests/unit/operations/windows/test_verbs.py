"""What the verbs do on Windows, on a machine that is told of."""

from __future__ import annotations

from dataclasses import replace

import pytest

from svcctl.errors import (
    EX_UNAVAILABLE,
    ConfigurationError,
    PermissionDeniedError,
    ProblemsError,
    SvcctlError,
    UsageError,
)
from svcctl.host.windows.machine import Found, Status
from svcctl.manifest.model import Lifecycle
from svcctl.operations.windows.control import control
from svcctl.operations.windows.ends import NotStartedError
from svcctl.operations.windows.install import WindowsInstallResult, install
from svcctl.operations.windows.installed import repeat_command
from svcctl.operations.windows.list import list_installed
from svcctl.operations.windows.logs import logs
from svcctl.operations.windows.preview import WindowsPreview
from svcctl.operations.windows.request import WindowsRequest
from svcctl.operations.windows.status import status
from svcctl.operations.windows.uninstall import uninstall
from svcctl.plan.windows import encode_receipt
from tests.fakes.describing import FakeDescribe
from tests.fakes.windows import FakeWindows

APPLICATION = r"C:\srv\echo.tac"
REQUEST = WindowsRequest(application=APPLICATION)
DATA = r"C:\ProgramData\echo"
LOG = rf"{DATA}\logs\echo.log"
CRASHED = Status(1, 1066, 42, 0, 0)


def installed(windows: FakeWindows, request: WindowsRequest = REQUEST) -> WindowsInstallResult:
    """Install an application, whose file is there from then on as it was."""
    result = install(request, windows.machine)
    windows.services.done.clear()
    return result


def test_an_installation_makes_folders_a_service_and_a_receipt(windows: FakeWindows) -> None:
    """It is not started, nor does it start with Windows, before somebody says so; all that was shown before."""
    shown: list[WindowsPreview] = []

    def approve(preview: WindowsPreview) -> bool:
        shown.append(preview)
        return True

    result = install(REQUEST, windows.machine, approve=approve)
    assert (result.applied, result.running) == (True, False)
    assert shown[0].lines == (
        r"+ service echo, which runs as NT SERVICE\echo, is started by hand",
        "+ source echo of the event log",
        *(f"+ {DATA}{below}" for below in ("", r"\logs", r"\state")),
    )
    assert windows.folders.made == {DATA, rf"{DATA}\logs", rf"{DATA}\state"}
    found = windows.services.find("echo")
    assert found is not None
    assert found.command_line.startswith(r'"C:\Python311\python.exe" -I -X utf8 C:\venv\Lib\site-packages')
    assert result.receipt.application == APPLICATION
    assert result.receipt.service.hosted.directory == r"C:\srv"


def test_the_same_again_is_nothing_to_do(windows: FakeWindows) -> None:
    """Nobody is asked either."""
    installed(windows)
    result = install(REQUEST, windows.machine, approve=lambda _: pytest.fail("asked"))
    assert (result.preview.changes, result.applied) == (False, False)
    assert windows.services.done == []


def test_another_installation_changes_what_differs(windows: FakeWindows) -> None:
    """A service that runs is left as it is; when it starts stays unless that is asked for."""
    installed(windows, replace(REQUEST, enable=True, delayed=True, now=True))
    result = install(replace(REQUEST, settings=(("stop_limit_ms", 1),)), windows.machine)
    assert result.preview.lines == ("~ service echo: preshutdown ms, stop limit ms",)
    assert (result.running, result.started) == (True, False)
    assert windows.services.done == ["install echo"]
    found = windows.services.find("echo")
    assert found is not None
    assert found.start == "delayed"


def test_what_was_changed_by_hand_is_mended(windows: FakeWindows) -> None:
    """And told of by the status before."""
    installed(windows)
    windows.services.configured["echo"] = windows.services.configured["echo"]._replace(command_line="x")
    windows.folders.remove(DATA)
    said = {(item.severity, item.subject) for item in status("echo", windows.machine).findings}
    assert {("warning", "echo"), ("error", DATA)} <= said
    result = install(REQUEST, windows.machine)
    assert result.preview.lines[0] == "~ service echo: command line"
    windows.folders.files[APPLICATION] = ""
    assert status("echo", windows.machine).findings == ()


def test_a_dry_run_and_a_refusal_change_nothing(windows: FakeWindows) -> None:
    """A dry run needs no rights."""
    windows.services.administrator = False
    assert install(REQUEST, windows.machine, dry_run=True).preview.changes
    windows.services.administrator = True
    assert not install(REQUEST, windows.machine, approve=lambda _: False).applied
    assert (windows.services.configured, windows.folders.made) == ({}, set())


@pytest.mark.parametrize("broken", ["install", "start", "folder"])
def test_whatever_fails_leaves_nothing_behind(windows: FakeWindows, broken: str) -> None:
    """Folders, service, event source."""
    if broken == "folder":
        windows.folders.broken = rf"{DATA}\state"
    windows.services.broken = broken
    with pytest.raises(ConfigurationError):
        install(replace(REQUEST, now=True), windows.machine)
    assert (windows.services.configured, windows.folders.made) == ({}, set())


def test_a_start_that_fails_undoes_the_installation(windows: FakeWindows) -> None:
    """A change, too: the service is as it was."""
    windows.services.outcomes["echo"] = CRASHED
    with pytest.raises(NotStartedError, match="its application ended with status 42") as caught:
        install(replace(REQUEST, now=True), windows.machine)
    assert "nothing was changed" in caught.value.hint
    assert (windows.services.configured, windows.folders.made) == ({}, set())
    installed(windows)
    before = windows.services.configured["echo"]
    with pytest.raises(NotStartedError):
        install(replace(REQUEST, now=True, account="LocalSystem"), windows.machine)
    assert windows.services.configured["echo"] == before
    assert DATA in windows.folders.made


def test_who_is_no_administrator_is_told_before_anything_is_looked_at(
    windows: FakeWindows, described: FakeDescribe
) -> None:
    """In one line, with what Windows says."""
    windows.services.administrator = False
    with pytest.raises(PermissionDeniedError, match="Access denied") as caught:
        install(REQUEST, windows.machine)
    assert "elevated" in caught.value.hint
    assert described.targets == []


def test_a_service_of_somebody_elses_is_refused(windows: FakeWindows, described: FakeDescribe) -> None:
    """To install, and to remove."""
    windows.services.configured["echo"] = Found("x", "LocalSystem", "automatic", "", "")
    with pytest.raises(ConfigurationError, match="svcctl has not installed it"):
        install(REQUEST, windows.machine)
    assert described.targets == []
    with pytest.raises(UsageError, match="svcctl has not made the one"):
        uninstall("echo", windows.machine)


def test_what_came_in_an_installer_is_left_to_it(windows: FakeWindows) -> None:
    """It is started and asked as others are; what was made by a script, by whoever likes."""
    result = installed(windows)
    made = replace(result.receipt, installer=True, options=(), python_version="")
    windows.services.install(made.service, encode_receipt(made))
    windows.folders.files[APPLICATION] = ""
    assert not control("start", "echo", windows.machine).failed
    assert status("echo", windows.machine).findings == ()
    for change in (lambda: install(REQUEST, windows.machine), lambda: uninstall("echo", windows.machine)):
        with pytest.raises(UsageError, match="came in an installer"):
            change()
    assert "list of programs" in repeat_command(made)
    assert repeat_command(replace(made, installer=False)) == "run install.ps1 again"
    made = replace(made, installer=False)
    windows.services.install(made.service, encode_receipt(made))
    assert install(REQUEST, windows.machine).preview.lines == ("~ service echo: what svcctl remembers of it",)


def test_a_missing_interpreter_is_refused(windows: FakeWindows) -> None:
    """Before anything is made."""
    del windows.folders.files[windows.interpreters.place.base]
    with pytest.raises(ConfigurationError, match="is not there"):
        install(REQUEST, windows.machine)
    windows.interpreters.error = ConfigurationError("there is no interpreter", hint="x")
    with pytest.raises(ConfigurationError, match="no interpreter"):
        install(REQUEST, windows.machine)
    assert windows.services.configured == {}


def test_what_its_account_cannot_read_is_refused(windows: FakeWindows) -> None:
    """The profile of a user is closed to accounts of services; LocalSystem reads everything."""
    request = replace(REQUEST, application=r"c:\users\Ann\echo.tac")
    with pytest.raises(ProblemsError, match=r"NT SERVICE\\echo cannot read"):
        install(request, windows.machine)
    assert install(replace(request, account="LocalSystem"), windows.machine, dry_run=True).preview.changes
    public = replace(REQUEST, application=r"C:\Users\Public\echo.tac")
    assert install(public, windows.machine, dry_run=True).preview.changes


def test_a_delay_without_a_start_makes_no_sense(windows: FakeWindows) -> None:
    """It says how the other is meant."""
    with pytest.raises(UsageError, match="--enable"):
        install(replace(REQUEST, delayed=True), windows.machine)


def test_start_waits_until_it_serves_and_stop_until_it_has_stopped(windows: FakeWindows) -> None:
    """A restart is both."""
    installed(windows)
    for verb, state in (("start", 4), ("restart", 4), ("stop", 1)):
        assert not control(verb, "echo", windows.machine).failed  # type: ignore[arg-type]  # they are verbs
        now = windows.services.query("echo")
        assert now is not None
        assert now.state == state
    assert windows.services.done == ["start echo", "stop echo", "start echo", "stop echo"]


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        (CRASHED, "its application ended with status 42: no luck"),
        (Status(1, 1053, 0, 0, 0), "it was not ready within"),
        (Status(1, 5, 0, 0, 0), r"NT SERVICE\\echo may not read or run one of C:\\Python311\\python.exe"),
        (Status(1, 3, 0, 0, 0), "is not there: Text 3"),
        (Status(1, 1069, 0, 0, 0), r"Text 1069. \(error 1069\)"),
        (Status(1, 0, 0, 0, 0), "its application has ended"),
        (Status(2, 0, 0, 9, 7), "it tells of no progress"),
        (Status(7, 0, 0, 0, 7), "it failed after it had been ready"),
    ],
)
def test_a_failed_start_has_its_reason(windows: FakeWindows, outcome: Status, reason: str) -> None:
    """In words, with what Windows says and what the application logged last."""
    installed(windows)
    windows.folders.files[LOG] = "no luck\n"
    windows.services.outcomes["echo"] = outcome
    with pytest.raises(NotStartedError, match=reason) as caught:
        control("start", "echo", windows.machine)
    assert caught.value.exit_status == EX_UNAVAILABLE


def test_a_reload_needs_somebody_to_take_it(windows: FakeWindows, described: FakeDescribe) -> None:
    """An application that runs, and can."""
    installed(windows)
    with pytest.raises(ConfigurationError, match="does not run"):
        control("reload", "echo", windows.machine)
    control("start", "echo", windows.machine)
    with pytest.raises(ConfigurationError, match="can be reloaded"):
        control("reload", "echo", windows.machine)
    described.manifest = replace(described.manifest, lifecycle=Lifecycle(reload=True))
    installed(windows)
    control("reload", "echo", windows.machine)
    assert windows.services.done == ["reload echo"]


def test_it_starts_with_windows_while_that_is_wanted(windows: FakeWindows) -> None:
    """A delay stays; one that starts already is left alone."""
    installed(windows)
    control("enable", "echo", windows.machine)
    control("enable", "echo", windows.machine)
    control("disable", "echo", windows.machine)
    assert windows.services.done == ["set automatic echo", "set manual echo"]


def test_an_installation_leaves_the_start_as_somebody_wanted_it(windows: FakeWindows) -> None:
    """That alone is no change; and what is undone is undone to that."""
    installed(windows)
    control("enable", "echo", windows.machine)
    assert not install(REQUEST, windows.machine).preview.changes
    windows.services.outcomes["echo"] = Status(7, 0, 0, 0, 7)
    windows.services.done.clear()
    with pytest.raises(NotStartedError):
        install(replace(REQUEST, account="LocalSystem", now=True), windows.machine)
    assert windows.services.done == ["install echo", "start echo", "stop echo", "install echo"]
    assert windows.services.configured["echo"].start == "automatic"
    assert install(replace(REQUEST, enable=True, delayed=True), windows.machine).preview.lines == (
        "~ service echo: start",
    )


def test_the_status_has_the_reason_of_a_failure(windows: FakeWindows) -> None:
    """A service that was never started has not failed."""
    installed(windows)
    assert not status("echo", windows.machine).failed
    control("start", "echo", windows.machine)
    shown = status("echo", windows.machine)
    assert (shown.state, shown.pid, shown.failed) == ("running", 77, False)
    assert shown.since.startswith("19")
    windows.services.states["echo"] = CRASHED
    shown = status("echo", windows.machine)
    assert (shown.state, shown.win32, shown.exit_status, shown.failed) == ("stopped", 1066, 42, True)
    assert shown.findings[0].message == "its application ended with status 42"


def test_drift_is_found(windows: FakeWindows, described: FakeDescribe) -> None:
    """Of the application: gone, no longer loading, another one, only other code; of the interpreter."""
    installed(windows)

    def found() -> list[str]:
        return [f"{item.severity} {item.message}" for item in status("echo", windows.machine).findings]

    assert found() == [f"error {APPLICATION} cannot be read: Not there."]
    windows.folders.files[APPLICATION] = "changed"
    described.error = SvcctlError("broken", hint="")
    assert "no longer loads: broken" in found()[0]
    described.error = None
    was = described.manifest
    described.manifest = replace(was, lifecycle=Lifecycle(reload=True))
    assert "no longer matches" in found()[0]
    described.manifest = replace(was, origin=replace(was.origin, digest="1" * 64))
    assert found() == []
    control("start", "echo", windows.machine)
    assert "when it is restarted" in found()[0]
    windows.interpreters.place = windows.interpreters.place._replace(version="3.12.1")
    assert "is now Python 3.12.1" in found()[0]
    windows.interpreters.error = ConfigurationError("it cannot import svcctl", hint="x")
    assert found() == ["error it cannot import svcctl"]


def test_a_removal_keeps_what_was_written_unless_it_is_purged(windows: FakeWindows) -> None:
    """It stops the service first; a dry run and a refusal change nothing."""
    installed(windows, replace(REQUEST, now=True))
    dry = uninstall("echo", windows.machine, dry_run=True, purge=True)
    assert dry.preview.lines == (
        "! stop",
        "- service echo",
        "- source echo of the event log",
        f"- {DATA} (with all that is in it)",
    )
    assert not uninstall("echo", windows.machine, approve=lambda _: False).applied
    assert windows.services.done == []
    result = uninstall("echo", windows.machine)
    assert (result.applied, result.kept) == (True, (DATA,))
    assert windows.services.done == ["stop echo", "delete echo"]
    installed(windows)
    assert uninstall("echo", windows.machine, purge=True).kept == ()
    assert windows.folders.made == set()


def test_a_list_has_all_that_is_ours(windows: FakeWindows) -> None:
    """A damaged receipt is told of beside the others."""
    installed(windows, replace(REQUEST, enable=True))
    windows.services.configured["other"] = Found("x", "y", "manual", "", "")
    windows.services.configured["torn"] = Found("x", "y", "manual", "{}", "{")
    listing = list_installed(windows.machine)
    (entry,) = listing.entries
    assert (entry.name, entry.state, entry.enabled, entry.application) == (
        "echo",
        "stopped",
        True,
        APPLICATION,
    )
    assert len(listing.damaged) == 1
    with pytest.raises(ConfigurationError, match="receipt of torn"):
        status("torn", windows.machine)


def test_logs_are_read_from_the_file(windows: FakeWindows) -> None:
    """The last lines, then new ones."""
    installed(windows)
    windows.folders.files[LOG] = "one\ntwo\n"
    assert list(logs("echo", windows.machine, count=1).lines) == ["two"]
    assert list(logs("echo", windows.machine, count=1, follow=True).lines) == ["two", "a new line"]


def test_the_options_ask_for_the_same_again(windows: FakeWindows) -> None:
    """All of them, ready for a console; when it starts is not among them."""
    request = WindowsRequest(
        application=APPLICATION,
        name="echo",
        account="LocalSystem",
        data=r"D:\data of it",
        environment=(("A", "b c"),),
        depends=("Tcpip",),
        settings=(("stop_limit_ms", 1),),
        small=True,
        enable=True,
    )
    assert repeat_command(installed(windows, request).receipt) == (
        r'svcctl install C:\srv\echo.tac --small --name echo --account LocalSystem --data "D:\data of it" '
        '--env "A=b c" --depends Tcpip --set stop_limit_ms=1'
    )


def test_a_name_that_is_not_installed_has_a_hint(windows: FakeWindows) -> None:
    """The most similar one."""
    installed(windows)
    for name, hint in {"ecko": "did you mean echo?", "zzz": "svcctl list shows what is"}.items():
        with pytest.raises(UsageError) as caught:
            control("start", name, windows.machine)
        assert caught.value.hint == hint
    with pytest.raises(UsageError):
        control("start", "../x", windows.machine)
