"""``svcctl tap2deb``: the command lines of the framework's own program."""

from __future__ import annotations

from typing import Annotated

import typer

from svcctl.cli import deb


def tap2deb(
    arguments: Annotated[
        list[str] | None, typer.Argument(..., metavar="[OPTION]...", help="As tap2deb has them.")
    ] = None,
) -> int:
    """Make a Debian package by a command line that was written for tap2deb."""
    from svcctl.operations import tap2deb as lines  # noqa: PLC0415 (kept out of --help)

    request = lines.parse(arguments or [])
    if request is None:
        typer.echo(lines.HELP, nl=False)
        return 0
    return deb.finish(request)
