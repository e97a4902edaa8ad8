from __future__ import annotations

from dataclasses import replace

import pytest

from svcctl.errors import UsageError
from svcctl.generate.systemd.options import SystemdOptions
from tests.unit.generate.reading import directives, reason_above, service, texts, values
from tests.verify.cases import ECHO, OPTIONS, make_manifest


def by_hand(*settings: tuple[str, str, str]) -> SystemdOptions:
    """Return options with these settings."""
    return replace(OPTIONS, settings=settings)


def test_a_setting_comes_last_in_its_section() -> None:
    """Where it wins, with the reason that it was set by hand."""
    text = service(ECHO, by_hand(("Service", "MemoryMax", "1G"), ("Unit", "OnFailure", "mail@%n.service")))
    unit, rest = text.split("\n\n[Service]\n")
    assert unit.endswith("# Set by hand.\nOnFailure=mail@%n.service")
    assert rest.split("\n\n[Install]")[0].endswith("# Set by hand.\nMemoryMax=1G")


def test_a_setting_replaces_the_generated_line_of_a_directive_with_one_value() -> None:
    """Two lines would leave the reader to know which one counts."""
    text = service(ECHO, by_hand(("Service", "RestartSec", "5s"), ("Service", "ProtectHome", "no")))
    assert values(text, "RestartSec") == ["5s"]
    assert values(text, "ProtectHome") == ["no"]
    assert reason_above(text, "ProtectHome") == "Set by hand."


def test_a_setting_adds_to_a_directive_that_is_a_list() -> None:
    """As a drop-in does; an empty value empties the list first."""
    text = service(
        ECHO, by_hand(("Service", "IPAddressDeny", ""), ("Service", "IPAddressDeny", "10.0.0.0/8"))
    )
    assert values(text, "IPAddressDeny") == ["any", "", "10.0.0.0/8"]


def test_socket_settings_go_to_every_socket_and_only_there() -> None:
    """The other sections speak of the service."""
    options = by_hand(("Socket", "SocketGroup", "adm"), ("Install", "Alias", "e.service"))
    files = texts(make_manifest("tcp:8007", "unix:/run/x"), options)
    assert {name: values(text, "SocketGroup") for name, text in files.items()} == {
        "echo-tcp-8007.socket": ["adm"],
        "echo-unix-_2frun_2fx.socket": ["adm"],
        "echo.service": [],
    }
    assert {name for name, text in files.items() if values(text, "Alias")} == {"echo.service"}


def test_nothing_else_changes() -> None:
    """One setting, one line."""
    before, after = (
        directives(service(ECHO, OPTIONS)),
        directives(service(ECHO, by_hand(("Service", "Nice", "5")))),
    )
    assert [line for line in after if line not in before] == ["Nice=5"]
    assert [line for line in before if line not in after] == []


@pytest.mark.parametrize(
    "setting",
    [
        ("Timer", "OnCalendar", "daily"),
        ("service", "Nice", "5"),
        ("Service]\n[Unit", "Nice", "5"),
        ("Service", "", "5"),
        ("Service", "Nice=1\nUser", "root"),
        ("Service", "Nice ", "5"),
        ("Service", "Nice\n", "5"),
        ("Service", "9", "5"),
        ("Service", "Nice", "5\nUser=root"),
        ("Service", "Nice", "5\r"),
        ("Service", "Nice", "5\0"),
        ("Service", "ExecStart", "/bin/true \\"),
    ],
)
def test_a_setting_cannot_write_a_second_line(setting: tuple[str, str, str]) -> None:
    """Section, directive and value are checked, each with an error of its own."""
    with pytest.raises(UsageError):
        service(ECHO, by_hand(setting))
