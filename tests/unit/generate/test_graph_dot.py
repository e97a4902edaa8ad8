"""The tree as source for Graphviz."""

from __future__ import annotations

import re
import shutil
import subprocess
import xml.etree.ElementTree as ET

import pytest

from svcctl.generate.graph.dot import draw_dot
from svcctl.generate.graph.facts import name_of
from svcctl.manifest.model import Manifest
from tests.fakes.trees import manifest_of, node, shop

HOSTILE = ('"];evil [label="', "\\", "\\\\N", 'a\\"', "&lt;b&gt;", "<b>x<br>", "}", "# x", "%25", "日本")


def hostile() -> Manifest:
    """Return a tree whose names could end a string or begin something else."""
    return manifest_of(node("a", *(node(f"a/{name}", after=()) for name in HOSTILE)))


def strings(source: str) -> list[str]:
    """Return the quoted strings of a source, as Graphviz cuts them: a quote ends one unless a backslash precedes."""
    return re.findall(r'"((?:[^"\\]|\\.)*)"', source)


@pytest.mark.parametrize("manifest", [shop(), hostile()], ids=["shop", "hostile"])
def test_nothing_of_a_text_leaves_its_quotes(manifest: Manifest) -> None:
    """What is outside of the strings is ours: words, numbers and signs."""
    source = draw_dot(manifest)
    outside = re.sub(r'"(?:[^"\\]|\\.)*"', '""', source)
    assert re.fullmatch(r'[\w\s"=;,{}\[\]>-]*', outside)
    assert outside.count("{") == outside.count("}")
    nodes = re.findall(r"\bn\d+ \[label", outside)
    assert len(nodes) == sum(not each.children for each in manifest.tree.walk())


def test_backslashes_and_entities_are_shown_as_they_are() -> None:
    r"""Graphviz would else take ``\N`` for the name of the node, and ``&lt;`` for a sign."""
    found = strings(draw_dot(hostile()))
    assert "\\\\\\\\N\\nservice" in found
    assert "&amp;lt;b&amp;gt;\\nservice" in found


def test_an_arrow_between_collections_ends_at_their_borders() -> None:
    """It leads from a service in one to a service in the other, since clusters have no arrows."""
    tree = node("a", node("a/x", node("a/x/y", node("a/x/y/z"))), node("a/v", node("a/v/w")))
    assert "  n3 -> n5 [ltail=cluster_1, lhead=cluster_4];\n" in draw_dot(manifest_of(tree))


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not on this machine")
@pytest.mark.parametrize("manifest", [shop(), hostile()], ids=["shop", "hostile"])
def test_graphviz_shows_every_name(manifest: Manifest) -> None:
    """As the first line of each node and cluster, whatever it is made of."""
    command = [shutil.which("dot") or "", "-Tsvg"]
    image = subprocess.run(command, input=draw_dot(manifest).encode(), capture_output=True, check=True)
    shown = {text.strip() for text in ET.fromstring(image.stdout).itertext()}  # noqa: S314 (our own)
    assert {name_of(each) for each in manifest.tree.walk()} <= shown
