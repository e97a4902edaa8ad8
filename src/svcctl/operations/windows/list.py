"""Lists the services of Windows that svcctl has installed."""

from __future__ import annotations

from collections.abc import Iterator

from svcctl.errors import ConfigurationError
from svcctl.host.windows.machine import Found, Machine
from svcctl.manifest import codec
from svcctl.operations.list import Entry, Listing
from svcctl.operations.windows import installed
from svcctl.operations.windows.status import STATES
from svcctl.plan.windows import WindowsReceipt


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
