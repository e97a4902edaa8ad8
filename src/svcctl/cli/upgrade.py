"""``svcctl upgrade`` and ``svcctl rollback``."""

from __future__ import annotations

import sys

from svcctl.cli import as_json, options, present


def upgrade(
    name: options.Name,
    *,
    user: options.UserScope = False,
    yes: options.Yes = False,
    json: options.Json = False,
) -> int:
    """Have a new process of an installed application take over while the old one serves.

    Its units are made anew first. Where they ask for another sandbox, it is restarted, and told why.
    """
    from svcctl.operations.upgrade import upgrade as operate  # noqa: PLC0415 (kept out of --help)

    asked = present.asker("These units will be changed", yes=yes)
    result = operate(name, scope="user" if user else "system", approve=asked)
    if json:
        as_json.write(result)
    elif result.how == "overlapping":
        present.say(f"{result.name} is upgraded: process {result.pid} has taken over")
    elif result.how == "restart":
        present.say(
            f"{result.name} is restarted, since no process could take over: {'; '.join(result.reasons)}"
        )
    return 1 if result.how == "none" else 0


def rollback(
    name: options.Name,
    *,
    user: options.UserScope = False,
    dry_run: options.DryRun = False,
    yes: options.Yes = False,
    json: options.Json = False,
) -> int:
    """Bring the units back that the last change of them replaced; not the application's code."""
    from svcctl.operations.rollback import rollback as operate  # noqa: PLC0415 (kept out of --help)

    asked = present.asker("This will be brought back", yes=yes)
    result = operate(name, scope="user" if user else "system", dry_run=dry_run, approve=asked)
    if json:
        as_json.write(result)
    elif dry_run:
        present.show_preview(result.preview, sys.stdout, title=f"{result.name} would be as it was")
    elif result.applied:
        present.say(f"the units of {result.name} are as they were before")
        if result.running:
            flag = " --user" if user else ""
            present.say(f"it runs on as it was until: svcctl restart{flag} {name}")
    return 0 if dry_run or result.applied else 1
