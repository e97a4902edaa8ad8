"""How a service of Windows has ended, in words."""

from __future__ import annotations

from svcctl.operations.windows.ends import last_words


def test_the_last_words_are_the_last_error_of_the_last_start() -> None:
    """Else the last line; what the service host says is no word of the application's."""
    at = "2026-01-01 00:00:00"
    host = f"{at} info    svcctl.host: the application is started"
    earlier = [f"{at} error   x: an earlier one", host]
    error = [f"{at} error   svcctl.runtime.faults: it failed", "Traceback", "RuntimeError: x"]
    end = f"{at} error   svcctl.host: it ended before it was ready"
    assert last_words([*earlier, *error, end]) == "it failed"
    assert last_words([*earlier, "plain", "", end]) == "plain"
    assert last_words([*earlier, end]) == ""
