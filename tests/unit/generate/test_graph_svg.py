"""The tree as an image."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from svcctl.generate.graph.svg import draw_svg
from svcctl.manifest.model import Manifest
from tests.fakes.trees import manifest_of, node, shop

SVG = "{http://www.w3.org/2000/svg}"


def parsed(manifest: Manifest) -> ET.Element:
    """Return the elements of the image."""
    return ET.fromstring(draw_svg(manifest))  # noqa: S314 (our own text)


def titles(manifest: Manifest, element: str) -> list[str]:
    """Return the titles of all elements of a kind."""
    found = [each.findtext(f"{SVG}title") for each in parsed(manifest).iter(f"{SVG}{element}")]
    return [title for title in found if title is not None]


def test_every_service_has_a_box_with_its_path() -> None:
    """As its title, whatever the path is made of."""
    assert sorted(titles(shop(), "g")) == sorted(each.path for each in shop().tree.walk())


def test_every_order_that_somebody_states_has_an_arrow_with_its_reason() -> None:
    """Dashed, if it is stated further below."""
    assert "shop/mail after shop/metrics" in titles(shop(), "path")
    assert "shop/web/api after shop/storage/db" in titles(shop(), "path")
    dashed = [each for each in parsed(shop()).iter(f"{SVG}path") if each.get("class") == "derived"]
    assert [each.findtext(f"{SVG}title") for each in dashed] == ["shop/web/api after shop/storage/db"]


def test_text_that_is_cut_is_whole_in_the_title() -> None:
    """Below the path."""
    name = "x" * 100
    manifest = manifest_of(node("a", node(f"a/{name}", connections=(f"tcp:{'h' * 60}:1",))))
    assert f"a/{name}\n{name}\nservice\nconnects to tcp:{'h' * 60}:1" in titles(manifest, "g")
    shown = [each.text or "" for each in parsed(manifest).iter(f"{SVG}text")]
    assert f"{'x' * 55}…" in shown
    assert max(map(len, shown)) == 56


def test_what_xml_cannot_hold_is_replaced() -> None:
    """The image can be read, and nothing of a name is taken for markup."""
    manifest = manifest_of(node("a", node("a/\ufffe\x00]]><script>&amp;'\"")))
    assert "a/��]]><script>&amp;'\"" in titles(manifest, "g")
    assert not list(parsed(manifest).iter(f"{SVG}script"))


def test_the_image_needs_nothing_from_elsewhere() -> None:
    """No link, no image, no script, no import; the one address is the name of the language."""
    source = draw_svg(shop())
    assert source.count("http") == 1
    assert not any(word in source for word in ("href", "@import", "<image", "<script", "<!"))


def test_one_tree_has_one_image() -> None:
    """Byte for byte."""
    assert draw_svg(shop()) == draw_svg(shop())
