"""``svcctl uninstall`` on Windows."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from svcctl.cli import as_json, options
from svcctl.cli.windows import present


def uninstall(
    name: present.Name,
    *,
    purge: Annotated[bool, typer.Option("--purge", help="Remove its folders, too, for good.")] = False,
    dry_run: options.DryRun = False,
    yes: options.Yes = False,
    json: options.Json = False,
) -> int:
    """Stop and remove an installed application. What it wrote stays, unless purged."""
    from svcctl.errors import EX_NOPERM  # noqa: PLC0415 (kept out of --help)
    from svcctl.host.windows.machine import here  # noqa: PLC0415 (the same)
    from svcctl.operations.windows.uninstall import uninstall as operate  # noqa: PLC0415 (the same)

    asked = present.asker("This will be removed", yes=yes)
    result = operate(name, here(), purge=purge, dry_run=dry_run, approve=asked)
    if json:
        as_json.write(result)
    elif dry_run:
        present.show_preview(result.preview, sys.stdout, title=f"{result.preview.name} would be removed")
    elif result.applied:
        present.say(f"{result.preview.name} is removed")
    if not json:
        for path in result.kept:
            present.say(f"stays: {path}")
    for failure in result.failed:
        present.say(f"could not be removed: {failure}")
    if result.failed:
        return EX_NOPERM
    return 0 if dry_run or result.applied else 1
