"""Lists the services of Windows that svcctl has installed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from svcctl.errors import ConfigurationError
from svcctl.host.windows.machine import Found, Machine
from svcctl.manifest import codec
from svcctl.operations.windows import installed
from svcctl.operations.windows.status import STATES
from svcctl.plan.windows import WindowsReceipt


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One installed application.

    Attributes:
        name: Name of its service.
        application: Absolute path, ``module:attribute`` or plug-in.
        state: Windows' word for its state.
        enabled: It starts with Windows.
        addresses: What it listens on.
    """

    name: str
    application: str
    state: str
    enabled: bool
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """All installed applications.

    Attributes:
        entries: Sorted by name.
        damaged: One line about each receipt that could not be read.
    """

    entries: tuple[Entry, ...]
    damaged: tuple[str, ...]


def list_installed(machine: Machine) -> Listing:
    """Return the installed applications and their states, in Windows' words.

    Raises:
        SvcctlError: Windows does not answer.
    """
    damaged: list[str] = []
    return Listing(entries=tuple(_entries(machine, damaged)), damaged=tuple(damaged))


def _entries(machine: Machine, damaged: list[str]) -> Iterator[Entry]:
    for name in machine.services.names():
        found = machine.services.find(name)
        try:
            receipt = installed.read_receipt(name, found)
        except ConfigurationError as error:
            damaged.append(str(error))
            continue
        if found is not None and receipt is not None:
            yield _entry(receipt, found, machine)


def _entry(receipt: WindowsReceipt, found: Found, machine: Machine) -> Entry:
    status = machine.services.query(receipt.service.name)
    return Entry(
        name=receipt.service.name,
        application=receipt.application,
        state=STATES[status.state] if status is not None else "unknown",
        enabled=found.start in {"automatic", "delayed"},
        addresses=tuple(listener.endpoint for listener in codec.decode(receipt.manifest).listeners()),
    )
