from __future__ import annotations

from dataclasses import replace

import pytest

from svcctl.manifest.model import ApplicationInfo, Identity, Needs, ServiceNode, Timer
from tests.unit.generate.reading import found
from tests.verify.cases import ECHO, OPTIONS, make_manifest

NEWER = replace(OPTIONS, version=257)
OWN = replace(NEWER, sockets=False)
USER = replace(NEWER, scope="user")
TEMPLATE_OWN = replace(OWN, instances=True)


def test_an_ordinary_application_gives_nothing_to_say() -> None:
    """A diagnostic is worth reading because there usually is none."""
    assert found(ECHO, NEWER) == []


@pytest.mark.parametrize("endpoint", ["tcp:80", "udp:53", "ssl:443", "tcp6:1023"])
def test_a_port_that_needs_privileges_is_refused_and_a_socket_proposed(endpoint: str) -> None:
    """The capability for it would cost more of the sandbox than it is worth."""
    (error,) = found(make_manifest(endpoint), OWN, "error")
    assert error.subject == "echo/server0"
    assert error.message.startswith(f"{endpoint}: ports below 1024")
    assert "socket activation" in error.hint
    assert found(make_manifest(endpoint), NEWER, "error") == []
    allowed = Needs(capabilities=("CAP_NET_BIND_SERVICE",))
    assert found(make_manifest(endpoint, needs=allowed), OWN, "error") == []


@pytest.mark.parametrize("path", ["/home/ann/x.tac", "/root/x.tac", "/run/user/1000/x.tac"])
def test_code_under_a_home_folder_is_refused_for_the_system(path: str) -> None:
    """It cannot be seen there; for one user it works."""
    (error,) = found(ECHO, replace(NEWER, application=path), "error")
    assert (error.subject, error.hint.partition(", or ")[2]) == (
        "application",
        "install for one user with --user",
    )
    assert found(ECHO, replace(USER, application=path), "error") == []


@pytest.mark.parametrize("path", ["/tmp/x.tac", "/var/tmp/a/x.tac"])  # noqa: S108 (what is refused)
def test_code_in_a_folder_for_temporary_files_is_refused(path: str) -> None:
    """The service has a folder of its own in its place."""
    (error,) = found(ECHO, replace(NEWER, application=path), "error")
    assert "temporary files" in error.message


def test_a_hidden_interpreter_and_hidden_libraries_are_named_once_each() -> None:
    """A virtual environment under a home folder has many of them."""
    options = replace(NEWER, python="/home/a/bin/python", exec_paths=("/root/lib", "/root/lib64", "/usr/lib"))
    assert [one.subject for one in found(ECHO, options, "error")] == ["python", "python's libraries"]


@pytest.mark.parametrize("path", ["/homes/x.tac", "/roots/x.tac", "/run/users/x.tac", "/opt/home/x.tac"])
def test_similar_names_are_not_taken_for_hidden_folders(path: str) -> None:
    """Only whole names of folders count."""
    assert found(ECHO, replace(NEWER, application=path)) == []


@pytest.mark.parametrize(
    ("key", "path"), [("application", "x.tac"), ("application", "a/b:c"), ("python", "python3")]
)
def test_relative_paths_are_refused(key: str, path: str) -> None:
    """Nobody could say relative to what."""
    options = replace(NEWER, application=path) if key == "application" else replace(NEWER, python="/" + path)
    errors = found(ECHO, options, "error")
    assert [one.subject for one in errors] == (["application"] if key == "application" else [])


def test_code_in_a_folder_that_the_service_writes_to_is_refused() -> None:
    """A service that is broken into must not change what runs next time."""
    (error,) = found(ECHO, replace(NEWER, application="/var/lib/echo/x.tac"), "error")
    assert error.subject == "application"
    (error,) = found(make_manifest(needs=Needs(writes=("/opt/echo/data",))), NEWER, "error")
    assert error.subject == "needs.writes"


def test_temporary_files_of_the_host_are_out_of_reach() -> None:
    """A warning, since the program may not depend on them."""
    (warning,) = found(make_manifest(needs=Needs(reads=("/tmp/x",))), NEWER)  # noqa: S108 (what is warned about)
    assert (warning.severity, warning.subject) == ("warning", "needs.reads")


