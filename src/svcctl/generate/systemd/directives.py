"""Values of directives, each with the escaping that systemd's parser undoes for directives of its type.

Escaping is a property of the directive's type: quotes are needed in ``Environment=`` and fatal in
``WorkingDirectory=``. So a unit holds values of these classes, never text that was escaped elsewhere. A value that
its directive cannot express raises :class:`svcctl.errors.UsageError` naming the directive.

Sources: systemd.syntax(7), systemd.service(5) "Command lines", systemd.unit(5) "Specifiers".
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple, Protocol

from svcctl.errors import UsageError


class Specifier(NamedTuple):
    """A specifier that systemd is meant to expand, such as ``%i``.

    Attributes:
        letter: The letter after the percent sign.
    """

    letter: str


class Variable(NamedTuple):
    """An environment variable that systemd is meant to expand in a command line, such as ``$MAINPID``.

    Attributes:
        name: The variable's name.
    """

    name: str


Part = str | Specifier | Variable

#: Text that is taken literally, or several pieces of it with what systemd expands between them.
Parts = str | tuple[Part, ...]

INSTANCE = Specifier("i")
UNIT = Specifier("n")
STATE_ROOT = Specifier("S")
CONFIGURATION_ROOT = Specifier("E")


class Value(Protocol):
    """What may stand to the right of a directive's ``=``."""

    def render(self, directive: str) -> str:
        """Return the text for the unit file.

        Args:
            directive: Name of the directive, for the error.

        Raises:
            UsageError: The directive cannot express the value.
        """
        ...


class Text(NamedTuple):
    """One line of free text, such as ``Description=``."""

    parts: Parts

    def render(self, directive: str) -> str:
        """Return the line with its percent signs doubled."""
        return _unquoted(directive, self.parts)


class RawPath(NamedTuple):
    """One path that is written without quotes: ``WorkingDirectory=``, ``ListenStream=``.

    Attributes:
        parts: The path.
        optional: Whether systemd goes on without a word if it does not exist (the ``-`` prefix).
    """

    parts: Parts
    optional: bool = False

    def render(self, directive: str) -> str:
        """Return the path as it is, percent signs doubled, after its prefix."""
        return ("-" if self.optional else "") + _unquoted(directive, self.parts)


class GlobPath(NamedTuple):
    """One path of a directive that reads it as a pattern: ``EnvironmentFile=``.

    Attributes:
        parts: The path.
        optional: Whether systemd goes on without a word if it does not exist (the ``-`` prefix).
    """

    parts: Parts
    optional: bool = False

    def render(self, directive: str) -> str:
        """Return the path as a pattern that only itself matches, percent signs doubled, after its prefix."""
        literal = _expand(self.parts, lambda part: _GLOB.sub(r"\\\g<0>", part).replace("%", "%%"))
        return ("-" if self.optional else "") + _checked_path(directive, literal)


class Paths(NamedTuple):
    """A list of paths such as ``ExecPaths=``, each with an optional ``-`` prefix.

    Attributes:
        items: The paths.
        optional: Whether a path that does not exist is passed over instead of failing the start.
    """

    items: tuple[Parts, ...]
    optional: bool = True

    def render(self, directive: str) -> str:
        """Return the paths, quoted where they have to be."""
        return " ".join(self._one(directive, item) for item in self.items)

    def _one(self, directive: str, item: Parts) -> str:
        start = item if isinstance(item, str) else item[0]
        if isinstance(start, str) and not start.startswith("/"):
            raise _inexpressible(directive, start, "a path here starts with /")
        text = _expand(item, lambda part: _escape_word(directive, part))
        return _quote_if_needed(("-" if self.optional else "") + text)


class Url(NamedTuple):
    """One web address of ``Documentation=``."""

    text: str

    def render(self, directive: str) -> str:
        """Return the address, percent signs doubled, quoted where it has to be."""
        return _quote_if_needed(_escape_word(directive, self.text))


class Words(NamedTuple):
    """Words that stand for themselves: keywords, unit names, addresses, system call groups.

    Attributes:
        items: Each without white space, quotes, backslashes or percent signs unless systemd is to expand them;
            none to reset a list.
    """

    items: tuple[Parts, ...] = ()

    def render(self, directive: str) -> str:
        """Return the words with blanks between them."""
        return " ".join(_expand(item, lambda part: _word(directive, part)) for item in self.items)


class Command(NamedTuple):
    """A command line: ``ExecStart=`` and its kin.

    Attributes:
        program: Absolute path of the program.
        arguments: What it is given, one string each.
    """

    program: str
    arguments: tuple[Parts, ...] = ()

    def render(self, directive: str) -> str:
        """Return the command line; each argument reaches the program byte by byte."""
        words = [_program(directive, self.program)]
        words += [_quoted(directive, part, _escape_argument) for part in self.arguments]
        return " ".join(words)


class Assignment(NamedTuple):
    """One variable of ``Environment=``.

    Attributes:
        name: The variable's name.
        value: Its value; anything but NUL.
    """

    name: str
    value: Parts

    def render(self, directive: str) -> str:
        """Return ``NAME=value``, quoted as a whole where it has to be."""
        if not _VARIABLE.fullmatch(self.name):
            raise _inexpressible(directive, self.name, "a variable's name is letters, digits and _")
        value = (self.value,) if isinstance(self.value, str) else self.value
        return _quoted(directive, (f"{self.name}=", *value), _escape_assignment)


