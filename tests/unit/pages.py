"""The pages of the documentation, taken apart."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted((*DOCS.rglob("*.md"), *ROOT.glob("*.md")))
REFERENCE = DOCS / "reference"
#: Above a block that cannot run here; the reason follows.
NOT_HERE = "<!-- not-here: "


class Block(NamedTuple):
    """A block of code in a page.

    Attributes:
        page: The page.
        line: Where it begins.
        language: What follows the fence.
        text: What is in it.
        here: It can run on a machine that has svcctl alone.
    """

    page: Path
    line: int
    language: str
    text: str
    here: bool

    def __str__(self) -> str:
        """Return where it is, as the name of a test."""
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks(page: Path) -> Iterator[Block]:
    """Yield the blocks of code of a page."""
    text = page.read_text()
    for found in re.finditer(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        before = text[: found.start()]
        here = not before.rstrip().rpartition("\n")[2].startswith(NOT_HERE)
        yield Block(page, before.count("\n") + 1, found[1], found[2], here)


def code(page: Path) -> Iterator[str]:
    """Yield every line of code of a page: those of its blocks, and each piece in a text."""
    for block in blocks(page):
        yield from block.text.splitlines()
    yield from re.findall(r"`([^`\n]+)`", without_blocks(page))


def without_blocks(page: Path) -> str:
    """Return the text of a page without its blocks of code."""
    return re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)


def sections(page: Path, level: int) -> dict[str, str]:
    """Return the text below each heading of a level, by the heading."""
    parts = re.split(rf"^{'#' * level} (.+)$", page.read_text(), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def rows(text: str) -> list[list[str]]:
    """Return the cells of the tables in a text, without the heads."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    heads = {place for place, line in enumerate(lines) if set(line) <= set("|-")}
    kept = [line for place, line in enumerate(lines) if not {place, place + 1} & heads]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in kept]
