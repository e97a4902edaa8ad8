"""``svcctl explain``."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import typer

from svcctl.cli import as_json, options, present

if TYPE_CHECKING:
    from collections.abc import Iterator

    from svcctl.operations.explain import ExplainResult
    from svcctl.operations.explaining.facts import Explanation

_FAULT = 3  # as svcctl status has it for a service that has failed

_PHASES = {
    "loading": "while its file was loaded",
    "binding": "while its listeners were opened",
    "starting": "while it started",
    "serving": "while it served",
    "reloading": "while it reloaded",
    "stopping": "while it stopped",
}


def explain(name: options.Name, *, user: options.UserScope = False, json: options.Json = False) -> int:
    """Say in plain words what has happened to an installed application, and what most likely mends it."""
    from svcctl.operations.explain import explain as operate  # noqa: PLC0415 (kept out of --help)

    result = operate(name, scope="user" if user else "system")
    if json:
        as_json.write(result)
    else:
        for line in _lines(result):
            typer.echo(present.plain(line))
    if result.unread:
        present.say(f"less is known than could be: {result.unread}")
        present.say(f"hint: {result.way}")
    return _FAULT if result.fault else 0


def _lines(result: ExplainResult) -> Iterator[str]:
    well = "" if result.fault else "; nothing is known to be wrong"
    yield f"{result.name}: {result.state}{well}"
    for place, each in enumerate(result.explanations):
        yield ""
        yield f"{'what follows from it' if place else 'what has happened'}{_when(each)}:"
        yield from _about(each)
    if result.before is not None:
        yield ""
        yield f"earlier{_when(result.before)}:"
        yield from _about(result.before)


def _about(each: Explanation) -> Iterator[str]:
    yield f"  {each.message}"
    yield from (f"  | {line}" for line in each.evidence)
    for mend in each.mends:
        yield f"  - {mend.advice}{':' if mend.command else ''}"
        if mend.command:
            yield f"      {mend.command}"


def _when(each: Explanation) -> str:
    at = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(each.at)) if each.at else ""
    return "".join(f", {part}" for part in (at, _PHASES.get(each.phase, ""), each.path) if part)
