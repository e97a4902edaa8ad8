"""What is joined to a command line of Windows comes out of it again."""

from __future__ import annotations

import subprocess

from hypothesis import example, given
from hypothesis import strategies as st

from svcctl.plan.command_line import join
from tests.fakes.windows_arguments import split

ARGUMENTS = st.text(st.characters(exclude_characters="\0") | st.sampled_from(' "\\\t'), max_size=12)
PROGRAMS = st.text(st.characters(exclude_characters='\0"') | st.sampled_from(" \\"), min_size=1, max_size=12)


@given(PROGRAMS, st.lists(ARGUMENTS, max_size=6))
@example("C:\\Program Files\\Python\\python.exe", ["a\\", 'a\\"', "\\\\", "", " ", '"', "ä ö\\ "])
def test_a_program_gets_the_arguments_it_was_given(program: str, arguments: list[str]) -> None:
    """Blanks, quotation marks and backslashes in any order included."""
    assert split(join([program, *arguments])) == [program, *arguments]


@given(st.lists(ARGUMENTS, max_size=6))
def test_the_model_splits_as_other_joiners_expect(arguments: list[str]) -> None:
    """The standard library quotes by the same rules, in another way."""
    line = subprocess.list2cmdline(["x", *arguments])
    assert split(line) == ["x", *arguments]
