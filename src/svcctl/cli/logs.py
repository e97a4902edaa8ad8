"""``svcctl logs``."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer

from svcctl.cli import options, present

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from svcctl.host.journal import Entry
    from svcctl.operations.logs import LogsResult

#: What syslog(3) calls its priorities, as svcctl's own text logs do.
_LEVELS = ("emerg", "alert", "critical", "error", "warning", "notice", "info", "debug")


Follow = Annotated[bool, typer.Option("--follow", "-f", help="Go on with what is logged.")]
Lines = Annotated[
    int, typer.Option("--lines", "-n", metavar="LINES", min=0, help="How many of the last lines.")
]


def logs(
    name: options.Name,
    *,
    follow: Follow = False,
    lines: Lines = 100,
    journal: Annotated[
        bool, typer.Option("--journal", help="Read the journal even if there are log files.")
    ] = False,
    user: options.UserScope = False,
) -> None:
    """Show what an installed application has logged: from its log files if it has any, else from the journal."""
    from svcctl.operations.logs import logs as operate  # noqa: PLC0415 (kept out of --help)

    result = operate(
        name, scope="user" if user else "system", count=lines, follow=follow, from_journal=journal
    )
    if result.files:
        present.say(f"from {', '.join(result.files)}; --journal shows what systemd says about it")
    show(result.name, _shown(result), asked=lines)


def show(name: str, lines: Iterable[str], *, asked: int) -> None:
    """Write what an application has logged.

    Args:
        name: The application.
        lines: What to write.
        asked: How many of the last lines were asked for.
    """
    nothing = True
    for line in lines:
        nothing = False
        typer.echo(line)
    if nothing and asked:
        present.say(f"{name} has logged nothing that you can read")


def _shown(result: LogsResult) -> Iterator[str]:
    """Yield the lines to write, with the file's name above the first of each if there are several."""
    from svcctl.host.log_files import Line  # noqa: PLC0415 (kept out of --help)

    last = ""
    for line in result.lines:
        if isinstance(line, Line):
            if len(result.files) > 1 and line.path != last:
                yield f"==> {line.path} <=="
            last = line.path
            yield present.plain(line.text)
        else:
            yield from _entry_lines(line)


def _entry_lines(entry: Entry) -> Iterator[str]:
    at = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(entry.time))
    sender = f"{entry.sender}[{entry.pid}]" if entry.pid else entry.sender
    first, *rest = entry.message.splitlines() or [""]
    facts = "".join(f" {name}={value!r}" for name, value in entry.facts.items())
    yield present.plain(f"{at} {_LEVELS[entry.priority & 7]:7} {sender}: {first}{facts}")
    yield from (present.plain(f"    {line}") for line in rest)
