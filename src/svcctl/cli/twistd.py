"""``svcctl twistd``: the command lines of the framework's own program."""

from __future__ import annotations

from typing import Annotated

import typer


def twistd(
    arguments: Annotated[
        list[str] | None,
        typer.Argument(..., metavar="[OPTION]... [PLUG-IN [ARGUMENT]...]", help="As twistd has them."),
    ] = None,
) -> int:
    """Run an application by a command line that was written for twistd."""
    from svcctl.operations import run as operations  # noqa: PLC0415 (kept out of --help)
    from svcctl.operations import twistd as lines  # noqa: PLC0415 (the same)

    line = lines.parse(arguments or [])
    if line.show == "help":
        typer.echo(lines.HELP, nl=False)
    elif line.show == "version":
        typer.echo(lines.version())
    elif line.show == "reactors":
        typer.echo("\n".join(operations.reactors()))
    elif line.daemonize:
        operations.run_daemon(line.application, line.how)
    else:
        return operations.run(line.application, line.how)
    return 0
