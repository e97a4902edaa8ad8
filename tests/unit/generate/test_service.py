from __future__ import annotations

from dataclasses import replace

import pytest

from svcctl.errors import PERMANENT_STATUSES, UsageError
from svcctl.generate.systemd.options import SystemdOptions
from svcctl.manifest.codec import fingerprint
from svcctl.manifest.model import ApplicationInfo, Identity, Lifecycle, Manifest, Needs
from tests.unit.generate.reading import found, reason_above, service, texts, values
from tests.verify.cases import ECHO, OPTIONS, make_manifest

NEWER = replace(OPTIONS, version=257)
OWN = replace(OPTIONS, sockets=False)
USER = replace(OPTIONS, scope="user")
TEMPLATE = replace(OPTIONS, instances=True)


def test_the_service_runs_the_application_and_insists_on_its_sockets() -> None:
    """With socket activation a missing socket is an error, never a bind of its own."""
    text = service(ECHO, OPTIONS)
    made_from = f"{ECHO.origin.digest[:16]}-{fingerprint(ECHO)}"
    start = "/usr/bin/python3 -P -m svcctl.runtime --inherit echo.service"
    assert values(text, "ExecStart") == [f"{start} --installed {made_from} /opt/echo/echo.tac"]
    assert values(text, "Type") == ["notify"]
    assert values(text, "NotifyAccess") == ["main"]
    assert values(text, "Requires") == values(text, "After") == ["echo.socket"]
    assert values(text, "Also") == ["echo.socket"]
    assert values(text, "StartLimitIntervalSec") == ["0s"]
    assert values(text, "StartLimitBurst") == []


@pytest.mark.parametrize(("manifest", "options"), [(ECHO, OWN), (make_manifest(), OPTIONS)])
def test_without_sockets_of_systemds_it_keeps_a_start_limit(
    manifest: Manifest, options: SystemdOptions
) -> None:
    """Nothing else would stop it from starting for ever."""
    text = service(manifest, options)
    assert values(text, "StartLimitIntervalSec") == ["60s"]
    assert values(text, "StartLimitBurst") == ["20"]
    assert values(text, "Requires") == values(text, "Also") == []
    assert "--inherit" not in text


def test_limits_come_from_the_lifecycle() -> None:
    """The time to stop has a margin, so that the service ends by itself."""
    life = Lifecycle(start_limit_ms=1_500, stop_limit_ms=20_000, watchdog_ms=7_000)
    text = service(make_manifest(lifecycle=life), OPTIONS)
    assert values(text, "TimeoutStartSec") == ["1500ms"]
    assert values(text, "TimeoutStopSec") == ["25s"]
    assert values(text, "WatchdogSec") == ["7s"]


def test_no_watchdog_means_no_line() -> None:
    """Systemd takes 0 the same way, but a line would say otherwise."""
    text = service(make_manifest(lifecycle=Lifecycle(watchdog_ms=0)), OPTIONS)
    assert values(text, "WatchdogSec") == []


def test_a_mistake_is_not_tried_again_and_a_crash_is() -> None:
    """The statuses come from the table that the runner ends with."""
    text = service(ECHO, OWN)
    assert values(text, "Restart") == ["on-failure"]
    assert values(text, "RestartPreventExitStatus") == [" ".join(map(str, PERMANENT_STATUSES))]


def test_a_socket_that_is_not_handed_over_is_not_waited_for() -> None:
    """Another start gets the same sockets, while a port that is taken may be free by then."""
    assert "69" in values(service(ECHO, OPTIONS), "RestartPreventExitStatus")[0].split()
    assert "69" not in values(service(ECHO, OWN), "RestartPreventExitStatus")[0].split()


def test_reloading_waits_for_the_service() -> None:
    """Older versions of systemd do not by themselves: a command does, with the interpreter that is there anyway."""
    manifest = make_manifest("tcp:8007", lifecycle=Lifecycle(reload=True))
    old, new = service(manifest, OPTIONS), service(manifest, NEWER)
    command = f"{OPTIONS.python} -P -m svcctl.runtime.reload $MAINPID"
    assert (values(old, "Type"), values(old, "ExecReload")) == (["notify"], [command])
    assert values(old, "ExecPaths") == values(service(make_manifest("tcp:8007"), OPTIONS), "ExecPaths")
    assert (values(new, "Type"), values(new, "ExecReload")) == (["notify-reload"], [])
    assert [one.subject for one in found(manifest, OPTIONS)] == ["RestartSteps"]
    assert found(manifest, NEWER) == []


def test_the_pause_between_restarts_grows_where_systemd_can() -> None:
    """254 brought it; before, a note says so."""
    assert values(service(ECHO, NEWER), "RestartSteps") == ["6"]
    assert values(service(ECHO, OPTIONS), "RestartSteps") == []
    assert [one.subject for one in found(ECHO, replace(OPTIONS, version=253))] == ["RestartSteps"]