def test_a_key_that_cannot_be_seen_is_an_error() -> None:
    """Without it the listener cannot start."""
    manifest = make_manifest("ssl:443:privateKey=/root/key.pem")
    (error,) = found(manifest, NEWER, "error")
    assert "/root/key.pem" in error.message
    assert found(replace(manifest, needs=Needs(home=True)), NEWER, "error") == []


def test_a_socket_of_its_own_that_no_client_would_see_is_an_error() -> None:
    """Systemd could open it for everybody."""
    manifest = make_manifest("unix:/tmp/x.sock")
    assert "seen by the service alone" in found(manifest, OWN, "error")[0].message
    assert found(manifest, NEWER, "error") == []


def test_a_socket_of_the_init_system_cannot_be_opened_by_the_service() -> None:
    """Without socket units there is nobody to hand it over."""
    (error,) = found(make_manifest("systemd:domain=INET:name=web"), OWN, "error")
    assert "handed over" in error.message


def test_instances_cannot_all_open_the_same_address() -> None:
    """Only socket units can give each its own."""
    (error,) = found(ECHO, TEMPLATE_OWN, "error")
    assert "every instance" in error.message
    assert found(make_manifest(), TEMPLATE_OWN, "error") == []


def test_an_opaque_service_is_allowed_nothing_and_says_where_to_declare() -> None:
    """Unknown means the tight set."""
    opaque = ServiceNode(path="echo/x", kind="opaque", class_name="mine.Thing")
    manifest = replace(ECHO, tree=replace(ECHO.tree, children=(*ECHO.tree.children, opaque)))
    (note,) = found(manifest, NEWER)
    assert (note.severity, note.subject) == ("note", "echo/x")
    assert "mine.Thing" in note.message
    assert "needs=" in note.hint


def test_opaque_services_of_one_class_are_told_of_together() -> None:
    """There may be thousands; another class has a note of its own."""
    many = [ServiceNode(path=f"echo/{n}", kind="opaque", class_name="mine.Thing") for n in range(3)]
    other = ServiceNode(path="echo/other", kind="opaque", class_name="mine.Other")
    manifest = replace(ECHO, tree=replace(ECHO.tree, children=(*ECHO.tree.children, *many, other)))
    first, second = found(manifest, NEWER)
    assert (first.subject, second.subject) == ("echo/0", "echo/other")
    assert first.message.endswith("; the same goes for 2 more of that class")
    assert second.message == "nothing is known about mine.Other, so nothing is allowed for it"


@pytest.mark.parametrize("name", ["API_TOKEN", "db_password", "SECRET", "SSH_KEY"])
def test_a_variable_that_looks_like_a_secret_is_warned_about_without_its_value(name: str) -> None:
    """Everybody can read a unit."""
    (warning,) = found(ECHO, replace(NEWER, environment=((name, "hunter2"),)))
    assert warning.severity == "warning"
    assert name in warning.subject
    assert "hunter2" not in repr(warning)


def test_variables_that_nobody_sets_are_named_with_the_file_for_them() -> None:
    """They may have defaults, so it is a note."""
    manifest = make_manifest("tcp:8007", needs=Needs(environment=("A", "B")))
    (note,) = found(manifest, replace(NEWER, environment=(("A", "1"),)))
    assert note.message == "the application reads B"
    assert note.hint.endswith("/etc/default/echo")
    assert found(manifest, replace(NEWER, environment_files=("/etc/x",))) == []


@pytest.mark.parametrize(
    ("needs", "subject"),
    [
        (Needs(network="outbound", connects_to=("example.org",)), "needs.connects_to"),
        (Needs(connects_to=("10.0.0.1",)), "needs.connects_to"),
    ],
)
def test_addresses_that_limit_nothing_are_warned_about(needs: Needs, subject: str) -> None:
    """The sandbox would be wider, or narrower, than the declaration says."""
    (warning,) = found(make_manifest("tcp:8007", needs=needs), NEWER)
    assert (warning.severity, warning.subject) == ("warning", subject)


