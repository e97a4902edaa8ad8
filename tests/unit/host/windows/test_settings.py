"""What the service manager is told of a service, as it is in memory on 64-bit systems."""

from __future__ import annotations

import ctypes
from dataclasses import replace

import pytest

from svcctl.host.windows.settings import multi_string, settings
from svcctl.host.windows.structures import (
    Action,
    DelayedStart,
    Description,
    FailureActions,
    FailureFlag,
    Preshutdown,
    SidType,
    StatusProcess,
)
from svcctl.plan.windows import Hosted, RecoveryAction, WindowsService

SERVICE = WindowsService(
    name="echo",
    display_name="Echo",
    interpreter="C:\\python.exe",
    host="C:\\host.py",
    account="LocalSystem",
    hosted=Hosted(python="C:\\python.exe", arguments=(), directory="C:\\"),
    description="Says it again",
    preshutdown_ms=25_000,
    recovery=(RecoveryAction(restart=True, after_ms=60_000), RecoveryAction(restart=False)),
)


@pytest.mark.parametrize(
    ("structure", "size", "offsets"),
    [
        (StatusProcess, 36, {"dwCurrentState": 4, "dwProcessId": 28, "dwServiceFlags": 32}),
        (Description, 8, {"lpDescription": 0}),
        (Action, 8, {"Type": 0, "Delay": 4}),
        (FailureActions, 40, {"lpRebootMsg": 8, "lpCommand": 16, "cActions": 24, "lpsaActions": 32}),
        (DelayedStart, 4, {}),
        (FailureFlag, 4, {}),
        (SidType, 4, {}),
        (Preshutdown, 4, {}),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_sizes_and_offsets_are_those_of_windows(
    structure: type[ctypes.Structure], size: int, offsets: dict[str, int]
) -> None:
    """By the definitions in its headers and the rules of alignment."""
    assert ctypes.sizeof(structure) == size
    assert {name: getattr(structure, name).offset for name in offsets} == offsets


def test_every_setting_is_at_its_level() -> None:
    """Those that are as by default are set, too: an earlier installation may have had others."""
    found = {level: value for level, _, value in settings(SERVICE)}
    assert sorted(found) == [1, 2, 3, 4, 5, 7]
    assert found[1].lpDescription == "Says it again"
    recovery = found[2]
    actions = [(recovery.lpsaActions[place].Type, recovery.lpsaActions[place].Delay) for place in range(2)]
    assert (recovery.dwResetPeriod, recovery.cActions, actions) == (86_400, 2, [(1, 60_000), (0, 0)])
    assert (found[3].fDelayedAutostart, found[4].fFailureActionsOnNonCrashFailures) == (0, 1)
    assert (found[5].dwServiceSidType, found[7].dwPreshutdownTimeout) == (1, 25_000)


@pytest.mark.parametrize(("start", "delayed"), [("automatic", [0]), ("delayed", [1]), ("manual", [])])
def test_only_what_starts_by_itself_can_be_delayed(start: str, delayed: list[int]) -> None:
    """Windows refuses the setting for others."""
    service = replace(SERVICE, start=start)  # type: ignore[arg-type]  # one of three texts
    assert [value.fDelayedAutostart for level, _, value in settings(service) if level == 3] == delayed


def test_several_texts_are_one_with_an_end_of_its_own() -> None:
    """The second NUL at the end comes with every text that is passed on."""
    assert multi_string(("Tcpip", "Dnscache")) == "Tcpip\0Dnscache\0"
    assert multi_string(()) == ""
