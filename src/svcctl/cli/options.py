"""The options that several commands share, and what their texts mean."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, TypeVar

import typer

T = TypeVar("T")


def installed_names(incomplete: str) -> list[str]:
    """Return the names of installed applications, for completion in the shell; none if anything goes wrong."""
    from svcctl.errors import SvcctlError  # noqa: PLC0415 (only completion needs it)
    from svcctl.host import machine, receipts  # noqa: PLC0415 (the same)

    try:
        found = receipts.read_all(machine.find("system"))
    except (SvcctlError, OSError):
        return []
    return [receipt.name for receipt in found.receipts if receipt.name.startswith(incomplete)]


def not_empty(context: typer.Context, parameter: typer.CallbackParam, value: str | None) -> str | None:
    """Return the value of an option, unless it was given an empty one: a variable of a script that is not set.

    Raises:
        UsageError: It was.
    """
    from svcctl.errors import UsageError  # noqa: PLC0415 (kept out of --help)

    source = context.get_parameter_source(parameter.name or "")
    if value == "" and source is not None and source.name != "DEFAULT":
        raise UsageError(f"--{parameter.name} is empty", hint="give it a value or leave it out")
    return value


App = Annotated[
    str,
    typer.Argument(
        ...,
        metavar="APP",
        help="A .tac file, a saved one, module:attribute, or a plug-in; what follows that are its own options.",
    ),
]
Name = Annotated[
    str,
    typer.Argument(
        ...,
        metavar="NAME",
        help="An installed application, or NAME@INSTANCE.",
        autocompletion=installed_names,
    ),
]
Application = Annotated[
    str, typer.Argument(..., metavar="NAME", help="An installed application.", autocompletion=installed_names)
]
StopTimeout = Annotated[
    float | None,
    typer.Option(
        "--timeout",
        metavar="SECONDS",
        min=0,
        help="How long to wait for the end of a pid file's process; else 30.",
    ),
]
UserScope = Annotated[bool, typer.Option("--user", help="Your own services, not those of the machine.")]
Root = Annotated[
    str,
    typer.Option(
        "--root", metavar="DIR", callback=not_empty, help="Work on the system whose tree is in DIR."
    ),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
DryRun = Annotated[bool, typer.Option("--dry-run", "-n", help="Show what would be done and do nothing.")]
Json = Annotated[bool, typer.Option("--json", help="Write the result as JSON.")]
UnitName = Annotated[
    str | None, typer.Option("--name", metavar="NAME", help="Name of the service; else the stem of the file.")
]
Python = Annotated[
    str | None,
    typer.Option(
        "--python",
        metavar="PATH",
        callback=not_empty,
        help="The interpreter that runs it; else the one of svcctl.",
    ),
]
SystemdVersion = Annotated[
    int | None,
    typer.Option(
        "--systemd", metavar="VERSION", min=1, help="Oldest systemd to support; else that of the machine."
    ),
]
Sockets = Annotated[
    bool, typer.Option("--sockets/--no-sockets", help="Let systemd open the listeners and hand them over.")
]
Env = Annotated[
    list[str] | None,
    typer.Option("--env", metavar="NAME=VALUE", help="A variable for the service; repeatable."),
]
EnvFile = Annotated[
    list[str] | None,
    typer.Option(
        "--env-file",
        metavar="FILE",
        help="Variables, read after /etc/default/NAME; -FILE may be missing; repeatable.",
    ),
]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="SECTION.DIRECTIVE=VALUE", help="A directive by hand, such as Service.MemoryMax=1G."
    ),
]
After = Annotated[
    list[str] | None, typer.Option("--after", metavar="UNIT", help="Start after UNIT; repeatable.")
]
Requires = Annotated[
    list[str] | None,
    typer.Option("--requires", metavar="UNIT", help="Start after UNIT and only with it; repeatable."),
]
Passphrase = Annotated[
    str | None,
    typer.Option(
        "--passphrase",
        metavar="SOURCE",
        help="Of a saved APP: file:PATH, which a service needs; prompt, env:NAME or credential:NAME.",
    ),
]
Instances = Annotated[
    bool, typer.Option("--instances", help="Make templates: NAME@INSTANCE, each with its own state and port.")
]
Listen = Annotated[
    list[str] | None,
    typer.Option(
        "--listen", metavar="NAME=ADDRESS", help="Another address for the listener of that descriptor name."
    ),
]


def each(texts: list[str] | None, parse: Callable[[str], T], option: str, command: str) -> tuple[T, ...]:
    """Return the values of a repeatable option of a command.

    Raises:
        UsageError: One of them does not parse.
    """
    from svcctl.errors import UsageError  # noqa: PLC0415 (kept out of --help)

    try:
        return tuple(parse(text) for text in texts or ())
    except ValueError as error:
        raise UsageError(f"{option}: {error}", hint=f"svcctl {command} --help shows the form") from error
