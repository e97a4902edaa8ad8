"""Structures are in memory as Windows has them on 64-bit systems."""

from __future__ import annotations

import ctypes

import pytest

from svcctl.windows.structures import (
    BasicLimits,
    ExtendedLimits,
    IoCounters,
    ProcessInformation,
    SecurityAttributes,
    ServiceStatus,
    ServiceTableEntry,
    StartupInfo,
)


@pytest.mark.parametrize(
    ("structure", "size", "offsets"),
    [
        (ServiceTableEntry, 16, {"lpServiceName": 0, "lpServiceProc": 8}),
        (ServiceStatus, 28, {"dwCurrentState": 4, "dwControlsAccepted": 8, "dwWaitHint": 24}),
        (StartupInfo, 104, {"lpReserved": 8, "dwX": 32, "dwFlags": 60, "lpReserved2": 72, "hStdInput": 80}),
        (ProcessInformation, 24, {"hThread": 8, "dwProcessId": 16}),
        (
            BasicLimits,
            64,
            {"LimitFlags": 16, "MinimumWorkingSetSize": 24, "ActiveProcessLimit": 40, "Affinity": 48},
        ),
        (IoCounters, 48, {"OtherTransferCount": 40}),
        (ExtendedLimits, 144, {"IoInfo": 64, "ProcessMemoryLimit": 112, "PeakJobMemoryUsed": 136}),
        (SecurityAttributes, 24, {"lpSecurityDescriptor": 8, "bInheritHandle": 16}),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_sizes_and_offsets_are_those_of_windows(
    structure: type[ctypes.Structure], size: int, offsets: dict[str, int]
) -> None:
    """By the definitions in its headers and the rules of alignment."""
    assert ctypes.sizeof(structure) == size
    assert {name: getattr(structure, name).offset for name in offsets} == offsets
