"""Which paths of a site can be those of files, by the rules of each system."""

from __future__ import annotations

import pytest

from svcctl.plugins.files import is_shown


@pytest.mark.parametrize("windows", [False, True])
@pytest.mark.parametrize("path", [".", "index.html", "a/b c/ä.txt", ".well-known/x", "console/comet/lpt10"])
def test_files_are_shown(path: str, windows: bool) -> None:  # noqa: FBT001 (a parameter of the test)
    """Whatever the system."""
    assert is_shown(path, windows=windows)


@pytest.mark.parametrize("windows", [False, True])
@pytest.mark.parametrize("path", [".git", "a/.git/config", ".htpasswd"])
def test_what_begins_with_a_dot_is_not_shown(path: str, windows: bool) -> None:  # noqa: FBT001 (the same)
    """Whatever the system."""
    assert not is_shown(path, windows=windows)


@pytest.mark.parametrize(
    "path",
    [
        "a\\.git\\config",
        "GIT~1\\config",
        "CON",
        "a\\nul.txt",
        "lpt1 .x",
        "COM\u00b9",
        "index.html::$DATA",
        "index.html.",
        "index.html ",
        "C:\\windows\\win.ini",
        "\\\\machine\\share\\x",
        "\\\\.\\pipe\\x",
    ],
)
def test_names_that_mean_something_else_on_windows_are_not_shown(path: str) -> None:
    """Elsewhere they are names like others."""
    assert not is_shown(path, windows=True)
    assert is_shown(path, windows=False)