def test_variables_by_hand_come_first_and_files_in_order_after_the_optional_one() -> None:
    """Systemd lets files win over Environment=, and later files over earlier ones."""
    options = replace(
        OPTIONS, environment=(("A", "1"), ("B", "x y")), environment_files=("/etc/a b", "-/etc/c")
    )
    text = service(ECHO, options)
    assert values(text, "Environment") == ["A=1", '"B=x y"']
    assert values(text, "EnvironmentFile") == ["-/etc/default/echo", "/etc/a b", "-/etc/c"]


def test_a_relative_environment_file_is_refused() -> None:
    """Systemd would pass over it."""
    with pytest.raises(UsageError, match="not an absolute path"):
        service(ECHO, replace(OPTIONS, environment_files=("x.env",)))


def test_an_application_that_looks_like_an_option_is_refused() -> None:
    """The runner would read it as one."""
    with pytest.raises(UsageError, match="read as an option"):
        service(ECHO, replace(OPTIONS, application="--help"))


def test_other_units_are_waited_for_as_asked() -> None:
    """What is required is waited for, too."""
    text = service(ECHO, replace(OPTIONS, after=("time-sync.target",), requires=("postgresql",)))
    assert values(text, "Requires") == ["echo.socket", "postgresql.service"]
    assert values(text, "After") == ["echo.socket", "postgresql.service", "time-sync.target"]


@pytest.mark.parametrize("key", ["after", "requires"])
def test_a_hostile_name_of_another_unit_is_refused(key: str) -> None:
    """A blank would make two names of it, a newline a directive."""
    options = replace(OPTIONS, after=("a b",)) if key == "after" else replace(OPTIONS, requires=("a\nb",))
    with pytest.raises(UsageError, match="is not the name of a unit"):
        service(ECHO, options)


def test_the_network_is_waited_for_only_when_it_is_used() -> None:
    """Sockets of systemd's need none; connecting to others needs all of it."""
    outbound = make_manifest("tcp:8007", needs=Needs(network="outbound"))
    assert "network" not in service(ECHO, OPTIONS).replace("private network", "").split("[Service]")[0]
    assert values(service(ECHO, OWN), "After") == ["network.target"]
    assert values(service(outbound, OPTIONS), "Wants") == ["network-online.target"]
    assert values(service(outbound, USER), "Wants") == []


def test_the_folders_asked_for_are_made_and_it_starts_in_its_state() -> None:
    """Root owns the configuration, so the service must be able to read it."""
    needs = Needs(directories=("state", "cache", "runtime", "logs", "config"))
    text = service(make_manifest(needs=needs), OPTIONS)
    kinds = {"State": "0700", "Cache": "0700", "Runtime": "0700", "Logs": "0700", "Configuration": "0755"}
    assert {kind: values(text, f"{kind}DirectoryMode") for kind in kinds} == {
        k: [m] for k, m in kinds.items()
    }
    assert {kind: values(text, f"{kind}Directory") for kind in kinds} == {kind: ["echo"] for kind in kinds}
    assert values(text, "WorkingDirectory") == ["%S/echo"]


def test_without_a_state_folder_it_starts_at_the_root() -> None:
    """Any other folder might be hidden from it."""
    assert values(service(make_manifest(needs=Needs(directories=())), OPTIONS), "WorkingDirectory") == ["/"]


@pytest.mark.parametrize("name", ["private", "svcctl", "systemd"])
def test_folders_of_the_system_are_not_taken_over(name: str) -> None:
    """Systemd would give them to the service's user."""
    manifest = make_manifest(application=ApplicationInfo(name=name))
    (error,) = found(manifest, OPTIONS, "error")
    assert error.message == f"/var/lib/{name} would be its folder, and that belongs to the system"


def test_a_dynamic_user_has_a_name_that_is_nobodys() -> None:
    """Without a name of ours, systemd would take an existing user that is called like the unit."""
    text = service(ECHO, replace(OPTIONS, name="mail"))
    assert (values(text, "DynamicUser"), values(text, "User")) == (["yes"], ["_mail"])


@pytest.mark.parametrize(
    ("uid", "gid", "declared"),
    [
        ("ann", None, ['u ann - "echo"']),
        ("ann", "ann", ['u ann - "echo"']),
        ("ann", "staff", ["g staff -", 'u ann -:staff "echo"']),
        ("ann", 50, ['u ann -:50 "echo"']),
    ],
)
def test_a_static_user_is_declared(uid: str, gid: str | int | None, declared: list[str]) -> None:
    """sysusers.d makes it before the service starts for the first time."""
    manifest = make_manifest("tcp:8007", identity=Identity(uid=uid, gid=gid))
    files = texts(manifest, OPTIONS)
    text = files["echo.service"]
    assert [line for line in files["echo.conf"].splitlines() if not line.startswith("#")] == declared
    assert (values(text, "User"), values(text, "DynamicUser")) == ([uid], [])
    assert values(text, "Group") == ([] if gid is None else [str(gid)])


