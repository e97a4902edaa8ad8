"""What a change would do, for showing it before it is done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from svcctl.plan.model import Diagnostic, Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """A change that has been decided on but not done.

    Attributes:
        name: The application's name on the machine.
        plan: What would be done.
        present: Paths among the plan's files that exist and would be replaced.
        diagnostics: What the user should know about it.
        exposure: systemd's score of the sandbox, 0 (best) to 10; ``None`` if there is no tool to tell.
        purged: Folders and files that would be removed with all that is in them.
        changes: There is anything to do at all.
    """

    name: str
    plan: Plan
    present: frozenset[str] = frozenset()
    diagnostics: tuple[Diagnostic, ...] = ()
    exposure: float | None = None
    purged: tuple[str, ...] = ()
    changes: bool = True


#: Asked before anything is changed; False leaves everything as it is.
Approve = Callable[[Preview], bool]


def approve_always(_preview: Preview) -> bool:
    """Approve every change: for callers that have nobody to ask."""
    return True
