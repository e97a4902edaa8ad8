"""Debian 12 has a Typer that reads no ``Annotated``: what it is given instead."""

from __future__ import annotations

import inspect
from typing import Annotated, Optional

import typer

from svcctl.cli import commands

Sockets = Annotated[bool, typer.Option("--sockets/--no-sockets", "-s", help="Hand them over.")]


def install(
    app: Annotated[str, typer.Argument(..., metavar="APP")],
    *,
    env: Annotated[list[str] | None, typer.Option("--env")] = None,
    sockets: Sockets = True,
    after: int | None = None,
) -> tuple[object, ...]:
    """Install an application."""
    return app, env, sockets, after


def declared() -> dict[str, inspect.Parameter]:
    """Return the parameters as the old Typer finds them."""
    return dict(inspect.signature(commands._with_defaults(install)).parameters)


def test_options_become_default_values_with_their_names_and_their_own_default() -> None:
    """The first name stood where the old Typer expects the default."""
    option = declared()["sockets"].default
    assert (option.param_decls, option.default, option.help) == (
        ("--sockets/--no-sockets", "-s"),
        True,
        "Hand them over.",
    )


def test_an_argument_without_a_default_is_required() -> None:
    """As Typer writes it: an ellipsis."""
    argument = declared()["app"].default
    assert not argument.param_decls
    assert (argument.default, argument.metavar) == (..., "APP")


def test_types_are_without_what_declares_and_in_their_older_form() -> None:
    """Also those of parameters that declare nothing."""
    plain = {"app": str, "env": Optional[list[str]], "sockets": bool, "after": Optional[int]}  # noqa: UP045 (older)
    assert {name: parameter.annotation for name, parameter in declared().items()} == plain
    assert commands._with_defaults(install).__annotations__ == plain


def test_an_option_that_several_commands_share_stays_as_it_was() -> None:
    """Each command gets one of its own."""
    before = vars(inspect.get_annotations(install, eval_str=True)["sockets"].__metadata__[0]).copy()
    declared()
    assert vars(inspect.get_annotations(install, eval_str=True)["sockets"].__metadata__[0]) == before


def test_the_command_does_what_the_function_does() -> None:
    """And has its name and its text, of which the help is made."""
    command = commands._with_defaults(install)
    assert (command("x", env=["a"]), command.__name__) == (("x", ["a"], True, None), "install")
    assert command.__doc__ == "Install an application."
