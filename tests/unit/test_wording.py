"""Words for numbers."""

from __future__ import annotations

import pytest

from svcctl.application.events import RestartLimitReached
from svcctl.errors import RestartLimitError
from svcctl.wording import counted


@pytest.mark.parametrize(("number", "words"), [(0, "0 errors"), (1, "1 error"), (2, "2 errors")])
def test_a_noun_has_the_form_of_its_number(number: int, words: str) -> None:
    """Zero goes with the plural, as in English."""
    assert counted(number, "error") == words


def test_a_plural_of_its_own_can_be_given_with_the_verb_that_follows() -> None:
    """It is not made by an s at the end."""
    assert [counted(number, "byte is", "bytes are") for number in (1, 2)] == ["1 byte is", "2 bytes are"]


@pytest.mark.parametrize(("number", "words"), [(0, "0 times"), (1, "once"), (2, "2 times")])
def test_one_time_is_once(number: int, words: str) -> None:
    """As people say it."""
    assert counted(number, "time") == words


def test_a_limit_of_one_restart_is_told_in_the_singular() -> None:
    """In the error and in the event."""
    said = "more than 1 restart within 60 s: ValueError: no"
    error = ValueError("no")
    assert str(RestartLimitError(1, 60.0, error)) == said
    assert str(RestartLimitReached("shop", 1, 60.0, error)) == f"shop gives up, {said}"