def test_ports_of_its_own_contradict_no_network() -> None:
    """One of the two is a mistake."""
    manifest = make_manifest("tcp:8007", needs=Needs(network="none"))
    assert [one.subject for one in found(manifest, OWN)] == ["needs.network"]
    assert found(manifest, NEWER) == []


@pytest.mark.parametrize(
    ("identity", "severity", "subject"),
    [
        (Identity(uid="root"), "warning", "identity.uid"),
        (Identity(uid=0), "warning", "identity.uid"),
        (Identity(uid="nobody"), "warning", "identity.uid"),
        (Identity(uid="Ann B"), "error", "identity.uid"),
        (Identity(gid="a:b"), "error", "identity.gid"),
    ],
)
def test_users_that_are_no_good_are_named(identity: Identity, severity: str, subject: str) -> None:
    """Before anything is written."""
    manifest = make_manifest("tcp:8007", identity=identity)
    assert [(one.severity, one.subject) for one in found(manifest, NEWER)] == [(severity, subject)]


def test_a_users_manager_ignores_the_user_with_a_note() -> None:
    """And says what else is different there."""
    manifest = make_manifest("tcp:8007", identity=Identity(uid="ann"))
    assert [one.subject for one in found(manifest, USER)] == ["identity", "sandbox", "linger"]
    assert "loginctl enable-linger" in found(manifest, USER)[-1].hint


def test_an_older_systemd_is_warned_about() -> None:
    """Nobody has tried these units there."""
    assert found(ECHO, replace(OPTIONS, version=249))[0].subject == "--systemd"


def test_ignored_fields_are_named_when_they_say_something() -> None:
    """Nothing of a manifest is left out in silence."""
    timer = Timer(interval_ms=1, callable="x.y")
    node = replace(ECHO.tree, timers=(timer,), after=(), restart="temporary")
    manifest = replace(ECHO, tree=node, application=ApplicationInfo(name="echo", maintainer="Ann <a@b.c>"))
    assert [(one.severity, one.subject) for one in found(manifest, NEWER)] == [
        ("note", "application.maintainer"),
        ("note", "tree.timers"),
        ("note", "tree.after"),
        ("note", "tree.restart"),
    ]


def test_a_connection_that_the_needs_do_not_allow_is_a_warning() -> None:
    """Sockets in files need no network."""
    node = replace(ECHO.tree, connections=("tcp:db.example:5432", "unix:/run/x"))
    manifest = replace(ECHO, tree=node)
    assert [(one.severity, one.subject) for one in found(manifest, NEWER)] == [("warning", "echo")]
    assert "tcp:db.example:5432" in found(manifest, NEWER)[0].message
    assert found(replace(manifest, needs=Needs(network="outbound")), NEWER) == []


@pytest.mark.parametrize("sockets", [True, False])
def test_standard_input_is_refused_since_a_service_has_none(sockets: bool) -> None:  # noqa: FBT001 (a parameter of the test)
    """With and without socket units; nobody is told to give it an address."""
    manifest = make_manifest("stdio:", "tcp:8007")
    (problem,) = found(manifest, replace(NEWER, sockets=sockets))
    assert (problem.severity, problem.subject) == ("error", "echo/server0")
    assert "no standard input" in problem.message
    assert "svcctl run" in problem.hint


@pytest.mark.parametrize(
    "endpoint",
    [
        "haproxy:ssl:443:privateKey=/home/k.pem",
        "tls:/home/certs",
        "ssl:443:privateKey=/k:dhParameters=/home/dh",
    ],
)
def test_files_for_tls_that_cannot_be_seen_are_an_error_whatever_the_type(endpoint: str) -> None:
    """Behind a prefix and in a folder, too."""
    problems = found(make_manifest(endpoint), NEWER)
    assert [problem.message.endswith("is hidden from the service") for problem in problems] == [True]


@pytest.mark.parametrize("endpoint", ["haproxy:unix:/tmp/s", "unixgram:/tmp/s"])
def test_any_path_that_no_client_would_see_is_an_error(endpoint: str) -> None:
    """If the service makes it itself."""
    problems = found(make_manifest(endpoint), OWN)
    assert ["would be seen by the service alone" in problem.message for problem in problems] == [True]
