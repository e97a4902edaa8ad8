"""What the log tells people to type."""

from __future__ import annotations

import pytest

from svcctl.runtime.advice import status_command


@pytest.mark.parametrize(
    ("unit", "environ", "command"),
    [
        ("echo.service", {}, "`svcctl status echo`"),
        ("web@1.service", {}, "`svcctl status web@1`"),
        ("echo", {}, "`svcctl status echo`"),
        ("echo.service", {"MANAGERPID": "17"}, "`svcctl status --user echo`"),
        (None, {}, "`svcctl status` for this application"),
        (None, {"MANAGERPID": "17"}, "`svcctl status --user` for this application"),
    ],
)
def test_the_command_names_the_application_if_it_is_known(
    unit: str | None, environ: dict[str, str], command: str
) -> None:
    """And whose services it is among."""
    assert status_command(unit, environ) == command
