"""Options whose values have a type."""

# ruff: noqa: RUF012 (declared as users of the framework do it)

from __future__ import annotations

from typing import Any

import pytest

from svcctl.application.usage import Options, UsageError, portCoerce


@pytest.mark.parametrize("value", ["0", "65535"])
def test_ports_are_numbers_of_16_bits(value: str) -> None:
    """Both ends are in."""
    assert portCoerce(value) == int(value)


@pytest.mark.parametrize("value", ["-1", "65536", "", "1.5", "٣", " 80", "0x50"])
def test_what_is_no_port_is_refused(value: str) -> None:
    """No forms but digits."""
    with pytest.raises(ValueError, match="no port"):
        portCoerce(value)


def test_any_error_of_a_coercion_names_the_option() -> None:
    """One of svcctl keeps its hint; others are told with their type."""

    def picky(text: str) -> Any:  # noqa: ANN401 (nothing, ever)
        raise KeyError(text)

    def ours(_text: str) -> Any:  # noqa: ANN401 (the same)
        raise UsageError("not that one", hint="another")

    class Own(Options):
        optParameters = [["a", None, None, "", picky], ["b", None, None, "", ours]]

    with pytest.raises(UsageError, match=r"^--a: 'x' cannot be used: KeyError: 'x'$"):
        Own().parseOptions(["--a=x"])
    with pytest.raises(UsageError, match=r"^--b: not that one$") as caught:
        Own().parseOptions(["--b=x"])
    assert caught.value.hint == "another"
