"""A service of Windows as data."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.errors import ProblemsError, UsageError
from svcctl.plan.windows import (
    Hosted,
    Variable,
    WindowsService,
    check_name,
    check_path,
    decode_definition,
    encode_definition,
)
from tests.fakes.windows_arguments import split

HOSTED = Hosted(
    python=r"C:\apps\ä b\Scripts\python.exe",
    arguments=("-P", "-m", "svcctl.runtime", r"C:\apps\ä b\echo.tac"),
    directory=r"C:\apps\ä b",
    environment=(Variable("ECHO", "a b"),),
)
SERVICE = WindowsService(
    name="echo",
    display_name="Echo",
    interpreter=r"C:\Program Files\Python\python.exe",
    host=r"C:\apps\ä b\__main__.py",
    account=r"NT SERVICE\echo",
    hosted=HOSTED,
)


def test_the_service_manager_starts_the_host_with_the_name() -> None:
    """Isolated from variables and packages of other people."""
    assert split(SERVICE.command_line()) == [
        SERVICE.interpreter, "-I", "-X", "utf8", SERVICE.host, "echo",
    ]  # fmt: skip
    assert split(HOSTED.command_line()) == [HOSTED.python, *HOSTED.arguments]
    small = replace(SERVICE, hosted=replace(HOSTED, in_process=True))
    assert split(small.command_line())[0] == HOSTED.python


@given(
    st.lists(st.tuples(st.text(max_size=5), st.text(max_size=5)).map(lambda two: Variable(*two)), max_size=3)
)
def test_a_definition_comes_back_as_it_was(variables: list[Variable]) -> None:
    """As the host reads it in the registry."""
    hosted = Hosted(python="p", arguments=(), directory="d", environment=tuple(variables))
    assert decode_definition(encode_definition(hosted)) == hosted


def test_a_definition_that_is_none_is_refused() -> None:
    """With each thing that is wrong."""
    with pytest.raises(ProblemsError, match="directory") as caught:
        decode_definition('{"python":"p","arguments":[1]}')
    assert len(caught.value.problems) == 2


@pytest.mark.parametrize("name", ["", "a b", "a/b", "a\\b", 'a"b', "-a", ".a", "ä", "a" * 81, "a\n"])
def test_names_that_would_mean_something_else_are_refused(name: str) -> None:
    """In a path of the registry, a command line or an account."""
    with pytest.raises(UsageError, match="service name"):
        check_name(name)
    assert check_name("echo-2.b_c") == "echo-2.b_c"


@pytest.mark.parametrize("path", ["C:\\a b\\ä.tac", "\\\\server\\share\\x", "\\\\server\\share", "d:\\"])
def test_absolute_paths_of_windows_are_taken(path: str) -> None:
    """With a drive, or on a server."""
    assert check_path("application", path) == path


@pytest.mark.parametrize(
    "path",
    [
        "",
        "a",
        "\\a",
        "C:a",
        "/opt/a",
        "C:/a",
        "C:\\a\\..\\b",
        "C:\\a:b",
        'C:\\a"b',
        "C:\\a*",
        "C:\\\0",
        "\\\\server",
    ],
)
def test_other_paths_are_refused(path: str) -> None:
    """Relative ones depend on who starts the service; streams and devices are no files."""
    with pytest.raises(UsageError, match="application"):
        check_path("application", path)
