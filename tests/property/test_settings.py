"""Whatever stands in a variable, a setting has a value of its type, or there is one problem with its name."""

from __future__ import annotations

import enum
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.application.configuring.kinds import kind_of, shown
from svcctl.application.describing import asked
from svcctl.application.settings import Duration, Settings, SettingsError, Size
from svcctl.generate.systemd.defaults import defaults
from svcctl.host.environment import parse
from svcctl.manifest.model import Needs, Setting
from tests.verify.cases import OPTIONS, make_manifest

TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)


class Level(enum.Enum):
    """Two members."""

    LOW = 1
    HIGH = 2


class Shop(Settings):
    """One field of each type; the first two take any text."""

    text: str
    path: Path
    whole: int
    number: float
    truth: bool
    word: Literal["a", "b"]
    level: Level
    time: Duration
    size: Size
    several: list[int]


@pytest.fixture(autouse=True, scope="module")
def _forget() -> Iterator[None]:
    yield
    asked.variables.clear()


def _told() -> set[str]:
    """Return the variables that are told of as wrong."""
    try:
        Shop()
    except SettingsError as error:
        return {each.where for each in error.problems}
    return set()


@given(TEXTS)
def test_any_text_is_a_value_or_a_problem_of_its_variable(text: str) -> None:
    """No other error comes out of any type."""
    variables = [name.upper() for name in Shop.__annotations__]
    with patch.dict(os.environ, dict.fromkeys(variables, text)):
        found = _told()
    assert found <= set(variables[2:])


@pytest.mark.parametrize(
    ("hint", "values"),
    [
        (int, st.integers(-(10**30), 10**30)),
        (float, NUMBERS),
        (bool, st.booleans()),
        (Level, st.sampled_from(Level)),
        (Size, st.integers(0, 2**50)),
        (list[int], st.lists(st.integers())),
        (tuple[float, ...], st.lists(NUMBERS).map(tuple)),
    ],
    ids=str,
)
def test_a_default_is_written_as_it_would_be_read(hint: Any, values: st.SearchStrategy[Any]) -> None:  # noqa: ANN401 (an annotation)
    """What the file for settings shows can be taken as it is."""
    kind = kind_of(hint, "Shop.field")

    @given(values)
    def holds(value: object) -> None:
        assert kind.read(shown(kind, value)) == value

    holds()


@given(TEXTS, TEXTS)
def test_no_form_and_no_default_takes_effect_in_the_file_for_settings(expects: str, default: str) -> None:
    """All of it is comment; a default in one line is what systemd would read."""
    settings = (Setting(name="X", expects=expects, default=default),)
    text = defaults(make_manifest(needs=Needs(settings=settings)), OPTIONS).decode()
    assert parse(text) == {}
    if default == " ".join(default.split()) and default.isprintable():
        assert parse(text.replace("\n#X=", "\nX="))["X"] == default
