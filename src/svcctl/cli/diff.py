"""``svcctl diff``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from svcctl.cli import as_json, options, present

if TYPE_CHECKING:
    from collections.abc import Iterator

    from svcctl.operations.diff import DiffResult

_DIFFERENT = 1  # as diff(1) has it


def diff(
    name: options.Name,
    *,
    user: options.UserScope = False,
    root: options.Root = "",
    json: options.Json = False,
) -> int:
    """Show how what is installed differs from what its application is now. Changes nothing."""
    from svcctl.operations.diff import diff as operate  # noqa: PLC0415 (kept out of --help)

    result = operate(name, scope="user" if user else "system", root=root)
    if json:
        as_json.write(result)
    else:
        for line in _lines(result):
            typer.echo(present.plain(line))
    if result.differs:
        present.say(f"to bring it up to date: {result.command}")
    return _DIFFERENT if result.differs else 0


def _lines(result: DiffResult) -> Iterator[str]:
    for file in result.files:
        yield from file.text.splitlines()
    for file in result.files:
        if file.edited:
            yield f"edited by hand: {file.path}"
    for action in result.actions:
        yield f"to be done: {action}"
    for part in result.remembered:
        yield f"remembered otherwise: {part}"
    for path in result.drop_ins:
        yield f"drop-in, which stays: {path}"
    yield from (
        line
        for item in result.diagnostics
        if item.severity == "error"
        for line in present.diagnostic_lines([item])
    )
    if not result.differs:
        yield f"{result.name} is installed as its application is"
