r"""What services are in the registry: ours are told from others' by it; only Windows can import this.

Source: "HKLM\SYSTEM\CurrentControlSet\Services Registry Tree", "Event Sources" on learn.microsoft.com.
"""

from __future__ import annotations

import contextlib
import importlib
from typing import Any

from svcctl.errors import ConfigurationError
from svcctl.host.windows.machine import Found
from svcctl.plan.windows import (
    DEFINITION_VALUE,
    PARAMETERS_KEY,
    RECEIPT_VALUE,
    WindowsService,
    encode_definition,
)

winreg: Any = importlib.import_module("winreg")

_MACHINE = winreg.HKEY_LOCAL_MACHINE
_SERVICES = "SYSTEM\\CurrentControlSet\\Services"
_EVENT_SOURCES = f"{_SERVICES}\\EventLog\\Application"
_MESSAGES = "%SystemRoot%\\System32\\EventCreate.exe"  # renders plain texts
_ALL_TYPES = 7
_STARTS = {2: "automatic", 3: "manual", 4: "disabled"}


def find(name: str) -> Found | None:
    """Return how a service is configured; ``None`` if there is none of that name."""
    command_line = _value(name, "ImagePath")
    if not command_line:
        return None
    start = _STARTS.get(_value(name, "Start"), "disabled")
    if start == "automatic" and _value(name, "DelayedAutostart"):
        start = "delayed"
    parameters = f"{name}\\{PARAMETERS_KEY}"
    return Found(
        command_line=str(command_line),
        account=str(_value(name, "ObjectName") or "LocalSystem"),
        start=start,
        definition=str(_value(parameters, DEFINITION_VALUE) or ""),
        receipt=str(_value(parameters, RECEIPT_VALUE) or ""),
    )


def names() -> tuple[str, ...]:
    """Return the names of the services that are ours, sorted."""
    with winreg.OpenKey(_MACHINE, _SERVICES) as key:
        count = winreg.QueryInfoKey(key)[0]
        found = [winreg.EnumKey(key, index) for index in range(count)]
    return tuple(sorted(name for name in found if _value(f"{name}\\{PARAMETERS_KEY}", DEFINITION_VALUE)))


def write(service: WindowsService, receipt: str) -> None:
    """Write what the service host reads, and what is remembered unless that is empty."""
    with winreg.CreateKey(_MACHINE, f"{_SERVICES}\\{service.name}\\{PARAMETERS_KEY}") as key:
        winreg.SetValueEx(key, DEFINITION_VALUE, 0, winreg.REG_SZ, encode_definition(service.hosted))
        if receipt:
            winreg.SetValueEx(key, RECEIPT_VALUE, 0, winreg.REG_SZ, receipt)


def write_source(name: str) -> None:
    """Let a service write to the event log under its name."""
    with winreg.CreateKey(_MACHINE, f"{_EVENT_SOURCES}\\{name}") as key:
        winreg.SetValueEx(key, "EventMessageFile", 0, winreg.REG_EXPAND_SZ, _MESSAGES)
        winreg.SetValueEx(key, "TypesSupported", 0, winreg.REG_DWORD, _ALL_TYPES)


def remove_source(name: str) -> None:
    """Undo :func:`write_source`."""
    with contextlib.suppress(FileNotFoundError):
        winreg.DeleteKey(_MACHINE, f"{_EVENT_SOURCES}\\{name}")


def refuse_others(name: str) -> None:
    """Check that a service is ours.

    Raises:
        ConfigurationError: It is somebody else's.
    """
    if not _value(f"{name}\\{PARAMETERS_KEY}", DEFINITION_VALUE):
        raise ConfigurationError(
            f"there is a service named {name} already, and svcctl has not made it", hint="use another --name"
        )


def _value(path: str, name: str) -> Any:  # noqa: ANN401 (a number or a text)
    """Return a value below the key of the services; ``None`` if there is none, or it is not for the caller to read."""
    try:
        with winreg.OpenKey(_MACHINE, f"{_SERVICES}\\{path}") as key:
            return winreg.QueryValueEx(key, name)[0]
    except (FileNotFoundError, PermissionError):
        return None
