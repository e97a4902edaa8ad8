"""Command lines of Windows, by the cases of Microsoft's own table."""

from __future__ import annotations

import pytest

from svcctl.errors import UsageError
from svcctl.plan.command_line import LONGEST, join, quote
from tests.fakes.windows_arguments import split


@pytest.mark.parametrize(
    ("line", "arguments"),
    [
        (r'x "a b c" d e', ["a b c", "d", "e"]),
        (r'x "ab\"c" "\\" d', ['ab"c', "\\", "d"]),
        (r'x a\\\b d"e f"g h', [r"a\\\b", "de fg", "h"]),
        (r"x a\\\"b c d", [r"a\"b", "c", "d"]),
        (r'x a\\\\"b c" d e', [r"a\\b c", "d", "e"]),
        (r'x a"b"" c d', ['ab" c d']),
        ('"C:\\Program Files\\x" \t ', []),
    ],
)
def test_the_model_of_the_rules_agrees_with_their_description(line: str, arguments: list[str]) -> None:
    """The table of "Parsing C command-line arguments", and a program's name with a blank."""
    assert split(line)[1:] == arguments


def test_only_what_needs_quotes_and_the_program_gets_them() -> None:
    r"""So that a person reads what is run; Windows would try ``C:\Program`` for an unquoted path with a blank."""
    assert (
        join(["C:\\py\\python.exe", "-I", "-X", "utf8", "ä\\b\\"]) == '"C:\\py\\python.exe" -I -X utf8 ä\\b\\'
    )
    assert quote("") == '""'


@pytest.mark.parametrize("arguments", [[], [""], ['a"b'], ["a", "b\0"], ["a", "b" * LONGEST]])
def test_what_windows_cannot_pass_on_is_refused(arguments: list[str]) -> None:
    """No program, a mark in its name, a NUL, or too much."""
    with pytest.raises(UsageError):
        join(arguments)
