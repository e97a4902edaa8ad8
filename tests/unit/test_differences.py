"""Each difference from the framework is held by a test that exists."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/reference/differences.md"
HEAD = ["there", "here", "test"]

LINES = [line for line in PAGE.read_text().splitlines() if line.startswith("|")]
TABLE = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in LINES]
ROWS = [row for row in TABLE if row != HEAD and set("".join(row)) != {"-"}]


def functions(file: Path) -> set[str]:
    """Return the names of the functions in a file, without running it."""
    return {
        node.name
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def test_every_table_has_the_three_columns() -> None:
    """What was there, what is here, and the test of it."""
    heads = [row for place, row in enumerate(TABLE[:-1]) if set("".join(TABLE[place + 1])) == {"-"}]
    assert heads
    assert all(head == HEAD for head in heads)
    assert len(ROWS) > 40


@pytest.mark.parametrize("row", ROWS, ids=lambda row: re.sub(r"\W+", "-", row[0])[:60])
def test_a_difference_is_held_by_a_test_that_exists(row: list[str]) -> None:
    """The third column names one or more, each with its file."""
    assert len(row) == len(HEAD)
    named = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", row[2])
    assert named
    assert [f"{file}::{name}" for file, name in named if name not in functions(ROOT / file)] == []


def test_no_difference_stands_there_twice() -> None:
    """By what was there."""
    assert len({row[0] for row in ROWS}) == len(ROWS)
