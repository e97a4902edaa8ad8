"""``svcctl uninstall``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from svcctl.cli import as_json, options, present

if TYPE_CHECKING:
    from svcctl.operations.uninstall import UninstallResult
    from svcctl.operations.windows.uninstall import WindowsUninstallResult


def uninstall(
    name: options.Application,
    *,
    purge: Annotated[
        bool, typer.Option("--purge", help="Remove state, logs, configuration and drop-ins, too, for good.")
    ] = False,
    user: options.UserScope = False,
    root: options.Root = "",
    dry_run: options.DryRun = False,
    yes: options.Yes = False,
    json: options.Json = False,
) -> int:
    """Stop and remove an installed application, all its instances with it. What it wrote stays, unless purged."""
    from svcctl.operations.uninstall import uninstall as operate  # noqa: PLC0415 (kept out of --help)

    asked = present.asker("This will be removed", yes=yes)
    result = operate(
        name, scope="user" if user else "system", root=root, purge=purge, dry_run=dry_run, approve=asked
    )
    return finish(result, json=json, dry_run=dry_run)


def finish(result: UninstallResult | WindowsUninstallResult, *, json: bool, dry_run: bool) -> int:
    """Tell what a removal came to; return the exit status.

    Args:
        result: That.
        json: Tell it as JSON.
        dry_run: It was only asked what would be done.
    """
    from svcctl.errors import EX_NOPERM  # noqa: PLC0415 (kept out of --help)

    if json:
        as_json.write(result)
    elif dry_run:
        present.show_preview(result.preview, sys.stdout, title=f"{result.preview.name} would be removed")
    elif result.applied:
        present.say(f"{result.preview.name} is removed")
    if not json and (dry_run or result.applied):
        for path in result.kept:
            present.say(f"stays: {path}")
    for failure in result.failed:
        present.say(f"could not be removed: {failure}")
    if result.failed:
        return EX_NOPERM
    return 0 if dry_run or result.applied else 1
