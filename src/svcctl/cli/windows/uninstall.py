"""``svcctl uninstall`` on Windows."""

from __future__ import annotations

from typing import Annotated

import typer

from svcctl.cli import options, present
from svcctl.cli.uninstall import finish
from svcctl.cli.windows.options import Name


def uninstall(
    name: Name,
    *,
    purge: Annotated[bool, typer.Option("--purge", help="Remove its folders, too, for good.")] = False,
    dry_run: options.DryRun = False,
    yes: options.Yes = False,
    json: options.Json = False,
) -> int:
    """Stop and remove an installed application. What it wrote stays, unless purged."""
    from svcctl.host.windows.machine import here  # noqa: PLC0415 (kept out of --help)
    from svcctl.operations.windows.uninstall import uninstall as operate  # noqa: PLC0415 (the same)

    asked = present.asker("This will be removed", yes=yes)
    result = operate(name, here(), purge=purge, dry_run=dry_run, approve=asked)
    return finish(result, json=json, dry_run=dry_run)
