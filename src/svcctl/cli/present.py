"""Shows plans and results as plain text that stays the same wherever it is read."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from svcctl.operations.preview import Change
    from svcctl.plan.model import Diagnostic


def say(text: str) -> None:
    """Write a line of talk to stderr."""
    sys.stderr.write(f"{text}\n")


def plain(text: str) -> str:
    """Return a line with a question mark for each character that a terminal would take for a command."""
    return "".join(char if char.isprintable() or char == "\t" else "?" for char in text)


def show_preview(preview: Change, stream: TextIO, *, title: str) -> None:
    """Write what would be done, a line each, then what the user should know."""
    if not preview.changes:
        stream.write(f"{title}: nothing to do\n")
    else:
        stream.write(f"{title}:\n")
        stream.writelines(f"  {line}\n" for line in preview.lines)
    stream.writelines(f"  {line}\n" for line in diagnostic_lines(preview.diagnostics))
    if preview.exposure is not None:
        stream.write(f"  sandbox: exposure {preview.exposure:.1f} (0 is best, 10 is none)\n")


def diagnostic_lines(diagnostics: Iterable[Diagnostic]) -> Iterator[str]:
    """Yield each diagnostic, its hint on a line of its own."""
    for item in diagnostics:
        yield f"{item.severity}: {item.subject}: {item.message}"
        if item.hint:
            yield f"  hint: {item.hint}"


def asker(title: str, *, yes: bool) -> Callable[[Change], bool]:
    """Return the function that shows a plan on stderr and asks about it if somebody is there to answer."""

    def approve(preview: Change) -> bool:
        show_preview(preview, sys.stderr, title=title)
        return agreed(yes=yes)

    return approve


def agreed(*, yes: bool) -> bool:
    """Ask about what has been shown if somebody is there to answer; say so if nothing is to be done."""
    if yes or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return True
    sys.stderr.write("Do it? [y/N] ")
    sys.stderr.flush()
    try:
        answer = sys.stdin.readline()
    except KeyboardInterrupt:
        say("\nnothing was changed")
        raise
    given = answer.strip().lower() in {"y", "yes"}
    if not given:
        # Without an answer the cursor still stands behind the question.
        say("nothing was changed" if answer else "\nnothing was changed")
    return given
