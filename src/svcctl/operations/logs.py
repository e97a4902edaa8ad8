"""Finds what an installed application has logged: in files of its own, or in the journal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from svcctl.errors import UsageError
from svcctl.host import journal, log_files
from svcctl.host import machine as machines
from svcctl.host.journal import Entry
from svcctl.host.log_files import Line
from svcctl.host.machine import Machine
from svcctl.operations import installed
from svcctl.operations.installed import Installed
from svcctl.operations.request import from_options
from svcctl.plan.model import Scope

#: Directives that send what a service prints somewhere, and how they say that it is a file (systemd.exec(5)).
_STREAMS = ("StandardOutput", "StandardError")
_TO_FILE = ("append:", "file:", "truncate:")


@dataclass(frozen=True, slots=True, kw_only=True)
class LogsResult:
    """What an application has logged.

    Attributes:
        name: Its name, with the instance if one was named.
        service: Its service unit.
        files: The log files that are read; none if it is the journal.
        lines: Entries of the journal, or lines of the files, the oldest first. Reading them may raise.
    """

    name: str
    service: str
    files: tuple[str, ...]
    lines: Iterator[Entry | Line]


def logs(
    name: str, *, scope: Scope = "system", count: int = 100, follow: bool = False, from_journal: bool = False
) -> LogsResult:
    """Return what an installed application has logged, and what systemd says about it.

    An application that has log files of its own, in its logs folder or where its unit sends what it prints, is read
    there, every other one in the journal.

    Args:
        name: Name of the application, or of one instance: ``web@1``.
        scope: ``system`` or ``user``.
        count: How many of the last lines, of each file; 0 for new ones alone.
        follow: Go on with what is logged from now on, without an end.
        from_journal: Read the journal in any case.

    Raises:
        UsageError: There is no such application.
        ConfigurationError: No journal is kept here, or the receipt is damaged.
        PermissionDeniedError: It is not for the caller to read.
        CommandError: journalctl is not there or fails.
    """
    machine = machines.find(scope)
    found = installed.find(machine, name)
    if found.template:
        raise UsageError(
            f"{found.name} has instances", hint=f"name one: svcctl logs{found.flag} {found.name}@INSTANCE"
        )
    paths = () if from_journal else _files(found, machine)
    lines: Iterator[Entry | Line]
    if paths:
        lines = log_files.lines(machine.root, paths, count=count, follow=follow)
    else:
        lines = journal.entries(found.service, scope, lines=count, follow=follow)
    return LogsResult(name=found.name, service=found.service, files=paths, lines=lines)


def _files(found: Installed, machine: Machine) -> tuple[str, ...]:
    receipt = found.receipt
    paths = [
        value.partition(":")[2].replace("%i", found.instance).replace("%%", "%")
        for section, directive, value in from_options(receipt.options, scope=receipt.scope).settings
        if section == "Service" and directive in _STREAMS and value.startswith(_TO_FILE)
    ]
    root = machine.directories["logs"]
    for folder in receipt.directories:
        if folder.startswith(f"{root}/"):
            # With instances, each has a folder of its own name below it.
            paths += log_files.find(machine.root, f"{folder}/{found.instance}".rstrip("/"))
    return tuple(dict.fromkeys(paths))