@pytest.mark.parametrize("uid", [1000, "1000", "root", 0])
def test_users_that_exist_are_not_declared(uid: str | int) -> None:
    """Numbers have no name to declare, and root needs none."""
    files = texts(make_manifest("tcp:8007", identity=Identity(uid=uid)), OPTIONS)
    assert list(files) == ["echo.service", "echo.socket"]
    assert values(files["echo.service"], "User") == [str(uid)]


@pytest.mark.parametrize("needs", [Needs(executable_state=True), Needs(setgid_files=True)])
def test_what_a_dynamic_user_cannot_do_gets_a_static_one(needs: Needs) -> None:
    """Its name is made from the service's."""
    files = texts(make_manifest("tcp:8007", needs=needs), OPTIONS)
    assert values(files["echo.service"], "User") == ["_echo"]
    assert 'u _echo - "echo"' in files["echo.conf"]


def test_a_hostile_name_stays_inside_its_quotes_in_sysusers() -> None:
    """The application's name is its text for people there."""
    name = 'a"b\\c%d:e\nu root 0'
    manifest = make_manifest(application=ApplicationInfo(name=name), identity=Identity(uid="ann"))
    last = texts(manifest, OPTIONS)["echo.conf"].splitlines()[-1]
    assert last == 'u ann - "a\'b/c%%d e u root 0"'


def test_a_group_alone_is_honoured_with_a_dynamic_user() -> None:
    """So that it can read what the group may."""
    text = service(make_manifest(identity=Identity(gid="ssl-cert")), OPTIONS)
    assert (values(text, "DynamicUser"), values(text, "Group")) == (["yes"], ["ssl-cert"])


def test_a_template_keeps_its_instances_apart() -> None:
    """Each has its state, its sockets and its optional file of variables."""
    text = service(ECHO, TEMPLATE)
    assert values(text, "StateDirectory") == ["echo/%i"]
    assert values(text, "WorkingDirectory") == ["%S/echo/%i"]
    assert values(text, "EnvironmentFile") == ["-/etc/default/echo", "-/etc/default/echo@%i"]
    assert values(text, "Requires") == values(text, "Also") == ["echo@%i.socket"]
    assert "--inherit %n " in values(text, "ExecStart")[0]
    assert values(text, "Description") == ["echo (%i)"]


def test_a_percent_sign_of_the_applications_is_not_taken_for_the_instance() -> None:
    """Only what svcctl writes itself is expanded."""
    text = service(ECHO, replace(TEMPLATE, application="/opt/%i/x.tac", environment=(("A", "%i"),)))
    assert "/opt/%%i/x.tac" in values(text, "ExecStart")[0]
    assert values(text, "Environment") == ["A=%%i"]


def test_in_user_scope_it_runs_as_its_user_and_starts_with_the_session() -> None:
    """No user, no system targets, and the optional file lies in the user's configuration."""
    text = service(make_manifest("tcp:8007", identity=Identity(uid="ann")), USER)
    assert values(text, "User") == values(text, "DynamicUser") == []
    assert values(text, "WantedBy") == ["default.target"]
    assert values(text, "EnvironmentFile") == ["-%E/echo.env"]
    assert "systemctl --user edit echo" in text


@pytest.mark.parametrize(
    ("homepage", "written"),
    [
        ("https://example.org/a%20b", ["https://example.org/a%%20b"]),
        ("ftp://x", []),
        ("https://é.org", []),
        ("", []),
    ],
)
def test_a_homepage_becomes_documentation_if_systemd_takes_it(homepage: str, written: list[str]) -> None:
    """Else it is left out, and a warning says so."""
    manifest = make_manifest("tcp:8007", application=ApplicationInfo(name="echo", homepage=homepage))
    assert values(service(manifest, OPTIONS), "Documentation") == written
    assert bool(found(manifest, OPTIONS, "warning")) is bool(homepage and not written)


def test_the_socket_folder_is_open_to_clients_when_the_service_makes_its_socket_there() -> None:
    """With 0700 nobody could connect."""
    manifest = make_manifest("unix:/run/echo/x.sock", needs=Needs(directories=("runtime",)))
    text = service(manifest, OWN)
    assert values(text, "RuntimeDirectoryMode") == ["0755"]
    assert "Clients reach its socket" in reason_above(text, "RuntimeDirectory")
