"""The options of a service, which several commands take as one request."""

from __future__ import annotations

import inspect
from typing import Annotated, Any

import pytest
import typer

from svcctl.cli.arguments import PluginCommand
from svcctl.cli.commands import Commands
from svcctl.cli.requested import service_options
from svcctl.errors import UsageError
from svcctl.operations.request import InstallRequest

First = Annotated[bool, typer.Option("--first", help="Comes first.")]
Last = Annotated[bool, typer.Option("--last", help="Comes last.")]


@service_options("user", "root", "systemd")
def ask(*, first: First = False, request: InstallRequest, last: Last = False) -> tuple[Any, ...]:
    """Ask for a service."""
    return first, request, last


def asked(*words: str) -> Any:  # noqa: ANN401 (what the command returns)
    """Return what the command makes of a command line."""
    app = Commands()
    app.command("ask", cls=PluginCommand)(ask)
    return app(args=list(words), standalone_mode=False)


def test_a_command_gets_one_request_of_all_the_options() -> None:
    """And its own ones beside it."""
    words = ("echo.tac", "--last", "--name", "shop", "--env", "A=1", "--env", "B=2", "--no-sockets")
    request = InstallRequest(
        application="echo.tac", name="shop", environment=(("A", "1"), ("B", "2")), sockets=False
    )
    assert asked(*words) == (False, request, True)


def test_the_options_stand_where_the_request_stands() -> None:
    """In the help, too; those that were left out are not there."""
    names = list(inspect.signature(ask).parameters)
    assert (names[0], names[1:4], names[-1]) == ("first", ["context", "app", "name"], "last")
    assert not {"request", "user", "root", "systemd"} & set(names)


def test_a_value_of_another_form_is_told_with_the_option() -> None:
    """The hint names the command."""
    with pytest.raises(UsageError, match="--listen: 'x' is not NAME=VALUE") as caught:
        asked("echo.tac", "--listen", "x")
    assert "--help shows the form" in caught.value.hint
