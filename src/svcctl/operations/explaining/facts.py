"""The values: what is known of a service, and what is said about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from svcctl.host.journal import Entry


class Unit(NamedTuple):
    """A unit as systemd shows it.

    Attributes:
        name: Its name.
        shown: Its properties, as ``systemctl show`` writes them.
        entries: The last entries of the journal about it, the oldest first.
    """

    name: str
    shown: Mapping[str, str]
    entries: tuple[Entry, ...] = ()

    def get(self, name: str) -> str:
        """Return a property; empty if it is not known."""
        return self.shown.get(name, "")

    def number(self, name: str) -> int:
        """Return a property that is a number; 0 if it is none."""
        text = self.get(name)
        return int(text) if text.isdecimal() else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All that is known of an installed service.

    Attributes:
        name: The application, with its instance if it has one.
        flag: `` --user`` for a service of the user's own, else nothing.
        application: What its units start.
        python: The interpreter that they start it with.
        repeat: The command that installs it again.
        service: Its service unit.
        sockets: Its socket units.
        credentials: What its unit has after ``LoadCredential=`` and its like: ``KEY``, or ``KEY:PATH``.
        environment_files: The files of variables that have to be there.
        holders: Addresses that it listens on and what process has each now, if it does not run itself.
        unread: Why the journal could not be read; empty if it was.
        way: What to do in order to read it.
    """

    name: str
    flag: str
    application: str
    python: str
    repeat: str
    service: Unit
    sockets: tuple[Unit, ...] = ()
    credentials: tuple[str, ...] = ()
    environment_files: tuple[str, ...] = ()
    holders: tuple[tuple[str, str], ...] = ()
    unread: str = ""
    way: str = ""

    def command(self, verb: str) -> str:
        """Return a command of svcctl about this service: ``svcctl start --user echo``."""
        return f"svcctl {verb}{self.flag} {self.name}"

    def holder(self, address: str) -> str:
        """Return what process has an address, or a port of any; empty if that is not known."""
        found = (who for held, who in self.holders if address == held or held.endswith(f":{address}"))
        return next(found, "")

    @property
    def journal(self) -> str:
        """The command that shows its journal."""
        return f"{self.command('logs')} --journal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mend:
    """Something to do about it.

    Attributes:
        advice: What, and why.
        command: What to type; empty if there is nothing.
    """

    advice: str
    command: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What has happened.

    Attributes:
        cause: A word for it that stays the same.
        unit: The unit that it happened to.
        message: One sentence.
        path: The service in the tree; empty if it is not known or none of them.
        phase: ``loading``, ``binding``, ``starting``, ``serving``, ``reloading`` or ``stopping``; empty if it never ran.
        at: When, in seconds since 1970; 0 if that is not known.
        evidence: A few lines of the journal, or what systemd kept of them.
        mends: What most likely mends it, the likeliest first.
    """

    cause: str
    unit: str
    message: str
    path: str = ""
    phase: str = ""
    at: float = 0.0
    evidence: tuple[str, ...] = ()
    mends: tuple[Mend, ...] = ()
