"""The usage of options, for people."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from svcctl.application.options.table import Command, Option, Table

_COLUMN = 28
_WIDTH = 79


def synopsis(table: Table, program: str) -> str:
    """Return the first line of a usage.

    Args:
        table: What a command line may hold.
        program: What stands before it, such as ``svcctl run echo``.
    """
    if table.synopsis:
        return table.synopsis
    parts = [f"Usage: {program} [options]"]
    if table.commands:
        parts.append("[COMMAND …]" if table.default else "COMMAND …")
    elif table.rest:
        parts.append(table.rest)
    return " ".join(parts)


def body(table: Table, width: int | None = None) -> str:
    """Return what follows the first line: the options with units and defaults, the sub-commands, the text.

    Args:
        table: What a command line may hold.
        width: Longest line, in characters; ``None`` for 79.

    Returns:
        Lines, with a newline at the end.
    """
    return "\n".join(_lines(table, width or _WIDTH)) + "\n"


def _lines(table: Table, width: int) -> Iterator[str]:
    yield "Options:"
    for option in table.options:
        yield from _entry(_head(option), _meaning(option), width)
    if table.commands:
        yield "Commands:"
        for command in table.commands:
            yield from _entry(f"    {_names(command)}", command.doc, width)
    if table.about:
        yield ""
        for paragraph in _paragraphs(table.about):
            indent = paragraph[: len(paragraph) - len(paragraph.lstrip())]
            yield from textwrap.wrap(paragraph, width, subsequent_indent=indent) or [""]


def _paragraphs(about: str) -> Iterator[str]:
    """Yield the lines of a text, those of a paragraph as one; what is indented or an item of a list stays apart."""
    paragraph: list[str] = []
    for line in about.splitlines():
        apart = line[:1].isspace() or not line.strip()
        if paragraph and (apart or line.startswith(("- ", "* "))):
            yield " ".join(paragraph)
            paragraph.clear()
        if apart:
            yield line
        else:
            paragraph.append(line.strip())
    if paragraph:
        yield " ".join(paragraph)


def _names(command: Command) -> str:
    return f"{command.name}, {command.short}" if command.short else command.name


def _head(option: Option) -> str:
    letter = f"-{option.short}, " if option.short else "    "
    argument = "=" + (option.units.upper().replace(" ", "_") or "VALUE") if option.takes else ""
    return f"  {letter}{option.flag}{argument}"


def _meaning(option: Option) -> str:
    doc = " ".join(option.doc.split())
    facts = []
    if option.choices:
        facts.append(f"one of {', '.join(option.choices)}")
    if option.required:
        facts.append("needed")
    elif option.takes and option.default not in (None, "", (), []):
        facts.append(f"default: {shown(option.default)}{f' {option.units}' if option.units else ''}")
    if option.repeatable:
        facts.append("repeatable")
    return f"{doc} [{'; '.join(facts)}]".strip() if facts else doc


def shown(value: object) -> str:
    """Return a default as one would write it."""
    if isinstance(value, tuple | list):
        return " ".join(str(item) for item in value)
    return str(value)


def _entry(head: str, meaning: str, width: int) -> Iterator[str]:
    lines = textwrap.wrap(meaning, max(width - _COLUMN, 20)) or [""]
    if len(head) + 2 > _COLUMN:
        yield head
    else:
        yield f"{head:<{_COLUMN}}{lines.pop(0)}".rstrip()
    for line in lines:
        yield f"{'':{_COLUMN}}{line}"
