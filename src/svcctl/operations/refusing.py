"""Refuses what cannot work as a service."""

from __future__ import annotations

from collections.abc import Iterable

from svcctl.errors import Problem, ProblemsError
from svcctl.plan.model import Diagnostic


def refuse(name: str, diagnostics: Iterable[Diagnostic], *, what: str = "a service") -> None:
    """Refuse an application if there is an error among its diagnostics.

    Args:
        name: Name that the service would have.
        diagnostics: What was found.
        what: What it cannot be.

    Raises:
        ProblemsError: All errors, with the first hint.
    """
    errors = [item for item in diagnostics if item.severity == "error"]
    if errors:
        problems = tuple(Problem(item.subject, item.message) for item in errors)
        hint = next((item.hint for item in errors if item.hint), "")
        raise ProblemsError(f"{name} cannot be {what} as it is", problems, hint=hint)
