"""Varlink's interface definitions: read, and held against values."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.runtime.control.idl import Kind, parse
from svcctl.runtime.control.interfaces import INTERFACES
from svcctl.runtime.control.methods import METHODS

SHAPES = """# A comment.
interface org.example.shapes
type Colour (red, green)
type Point (x: float, y: float)
type Shape (
  name: string, # what it is called
  colour: ?Colour,
  corners: []Point,
  tags: [string]string,
  inner: ?(deep: []?int, rest: object)
)
method Draw(shape: Shape, fast: bool) -> (count: int)
method Nothing() -> ()
error Broken (why: string)
"""


def test_a_definition_is_read_whole() -> None:
    """Types, methods, errors, and its own text."""
    shapes = parse(SHAPES)
    assert shapes.name == "org.example.shapes"
    assert shapes.description == SHAPES
    assert shapes.types["Colour"] == Kind("enum", values=("red", "green"))
    assert shapes.methods["Nothing"].takes == Kind("struct")
    assert shapes.errors["Broken"].fields == (("why", Kind("string")),)


SQUARE: dict[str, Any] = {"name": "a", "corners": [{"x": 1, "y": 0.5}], "tags": {"k": "v"}}


@pytest.mark.parametrize(
    ("shape", "wrong"),
    [
        (SQUARE, None),
        ({**SQUARE, "colour": None}, None),
        ({**SQUARE, "colour": "red"}, None),
        ({**SQUARE, "colour": "blue"}, "shape.colour"),
        ({**SQUARE, "inner": {"deep": [1, None], "rest": {}}}, None),
        ({**SQUARE, "inner": {"deep": [1, "a"], "rest": {}}}, "shape.inner.deep[1]"),
        ({**SQUARE, "inner": {"deep": [], "rest": []}}, "shape.inner.rest"),
        ({**SQUARE, "name": None}, "shape.name"),
        ({**SQUARE, "corners": [{"x": 1}]}, "shape.corners[0].y"),
        ({**SQUARE, "corners": {"x": 1}}, "shape.corners"),
        ({**SQUARE, "corners": [{"x": True, "y": 1}]}, "shape.corners[0].x"),
        ({**SQUARE, "corners": [{"x": float("inf"), "y": 1}]}, "shape.corners[0].x"),
        ({**SQUARE, "tags": {"k": 1}}, "shape.tags[k]"),
        ({**SQUARE, "tags": []}, "shape.tags"),
        ({**SQUARE, "more": 1}, "shape.more"),
        ({**SQUARE, "": 1}, "shape."),
        ({"name": "a"}, "shape.corners"),
        ([], "shape"),
        (None, "shape"),
    ],
)
def test_the_first_wrong_part_is_named(shape: object, wrong: str | None) -> None:
    """Missing, unknown, or of another type."""
    shapes = parse(SHAPES)
    assert shapes.wrong(shapes.methods["Draw"].takes, {"shape": shape, "fast": True}) == wrong


@pytest.mark.parametrize(
    "text",
    [
        "",
        "interface",
        "interface a.b method",
        "interface a.b method X",
        "interface a.b method X() (",
        "interface a.b method X() -> (",
        "interface a.b type X (a: int, b)",
        "interface a.b type X (a: )",
        "interface a.b thing X ()",
        "interface a.b type X (a int)",
        "interface a.b type X (a: int) !",
    ],
)
def test_what_is_no_definition_is_refused(text: str) -> None:
    """With what was expected."""
    with pytest.raises(ValueError, match=r"unexpected|expected|has no type"):
        parse(text)


def test_every_method_that_is_described_is_there() -> None:
    """And no other."""
    for name, interface in INTERFACES.items():
        described = set(interface.methods) - {"Watch"}  # which is the server's own
        assert set(METHODS[name]) == described
        used = {kind.name for kind in _kinds(interface) if kind.kind == "named"}
        assert used == set(interface.types)


def _kinds(interface: Any) -> list[Kind]:  # noqa: ANN401 (an interface)
    pending = [*interface.types.values(), *interface.errors.values()]
    pending += [kind for method in interface.methods.values() for kind in method]
    found = []
    while pending:
        kind = pending.pop()
        found.append(kind)
        pending += [field for _, field in kind.fields] + ([kind.of] if kind.of else [])
    return found


@given(st.integers())
def test_a_number_has_64_bits(number: int) -> None:
    """As JSON's readers elsewhere have it."""
    interface = parse("interface a.b method X(n: int) -> ()")
    fits = -(2**63) <= number < 2**63
    assert (interface.wrong(interface.methods["X"].takes, {"n": number}) is None) is fits
