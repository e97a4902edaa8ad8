"""``svcctl list``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from svcctl.cli import as_json, options, present

if TYPE_CHECKING:
    from svcctl.operations.list import Listing


def list_installed(
    *, user: options.UserScope = False, root: options.Root = "", json: options.Json = False
) -> int:
    """List the installed applications."""
    from svcctl.operations.list import list_installed as operate  # noqa: PLC0415 (kept out of --help)

    return show(operate(scope="user" if user else "system", root=root), json=json)


def show(listing: Listing, *, json: bool) -> int:
    """Write a line for each application, or all as JSON; return the exit status."""
    import typer  # noqa: PLC0415 (its writer, not its parser)

    from svcctl.errors import EX_CONFIG  # noqa: PLC0415 (kept out of --help)

    if json:
        as_json.write(listing)
    else:
        for entry in listing.entries:
            boot = "enabled" if entry.enabled else "disabled"
            addresses = ",".join(entry.addresses) or "-"
            typer.echo(f"{entry.name}\t{entry.state}\t{boot}\t{addresses}\t{entry.application}")
    for line in listing.damaged:
        present.say(f"svcctl: {line}")
    if listing.damaged:
        present.say("hint: svcctl status NAME says what to do about it")
    return EX_CONFIG if listing.damaged else 0
