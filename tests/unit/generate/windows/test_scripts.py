"""The scripts for Windows are PowerShell, by a grammar of other people's: nothing here can run them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import tree_sitter_powershell
from hypothesis import given
from hypothesis import strategies as st
from tree_sitter import Language, Node, Parser

from svcctl.generate.windows.powershell import array
from svcctl.generate.windows.render import render
from tests.unit.generate.windows.cases import CASES, Case

PARSER = Parser(Language(tree_sitter_powershell.language()))


def problems(text: str) -> list[str]:
    """Return what the grammar has no place for."""

    def wrong(node: Node) -> Iterator[str]:
        if node.is_error or node.is_missing:
            yield f"line {node.start_point.row + 1}: {node.type} {(node.text or b'').decode()[:60]!r}"
        for child in node.children:
            yield from wrong(child)

    return list(wrong(PARSER.parse(text.encode()).root_node))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_scripts_parse(case: Case) -> None:
    """With whatever names and texts are in them."""
    scripts = {
        file.path: file.content.decode("utf-8-sig")
        for file in render(case.manifest, case.options).files
        if file.path.endswith(".ps1")
    }
    assert set(scripts) == {"/install.ps1", "/uninstall.ps1"}
    assert {path: problems(text) for path, text in scripts.items() if problems(text)} == {}


def test_what_is_wrong_is_seen() -> None:
    """A text that does not end, a block that does not."""
    assert problems("$x = 'a")
    assert problems("if ($x) { 'a'\n")


@given(st.lists(st.text("a'\u2018\u2019\u201b$`\"(){};#\\\n ä", max_size=8), max_size=4))
def test_texts_stay_texts(texts: list[str]) -> None:
    """Whatever marks and signs are in them."""
    assert problems(f"$x = {array(texts)}\n") == []
