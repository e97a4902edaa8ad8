"""The exact drawings of an application that has one of everything in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from svcctl.operations.describe import Form, draw
from tests.fakes.trees import shop
from tests.golden.test_units import compare

GOLDEN = Path(__file__).with_name("graphs")


@pytest.mark.parametrize("form", ["text", "dot", "svg"])
def test_the_drawings_are_those_that_were_looked_at(form: Form) -> None:
    """Of the same tree, in each form."""
    compare(GOLDEN / form, {f"shop.{form}": draw(shop(), form)})
