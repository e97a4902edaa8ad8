"""The runner's command line."""

from __future__ import annotations

import pytest

from svcctl.errors import UsageError
from svcctl.runtime.__main__ import main, parse


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["a.tac"], ("a.tac", {})),
        (["--inherit", "echo", "--", "-odd.tac"], ("-odd.tac", {"inherit": "echo"})),
        (
            ["--log-level=debug", "a.tac", "--log-format", "json"],
            ("a.tac", {"log_level": "debug", "log_format": "json"}),
        ),
        (["--inherit=a=b", "m:x"], ("m:x", {"inherit": "a=b"})),
    ],
)
def test_options_are_read_in_both_forms(arguments: list[str], expected: tuple[str, dict[str, str]]) -> None:
    """Before and after the application."""
    assert parse(arguments) == expected


@pytest.mark.parametrize(
    "arguments", [[], ["a", "b"], ["--wrong", "a"], ["-x", "a"], ["a", "--inherit"], ["a", "--log-level="]]
)
def test_wrong_arguments_are_refused(arguments: list[str]) -> None:
    """Each with a message."""
    with pytest.raises(UsageError):
        parse(arguments)


@pytest.mark.parametrize("arguments", [["--wrong"], ["--log-level", "loud", "a.tac"], []])
def test_a_usage_error_is_two_lines_and_status_64(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """On stderr, without a traceback."""
    assert main(arguments) == 64
    captured = capsys.readouterr()
    assert captured.out == ""
    first, second = captured.err.splitlines()
    assert first.startswith("svcctl: ")
    assert second.startswith("hint: ")


def test_help_goes_to_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    """It is what was asked for."""
    assert main(["--help"]) == 0
    assert capsys.readouterr().out.startswith("usage: ")
