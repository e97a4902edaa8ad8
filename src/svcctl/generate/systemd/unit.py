"""A unit file as an ordered list of typed lines, and the one writer of it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

from svcctl.generate.systemd.directives import Value
from svcctl.generate.text import one_line

Section = Literal["Unit", "Service", "Socket", "Install"]

_WIDTH = 108


class Line(NamedTuple):
    """One directive.

    Attributes:
        section: Its section.
        directive: Its name.
        value: What it is set to.
        reason: Why, in one sentence; written as a comment above the line.
    """

    section: Section
    directive: str
    value: Value
    reason: str = ""


class Reason(NamedTuple):
    """Why a directive has its value.

    Attributes:
        directive: Its name.
        value: Its value as it is written in the file.
        reason: The sentence; empty for a line that explains itself.
        unit: Name of the unit file that holds it.
    """

    directive: str
    value: str
    reason: str
    unit: str


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit file.

    Attributes:
        name: Its file name, such as ``echo.service``.
        header: Comment lines at its top.
        lines: Its directives; those of one section follow each other.
    """

    name: str
    header: tuple[str, ...]
    lines: tuple[Line, ...]

    def reasons(self) -> tuple[Reason, ...]:
        """Return each directive as written, with its reason."""
        return tuple(
            Reason(line.directive, line.value.render(line.directive), one_line(line.reason), self.name)
            for line in self.lines
        )


def write(unit: Unit) -> bytes:
    """Return the unit file's bytes: the same for the same unit, UTF-8, ending with a newline.

    Raises:
        UsageError: A directive cannot express its value.
    """
    written = [*comment(unit.header), *_write_lines(unit.lines)]
    return ("\n".join(written) + "\n").encode()


def comment(sentences: Iterable[str]) -> Iterator[str]:
    r"""Yield comment lines; nothing in the sentences can end the comment.

    Example:
        >>> list(comment(["one\nExecStart=two"]))
        ['# one ExecStart=two']
    """
    for sentence in sentences:
        for text in textwrap.wrap(one_line(sentence), _WIDTH, break_long_words=False, break_on_hyphens=False):
            # A backslash at the end of a line would join the next line to it.
            yield f"# {text}".rstrip("\\")


def title(text: str) -> str:
    r"""Return the text as a value of one line can hold it: :func:`one_line`, no backslash at its end.

    Example:
        >>> title("a\nb \\")
        'a b'
    """
    return one_line(text).rstrip("\\ ")


def _write_lines(lines: tuple[Line, ...]) -> Iterator[str]:
    section, reason = "", ""
    for line in lines:
        if line.section != section:
            section, reason = line.section, ""
            yield ""
            yield f"[{section}]"
        if line.reason != reason:
            reason = line.reason
            yield from comment([reason])
        yield f"{line.directive}={line.value.render(line.directive)}"
