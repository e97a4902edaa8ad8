from __future__ import annotations

import pytest

from svcctl.errors import CommandError, UsageError
from svcctl.operations.control import Verb, control
from svcctl.operations.install import install
from svcctl.operations.list import list_installed
from svcctl.operations.request import InstallRequest
from tests.fakes.systemctl import FakeSystemctl

pytestmark = pytest.mark.usefixtures("machine", "describing")

REQUEST = InstallRequest(application="/srv/echo.tac", python="/usr/bin/python3")


@pytest.mark.parametrize(
    ("verb", "calls"),
    [
        ("enable", ["enable echo.socket echo.service"]),
        ("disable", ["disable echo.socket echo.service"]),
        ("start", ["reset-failed echo.socket echo.service", "start echo.socket echo.service"]),
        ("stop", ["stop echo.socket", "stop echo.service"]),
        ("restart", ["restart echo.service"]),
    ],
)
def test_each_verb_acts_on_the_right_units_in_the_right_order(
    verb: Verb, calls: list[str], systemctl: FakeSystemctl, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sockets first; a restart leaves them open."""
    install(REQUEST)
    before = len(systemctl.changes())
    # The fake machine has a tree of its own, which nothing can be started below.
    monkeypatch.setattr("svcctl.operations.control._refuse", lambda *_: None)
    result = control(verb, "echo.service")
    assert [call.partition(" ")[2] for call in systemctl.changes()[before:]] == calls
    assert result.name == "echo"
    assert result.state == ("active" if verb in {"start", "restart"} else "inactive")


def test_an_instance_is_named_after_an_at_sign(systemctl: FakeSystemctl) -> None:
    """The template itself can do nothing."""
    install(InstallRequest(application="/srv/web.tac", python="/usr/bin/python3", instances=True))
    assert control("enable", "web@8001").units == ("web@8001.socket", "web@8001.service")
    assert systemctl.units("enabled") == {"web@8001.socket", "web@8001.service"}
    with pytest.raises(UsageError, match="web has instances") as caught:
        control("enable", "web")
    assert caught.value.hint == "name one: svcctl enable web@INSTANCE"


@pytest.mark.parametrize("instance", ["a/b", "", "a b", "%i"])
def test_a_hostile_instance_is_refused(instance: str) -> None:
    """It would be part of a unit's name."""
    install(InstallRequest(application="/srv/web.tac", python="/usr/bin/python3", instances=True))
    with pytest.raises(UsageError, match="cannot name an instance"):
        control("enable", f"web@{instance}")


def test_an_application_without_instances_has_none() -> None:
    """The hint says what to write."""
    install(REQUEST)
    with pytest.raises(UsageError, match="without --instances"):
        control("enable", "echo@1")


def test_nothing_is_started_below_another_root() -> None:
    """Only links can be made there."""
    install(REQUEST)
    with pytest.raises(UsageError, match="--root cannot start"):
        control("start", "echo")


def test_what_systemd_refuses_is_an_error(systemctl: FakeSystemctl) -> None:
    """With its words."""
    install(REQUEST)
    systemctl.fail("enable")
    with pytest.raises(CommandError, match="enable went wrong"):
        control("enable", "echo")


def test_all_installed_applications_are_listed_with_their_states(systemctl: FakeSystemctl) -> None:
    """Running, waiting for a client, enabled."""
    install(REQUEST)
    entry = list_installed().entries[0]
    assert (entry.name, entry.state, entry.enabled) == ("echo", "inactive", False)
    systemctl.put("enabled", "echo.socket")
    systemctl.show("echo.socket", SubState="listening")
    entry = list_installed().entries[0]
    assert (entry.state, entry.enabled, entry.addresses) == ("listening", True, ("0.0.0.0:8007",))
    systemctl.put("active", "echo.service")
    assert list_installed().entries[0].state == "active"
