"""What the arguments of services have to be."""

from __future__ import annotations

import pytest

from svcctl.application.arguments import Seconds, check_callable, check_interval
from svcctl.errors import UsageError


class Patient:
    """Has a time."""

    patience = Seconds(5)


def test_seconds_are_numbers_from_zero_up() -> None:
    """Whole or not; each object has its own."""
    first, second = Patient(), Patient()
    first.patience = 0.5
    assert (first.patience, second.patience, Patient.patience) == (0.5, 5, 5)


@pytest.mark.parametrize("value", [-0.1, "3", None, True, float("inf"), float("nan")])
def test_anything_else_is_refused_where_it_is_set(value: object) -> None:
    """The time is what it was."""
    patient = Patient()
    with pytest.raises(UsageError, match="is no patience") as caught:
        patient.patience = value  # type: ignore[assignment]  # the point of the test
    assert caught.value.hint == "give a number of seconds from 0 up"
    assert patient.patience == 5
    with pytest.raises(ValueError, match="is no interval"):
        check_interval(value)


def test_what_can_be_called_is_accepted() -> None:
    """A class, a function, an object with ``__call__``."""
    check_callable(Patient)
    with pytest.raises(UsageError, match="3 cannot be called"):
        check_callable(3)
