from __future__ import annotations

from svcctl.generate.systemd.directives import Text, Words
from svcctl.generate.systemd.unit import Line, Reason, Unit, comment, title, write
from svcctl.generate.text import one_line

LINES = (
    Line("Unit", "Description", Text("x")),
    Line("Unit", "Requires", Words(("a.socket",)), "Both are needed."),
    Line("Unit", "After", Words(("a.socket",)), "Both are needed."),
    Line("Service", "Type", Words(("notify",)), "Both are needed."),
)


def test_a_reason_stands_once_above_the_lines_that_share_it() -> None:
    """A new section says it again."""
    assert write(Unit("a.service", ("Made.",), LINES)).decode() == (
        "# Made.\n\n[Unit]\nDescription=x\n# Both are needed.\nRequires=a.socket\nAfter=a.socket\n"
        "\n[Service]\n# Both are needed.\nType=notify\n"
    )


def test_a_reason_cannot_become_a_directive() -> None:
    """Paths in the tree come from the application and may hold anything."""
    hostile = "a\nExecStart=/bin/false\r[Service]\u2028b\x00c\\"
    assert list(comment([hostile])) == ["# a ExecStart=/bin/false [Service] b c"]


def test_long_reasons_are_wrapped() -> None:
    """Each line of a wrapped reason is a comment."""
    lines = list(comment(["word " * 100]))
    assert len(lines) > 3
    assert all(line.startswith("# word") and len(line) <= 110 for line in lines)


def test_one_line_keeps_what_can_be_printed() -> None:
    """Letters of every script stay."""
    assert one_line(" é\t日\n\udcffx ") == "é 日 x"
    assert title("a\\ \\") == "a"


def test_reasons_name_the_unit_and_show_the_value_as_written() -> None:
    """They are what `check --explain` prints."""
    unit = Unit("a.service", (), (Line("Unit", "Description", Text("50 %"), "Why\nnot."),))
    assert unit.reasons() == (Reason("Description", "50 %%", "Why not.", "a.service"),)
