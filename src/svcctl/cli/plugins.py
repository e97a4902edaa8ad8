"""``svcctl plugins``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from svcctl.cli import as_json, options, present

if TYPE_CHECKING:
    from svcctl.operations.plugins import PluginDetails


def plugins(
    name: Annotated[
        str | None, typer.Argument(..., metavar="NAME", help="Show the options of this one.")
    ] = None,
    *,
    long: Annotated[bool, typer.Option("--long", "-l", help="Show the options of each.")] = False,
    json: options.Json = False,
) -> int:
    """List the plug-ins, or show the options of one."""
    from svcctl.errors import EX_CONFIG  # noqa: PLC0415 (kept out of --help)
    from svcctl.operations import plugins as operations  # noqa: PLC0415 (the same)

    if name is not None:
        details = operations.show_plugin(name)
        if json:
            as_json.write(details)
        else:
            _show(details)
        return 0
    listing = operations.list_plugins()
    if json:
        as_json.write(listing)
    elif long:
        for place, details in enumerate(listing.details):
            typer.echo("\n" if place else "", nl=False)
            _show(details)
    else:
        for entry in listing.plugins:
            typer.echo(f"{entry.name}\t{entry.distribution}\t{entry.description}")
    for broken in listing.broken:
        present.say(f"svcctl: {broken.name} of {broken.distribution} cannot be used: {broken.reason}")
    return EX_CONFIG if listing.broken else 0


def _show(details: PluginDetails) -> None:
    about = details.plugin
    typer.echo(f"{about.name} ({about.distribution}): {about.description}")
    typer.echo(details.usage, nl=False)
