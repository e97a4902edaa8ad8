"""``svcctl install``."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from svcctl.cli import as_json, options, present, requested

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from svcctl.operations.install import InstallResult
    from svcctl.operations.request import InstallRequest
    from svcctl.operations.windows.install import WindowsInstallResult

_DIFFERENT = 1

Enable = Annotated[bool, typer.Option("--enable", help="Start it at boot.")]
Now = Annotated[bool, typer.Option("--now", help="Start it at once.")]
Check = Annotated[
    bool,
    typer.Option("--check", help="Change nothing; status 1 if installing would change anything."),
]


@requested.service_options()
def install(
    *,
    request: InstallRequest,
    enable: Enable = False,
    now: Now = False,
    dry_run: options.DryRun = False,
    check: Check = False,
    yes: options.Yes = False,
    json: options.Json = False,
) -> int:
    """Install APP as a service. Its units are made from what APP is, and hardened."""
    from svcctl.operations.install import install as operate  # noqa: PLC0415 (kept out of --help)

    request = replace(request, enable=enable, now=now)
    asker, dry_run = present.asker("This will be installed", yes=yes), dry_run or check
    result = operate(request, dry_run=dry_run, approve=asker)
    return finish(result, _next(result), json=json, dry_run=dry_run, check=check)


def finish(
    result: InstallResult | WindowsInstallResult,
    following: Iterable[str],
    *,
    json: bool,
    dry_run: bool,
    check: bool,
) -> int:
    """Tell what an installation came to; return the exit status.

    Args:
        result: That.
        following: What can be done next, if it was installed.
        json: Tell it as JSON.
        dry_run: It was only asked what would be done.
        check: The status is to tell whether that is anything.
    """
    if json:
        as_json.write(result)
    else:
        _tell(result, following, dry_run=dry_run)
    if check:
        return _DIFFERENT if result.preview.changes else 0
    return 0 if dry_run or result.applied or not result.preview.changes else 1


def _tell(result: InstallResult | WindowsInstallResult, following: Iterable[str], *, dry_run: bool) -> None:
    name = result.preview.name
    if dry_run:
        present.show_preview(result.preview, sys.stdout, title=f"{name} would be installed")
    elif not result.preview.changes:
        present.say(f"{name} is installed already, just so: nothing to do")
    elif result.applied:
        present.say(f"{name} is installed")
        for line in following:
            present.say(line)


def _next(result: InstallResult) -> Iterator[str]:
    name = result.preview.name
    actions = {action.kind for action in result.preview.plan.actions}
    unit = f"{name}@INSTANCE" if "@." in result.receipt.service else name
    if result.root:
        if "enable" not in actions:
            yield f"let it start at boot with: svcctl enable --root {result.root} {unit}"
    elif result.running and "start" not in actions:
        yield f"it runs on as it was until: svcctl restart{_flag(result)} {unit}"
    elif not result.running:
        yield f"start it with: svcctl start{_flag(result)} {unit}"


def _flag(result: InstallResult) -> str:
    return " --user" if result.receipt.scope == "user" else ""
