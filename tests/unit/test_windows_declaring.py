"""Functions of Windows' libraries raise its errors; those of C's stand in for them here."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from svcctl.windows import declaring


@pytest.fixture(autouse=True)
def windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the errors as Windows does; the last one of the thread is 5."""
    names = SimpleNamespace(get_last_error=lambda: 5, WinError=lambda number: OSError(number, "refused"))
    monkeypatch.setattr(declaring, "windows", names)


def absolute(**settings: Any) -> Callable[..., Any]:  # noqa: ANN401 (of several types)
    """Declare C's abs(), in a library of its own: a library has each function once."""
    return declaring.declare(ctypes.CDLL(None), "abs", ctypes.c_int, ctypes.c_int, **settings)


def test_a_function_that_returns_nothing_has_failed_with_the_last_error() -> None:
    """What it returns else is returned."""
    function = absolute()
    assert function(-3) == 3
    with pytest.raises(OSError, match="refused") as caught:
        function(0)
    assert caught.value.errno == 5


def test_a_function_may_return_the_number_of_its_error() -> None:
    """Then nothing is asked for the last one."""
    function = absolute(failed=bool, error=int)
    assert function(0) == 0
    with pytest.raises(OSError, match="refused") as caught:
        function(-3)
    assert caught.value.errno == 3


def test_a_function_may_have_a_failure_of_its_own_or_none() -> None:
    """Nothing is raised for what is no failure."""
    odd = absolute(failed=lambda result: result == 7)
    never = absolute(failed=None)
    assert (odd(0), never(0)) == (0, 0)
    with pytest.raises(OSError, match="refused"):
        odd(7)
