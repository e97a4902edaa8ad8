"""What a change would do, for showing it before it is done."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from svcctl.plan.model import Diagnostic, Plan


class Change(Protocol):
    """A change that has been decided on but not done, on any system."""

    @property
    def changes(self) -> bool:
        """There is anything to do at all."""

    @property
    def lines(self) -> tuple[str, ...]:
        """What would be done, if there is anything.

        A line each: ``+`` before what is new, ``~`` before what is changed, ``-`` before what is removed, ``!`` before
        what is done to the service.
        """

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """What the user should know about it."""

    @property
    def exposure(self) -> float | None:
        """The score of the sandbox, 0 (best) to 10; ``None`` if there is nothing to tell it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """A change of units; see :class:`Change`.

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

    @property
    def lines(self) -> tuple[str, ...]:
        """What would be done."""
        return tuple(_lines(self))


def _lines(preview: Preview) -> Iterator[str]:
    if not (preview.plan.files or preview.plan.removals or preview.plan.actions or preview.purged):
        yield "~ what svcctl remembers of it"
    for file in preview.plan.files:
        yield f"{'~' if file.path in preview.present else '+'} {file.path}"
    for removal in preview.plan.removals:
        yield f"- {removal.path}"
    for action in preview.plan.actions:
        yield " ".join(("!", action.kind, *action.units))
    for path in preview.purged:
        yield f"- {path} (with all that is in it)"


#: Asked before anything is changed; False leaves everything as it is.
Approve = Callable[[Preview], bool]


def approve_always(_preview: Change) -> bool:
    """Approve every change: for callers that have nobody to ask."""
    return True