class Duration(NamedTuple):
    """A span of time in whole milliseconds."""

    milliseconds: int

    def render(self, directive: str) -> str:
        """Return seconds where they are whole, else milliseconds."""
        if self.milliseconds < 0:
            raise _inexpressible(directive, str(self.milliseconds), "a time is not negative")
        seconds, rest = divmod(self.milliseconds, 1000)
        return f"{self.milliseconds}ms" if rest else f"{seconds}s"


class Boolean(NamedTuple):
    """``yes`` or ``no``."""

    value: bool

    def render(self, _directive: str) -> str:
        """Return the word."""
        return "yes" if self.value else "no"


class Number(NamedTuple):
    """A whole number that is not negative."""

    value: int

    def render(self, directive: str) -> str:
        """Return its decimal digits."""
        if self.value < 0:
            raise _inexpressible(directive, str(self.value), "a number here is not negative")
        return str(self.value)


class Octal(NamedTuple):
    """Permission bits."""

    value: int

    def render(self, directive: str) -> str:
        """Return four octal digits."""
        if not 0 <= self.value <= _ALL_BITS:
            raise _inexpressible(directive, oct(self.value), "permission bits are 0000 to 7777")
        return f"{self.value:04o}"


class Verbatim(NamedTuple):
    """A value in systemd's own syntax, written by somebody who knows it."""

    text: str

    def render(self, directive: str) -> str:
        """Return the text unchanged."""
        _check_line(directive, self.text)
        if self.text != self.text.strip():
            raise _inexpressible(directive, self.text, "blanks at its ends would be lost")
        return self.text


_ALL_BITS = 0o7777
_PLAIN = re.compile(r"[A-Za-z0-9_@+=:,./%-]+")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_GLOB = re.compile(r"[\\*?\[]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_WORD = re.compile(r"[^\s\"'\\$;%\x00-\x1f\x7f]+")
_PROGRAM = re.compile(r"/[^\"'\\$\x00-\x1f\x7f]*")
_C_ESCAPES = {
    "\\": "\\\\",
    '"': '\\"',
    "%": "%%",
    "\a": "\\a",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\v": "\\v",
}


def _inexpressible(directive: str, text: str, rule: str, hint: str = "") -> UsageError:
    shown = text if len(text) <= 80 else text[:77] + "…"  # noqa: PLR2004 (one line of a terminal)
    return UsageError(f"{directive}= cannot hold {shown!r}: {rule}", hint=hint)


def _check_encodable(directive: str, text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        hint = "rename the file, or what else it stands for"
        raise _inexpressible(directive, text, "unit files are UTF-8", hint) from None


def _check_line(directive: str, text: str) -> None:
    _check_encodable(directive, text)
    if _CONTROL.search(text):
        raise _inexpressible(directive, text, "no control character or newline can be written here")
    if text.endswith("\\"):
        raise _inexpressible(directive, text, "a backslash at its end would join the next line to it")


def _expand(parts: Parts, escape: Callable[[str], str]) -> str:
    if isinstance(parts, str):
        return escape(parts)
    written = []
    for part in parts:
        if isinstance(part, Specifier):
            written.append(f"%{part.letter}")
        elif isinstance(part, Variable):
            written.append(f"${part.name}")
        else:
            written.append(escape(part))
    return "".join(written)


def _unquoted(directive: str, parts: Parts) -> str:
    return _checked_path(directive, _expand(parts, lambda part: part.replace("%", "%%")))


def _checked_path(directive: str, text: str) -> str:
    _check_line(directive, text)
    if text != text.strip():
        raise _inexpressible(directive, text, "blanks at its ends would be lost")
    return text


def _quote_if_needed(text: str) -> str:
    return text if _PLAIN.fullmatch(text) else f'"{text}"'


def _escape_word(directive: str, text: str) -> str:
    # The quote after it keeps a backslash at its end from joining the next line.
    _check_line(directive, f'{text}"')
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")


def _word(directive: str, text: str) -> str:
    _check_encodable(directive, text)
    if not _WORD.fullmatch(text):
        raise _inexpressible(directive, text, "a word here has no blanks, quotes or other special characters")
    return text


def _program(directive: str, path: str) -> str:
    # systemd refuses quotes, backslashes and control characters in a program's path; it expands $ in argv[0]
    # but not in the path itself, so that no spelling of $ is right for both.
    _check_encodable(directive, path)
    if not _PROGRAM.fullmatch(path):
        rule = "a program is named by an absolute path without quotes, backslashes, $ and control characters"
        raise _inexpressible(directive, path, rule)
    return _quote_if_needed(path.replace("%", "%%"))


def _escape_assignment(text: str) -> str:
    return "".join(_C_ESCAPES.get(char) or _escape_control(char) for char in text)


def _escape_argument(text: str) -> str:
    return _escape_assignment(text).replace("$", "$$")


def _escape_control(char: str) -> str:
    return f"\\x{ord(char):02x}" if _CONTROL.fullmatch(char) else char


def _quoted(directive: str, parts: Parts, escape: Callable[[str], str]) -> str:
    literal = "".join(
        part for part in ((parts,) if isinstance(parts, str) else parts) if isinstance(part, str)
    )
    _check_encodable(directive, literal)
    if "\0" in literal:
        raise _inexpressible(directive, literal, "NUL cannot be passed to a program")
    text = _expand(parts, escape)
    # A variable alone must stay unquoted to be split, one inside a word must not: ours are whole words.
    return text if _VARIABLE_WORD.fullmatch(text) else _quote_if_needed(text)


_VARIABLE_WORD = re.compile(r"\$[A-Z_]+")
