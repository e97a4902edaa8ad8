"""Finds an installed service of Windows by the name that a user typed."""

from __future__ import annotations

import difflib
from typing import NamedTuple

from svcctl.errors import ConfigurationError, ProblemsError, UsageError
from svcctl.host.windows.machine import Found, Machine
from svcctl.plan.command_line import quote
from svcctl.plan.windows import WindowsReceipt, check_name, decode_receipt


class Installed(NamedTuple):
    """An installed service.

    Attributes:
        receipt: What is remembered of its installation.
        found: How it is configured.
    """

    receipt: WindowsReceipt
    found: Found

    @property
    def name(self) -> str:
        """Its name, as it was installed."""
        return self.receipt.service.name


def find(machine: Machine, text: str) -> Installed:
    """Return the installed service of a name.

    Raises:
        UsageError: There is no service of that name that svcctl has installed; the hint has the most similar one.
        ConfigurationError: Its receipt is damaged.
    """
    found = machine.services.find(check_name(text))
    receipt = read_receipt(text, found)
    if found is None or receipt is None:
        others = "" if found is None else ": svcctl has not made the one that is there"
        raise UsageError(f"no application named {text} is installed{others}", hint=_similar(machine, text))
    return Installed(receipt, found)


def read_receipt(name: str, found: Found | None) -> WindowsReceipt | None:
    """Return the receipt of a service; ``None`` if it has none.

    Raises:
        ConfigurationError: It is damaged.
    """
    if found is None or not found.receipt:
        return None
    try:
        return decode_receipt(found.receipt)
    except ProblemsError as error:
        raise ConfigurationError(
            f"the receipt of {name} cannot be read: {error.message}",
            hint=f"remove the service by hand: sc delete {name}",
        ) from error


def repeat_command(receipt: WindowsReceipt) -> str:
    """Return what installs this application again: a command, or words."""
    if receipt.installer:
        return "repair it in Windows' list of programs"
    if not receipt.options:
        return "run install.ps1 again"
    return " ".join(map(quote, ("svcctl", "install", *receipt.options)))


def refuse_installer(receipt: WindowsReceipt, verb: str) -> None:
    """Leave to an installer what it has installed.

    Args:
        receipt: Of the service.
        verb: What was to be done to it.

    Raises:
        UsageError: It came in one.
    """
    if receipt.installer:
        raise UsageError(
            f"{receipt.service.name} came in an installer, and svcctl does not {verb} it",
            hint="use Windows' list of programs: appwiz.cpl",
        )


def _similar(machine: Machine, name: str) -> str:
    close = difflib.get_close_matches(name, machine.services.names(), n=1)
    return f"did you mean {close[0]}?" if close else "svcctl list shows what is"
