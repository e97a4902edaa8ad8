from __future__ import annotations

from dataclasses import replace

import pytest

from svcctl.errors import UsageError
from svcctl.generate.systemd.names import (
    UnitNames,
    check_service_name,
    check_unit_name,
    directory_name,
    is_user_name,
    socket_unit,
    user_name,
)
from svcctl.generate.systemd.render import unit_names
from svcctl.manifest.model import ApplicationInfo, Listener
from tests.verify.cases import OPTIONS, make_manifest


@pytest.mark.parametrize("name", ["echo", "Echo-2.0", "a.b_c", "_x", "9", "x" * 190])
def test_names_of_allowed_characters_are_taken(name: str) -> None:
    """Systemd's own set, less what means something in it."""
    assert check_service_name(name) == name


@pytest.mark.parametrize(
    ("name", "proposal"),
    [
        ("", "app"),
        ("a\nb", "a-b"),
        ("a\n", "a"),
        ("a/b", "a-b"),
        ("../../etc/passwd", "etc-passwd"),
        ("a..b", "a.b"),
        ("100%", "100"),
        ("%n", "n"),
        ("a@b", "a-b"),
        ("a:b", "a-b"),
        ("-rf", "rf"),
        (".hidden", "hidden"),
        ("two words", "two-words"),
        ("日本", "app"),
        ("echo.service", "echo"),
        ("\udcff", "app"),
        ("x" * 191, "x" * 64),
    ],
)
def test_hostile_names_are_refused_with_a_clean_proposal(name: str, proposal: str) -> None:
    """The error is one line, names the rule, and its proposal would be taken."""
    with pytest.raises(UsageError, match="cannot be used: ") as caught:
        check_service_name(name)
    assert caught.value.hint == f"use --name {proposal}"
    assert check_service_name(proposal) == proposal
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 250


@pytest.mark.parametrize(
    ("name", "full"),
    [
        ("postgresql", "postgresql.service"),
        ("network-online.target", "network-online.target"),
        ("a@b.socket", "a@b.socket"),
        ("dev-disk-by\\x2dlabel.swap", "dev-disk-by\\x2dlabel.swap"),
    ],
)
def test_names_of_other_units_are_completed_as_systemctl_does(name: str, full: str) -> None:
    """Without a suffix it is a service."""
    assert check_unit_name(name) == full


@pytest.mark.parametrize("name", ["", "a b", "a\nRequires=x", "%i.service", "a/b", "@x", "x" * 300])
def test_what_is_no_units_name_is_refused(name: str) -> None:
    """It would otherwise be a second word, or a second line."""
    with pytest.raises(UsageError, match="is not the name of a unit"):
        check_unit_name(name)


def test_units_are_named_after_the_service_and_its_listeners() -> None:
    """One listener needs no name of its own; several are told apart by their descriptors."""
    several = make_manifest("tcp:8007", "unix:/run/x.sock")
    template = replace(OPTIONS, instances=True)
    assert unit_names(make_manifest(), OPTIONS) == UnitNames("echo.service", ())
    assert unit_names(make_manifest("tcp:8007"), OPTIONS) == UnitNames("echo.service", ("echo.socket",))
    assert unit_names(several, OPTIONS).sockets == (
        "echo-tcp-8007.socket",
        "echo-unix-_2frun_2fx.sock.socket",
    )
    assert unit_names(make_manifest("tcp:8007"), template) == UnitNames("echo@.service", ("echo@.socket",))
    assert unit_names(several, replace(OPTIONS, sockets=False)) == UnitNames("echo.service", ())


def test_long_names_of_sockets_are_cut_and_stay_different() -> None:
    """A path of 107 bytes that are all escaped does not fit."""
    options = replace(OPTIONS, name="n" * 190)
    first, second = (
        socket_unit(options, Listener(name="d" * 200 + end, endpoint=""), alone=False) for end in "ab"
    )
    assert len(first) == len(second) == 242  # with .svcctl-saved behind it, the longest name of a file
    assert first != second
    assert first.endswith(".socket")


@pytest.mark.parametrize(
    ("application", "folder"),
    [
        ("echo", "echo"),
        ("My Echo/1", "My-Echo-1"),
        ("..", "echo"),
        ("日本", "echo"),
        ("-x.", "x"),
        ("a%n", "a-n"),
    ],
)
def test_the_folder_has_the_applications_name_as_far_as_it_can(application: str, folder: str) -> None:
    """Whatever the name, the folder is one name below /var/lib."""
    manifest = make_manifest(application=ApplicationInfo(name=application))
    assert directory_name(manifest, OPTIONS) == folder


@pytest.mark.parametrize("name", ["echo", "mail", "Echo.2:x", "x" * 100, "9", "-"])
def test_users_are_never_called_like_the_distributions_own(name: str) -> None:
    """A service called mail must not run as the user mail."""
    made = user_name(name)
    assert made.startswith("_")
    assert is_user_name(made)


@pytest.mark.parametrize("name", ["", "Ann", "1a", "a b", "a:b", "é", "x" * 32, "a\n"])
def test_what_sysusers_refuses_is_no_users_name(name: str) -> None:
    """The same rule for users and groups."""
    assert not is_user_name(name)
