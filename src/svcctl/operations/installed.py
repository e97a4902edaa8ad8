"""Finds an installed application by the name that a user typed."""

from __future__ import annotations

import difflib
import re
import shlex
from typing import NamedTuple

from svcctl.errors import UsageError
from svcctl.generate.systemd.names import check_service_name
from svcctl.host import receipts
from svcctl.host.machine import Machine
from svcctl.plan.model import Receipt

_INSTANCE = re.compile(r"[A-Za-z0-9:_.\\-]+")


class Installed(NamedTuple):
    """An installed application, or one instance of it.

    Attributes:
        receipt: Its receipt.
        instance: Name of the instance, empty for none.
        service: Its service unit; the template's for an application with instances and no name of one.
        sockets: Its socket units in the same way.
    """

    receipt: Receipt
    instance: str
    service: str
    sockets: tuple[str, ...]

    @property
    def name(self) -> str:
        """Its name, with the instance's if one was named: ``web@1``."""
        return f"{self.receipt.name}@{self.instance}" if self.instance else self.receipt.name

    @property
    def flag(self) -> str:
        """What a command has to say to find it again, with a blank before it: `` --user``, or nothing."""
        return " --user" if self.receipt.scope == "user" else ""

    @property
    def template(self) -> bool:
        """It has instances and none was named."""
        return "@." in self.service


def find(machine: Machine, text: str) -> Installed:
    """Return the installed application of a name such as ``echo``, ``echo.service`` or ``web@1``.

    Raises:
        UsageError: No application of that name is installed; the hint has the most similar one.
        ConfigurationError: Its receipt is damaged.
    """
    name, at, instance = text.removesuffix(".service").removesuffix(".socket").partition("@")
    try:
        check_service_name(name)
    except UsageError as error:
        raise UsageError(error.message, hint=_similar(machine, name)) from error
    receipt = receipts.read(machine, name)
    if receipt is None:
        raise UsageError(
            f"no application named {name} is installed{_where(machine)}", hint=_similar(machine, name)
        )
    if not at:
        return Installed(receipt, "", receipt.service, receipt.sockets)
    if "@." not in receipt.service:
        raise UsageError(f"{name} was installed without --instances", hint=f"leave @{instance} out")
    if not _INSTANCE.fullmatch(instance):
        raise UsageError(f"{instance!r} cannot name an instance", hint="use letters, digits and : _ . -")
    sockets = tuple(_instantiate(socket, instance) for socket in receipt.sockets)
    return Installed(receipt, instance, _instantiate(receipt.service, instance), sockets)


def repeat_command(receipt: Receipt) -> str:
    """Return the command that installs this application again, ready for a shell."""
    if receipt.package:
        return f"apt install --reinstall ./{receipt.package}_VERSION.deb"
    return shlex.join(("svcctl", "install", *receipt.options))


def removal_command(receipt: Receipt) -> str:
    """Return the command that removes this application, ready for a shell."""
    if receipt.package:
        return f"apt remove {receipt.package}"
    return f"svcctl uninstall{' --user' if receipt.scope == 'user' else ''} {receipt.name}"


def refuse_packaged(receipt: Receipt, verb: str, hint: str) -> None:
    """Leave to dpkg what it has installed.

    Args:
        receipt: Of the application.
        verb: What was to be done to it.
        hint: The command that does that to a package.

    Raises:
        UsageError: It came in a package.
    """
    if receipt.package:
        message = f"{receipt.name} came in the Debian package {receipt.package}, which svcctl does not {verb}"
        raise UsageError(message, hint=hint)


def _instantiate(unit: str, instance: str) -> str:
    return unit.replace("@.", f"@{instance}.")


def _where(machine: Machine) -> str:
    if machine.root:
        return f" below {machine.root}"
    return " for this user" if machine.scope == "user" else ""


def _similar(machine: Machine, name: str) -> str:
    names = [receipt.name for receipt in receipts.read_all(machine).receipts]
    close = difflib.get_close_matches(name, names, n=1)
    if close:
        return f"did you mean {close[0]}?"
    return "svcctl list shows what is" + ("" if machine.scope == "user" else ", svcctl list --user your own")
