"""What programs write, in the log."""

from __future__ import annotations

import logging

import pytest

from svcctl.application.processes.output import LONGEST, Lines


@pytest.fixture(autouse=True)
def _level(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the lines in the log."""
    return [record.getMessage() for record in caplog.records]


def test_lines_are_put_together_from_what_arrives(caplog: pytest.LogCaptureFixture) -> None:
    """In pieces or many at once; a carriage return at the end is none of the line."""
    lines = Lines("web", "stdout")
    for data in (b"on", b"e\ntwo\r\n\nfo", b"ur\n"):
        lines.feed(data)
    lines.end()
    assert said(caplog) == ["one", "two", "", "four"]
    assert {record.levelno for record in caplog.records} == {logging.INFO}
    assert caplog.records[0].__dict__["svcctl_process"] == "web"
    assert caplog.records[0].__dict__["svcctl_stream"] == "stdout"


def test_a_partial_line_is_logged_at_the_end(caplog: pytest.LogCaptureFixture) -> None:
    """D14: but not an empty one; and only once."""
    lines = Lines("web", "stderr")
    lines.feed(b"one\ntw")
    lines.end()
    lines.end()
    assert said(caplog) == ["one", "tw"]


def test_what_is_not_utf8_is_logged_as_bytes(caplog: pytest.LogCaptureFixture) -> None:
    """Line by line; percent signs are nothing special."""
    lines = Lines("web", "stdout")
    lines.feed(b"caf\xc3\xa9 100 %s\ncaf\xe9\n")
    assert said(caplog) == ["café 100 %s", r"b'caf\xe9'"]


@pytest.mark.parametrize("step", [1000, 10**6])
def test_long_lines_come_in_pieces(caplog: pytest.LogCaptureFixture, step: int) -> None:
    """However they arrive, no character is cut in two, and no more is kept than a piece."""
    text = "x" + "é" * LONGEST + "!"
    lines = Lines("web", "stdout")
    data = text.encode()
    for start in range(0, len(data), step):
        lines.feed(data[start : start + step])
        assert len(lines._rest) <= LONGEST
    lines.feed(b"\nnext\n")
    assert "".join(said(caplog)) == text + "next"
    assert all(len(each.encode()) <= LONGEST for each in said(caplog))


def test_long_lines_of_bytes_come_in_pieces_too(caplog: pytest.LogCaptureFixture) -> None:
    """Where there are no characters, the limit is where they are cut."""
    lines = Lines("web", "stdout")
    lines.feed(b"\x80" * (LONGEST + 5) + b"\n")
    assert [len(each) for each in said(caplog)] == [4 * LONGEST + 3, 4 * 5 + 3]
