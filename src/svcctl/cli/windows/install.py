"""``svcctl install`` on Windows."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from svcctl.cli import as_json, generate, options, requested
from svcctl.cli.install import Check, Now
from svcctl.cli.windows import present

if TYPE_CHECKING:
    from svcctl.operations.request import InstallRequest
    from svcctl.operations.windows.install import WindowsInstallResult

_DIFFERENT = 1

Enable = Annotated[bool, typer.Option("--enable", help="Start it with Windows.")]
Delayed = Annotated[bool, typer.Option("--delayed", help="With --enable: two minutes after Windows.")]
Data = Annotated[
    str,
    typer.Option(
        "--data",
        metavar="PATH",
        callback=options.not_empty,
        help="Folder for what it keeps; else C:\\ProgramData\\NAME.",
    ),
]


@requested.service_options(*generate.ELSEWHERE)
def install(  # noqa: PLR0913 (each is an option of the command)
    *,
    request: InstallRequest,
    account: generate.Account = "",
    depends: generate.Depends = None,
    data: Data = "",
    set_: generate.Set = None,
    small: generate.Small = False,
    enable: Enable = False,
    delayed: Delayed = False,
    now: Now = False,
    dry_run: options.DryRun = False,
    check: Check = False,
    yes: options.Yes = False,
    json: options.Json = False,
) -> int:
    """Install APP as a service of Windows, made from what APP is."""
    from svcctl.host.windows.machine import here  # noqa: PLC0415 (kept out of --help)
    from svcctl.operations.windows.install import install as operate  # noqa: PLC0415 (the same)
    from svcctl.operations.windows.request import WindowsRequest  # noqa: PLC0415 (the same)

    wanted = WindowsRequest(
        application=request.application,
        arguments=request.arguments,
        name=request.name,
        python=request.python,
        environment=request.environment,
        account=account,
        depends=tuple(depends or ()),
        data=data,
        settings=options.each(set_, generate.number, "--set", "install"),
        small=small,
        enable=enable,
        delayed=delayed,
        now=now,
    )
    dry_run = dry_run or check
    asker = present.asker("This will be installed", yes=yes)
    result = operate(wanted, here(), dry_run=dry_run, approve=asker)
    if json:
        as_json.write(result)
    else:
        _tell(result, dry_run=dry_run)
    if check:
        return _DIFFERENT if result.preview.changes else 0
    return 0 if dry_run or result.applied or not result.preview.changes else 1


def _tell(result: WindowsInstallResult, *, dry_run: bool) -> None:
    name = result.preview.name
    if dry_run:
        present.show_preview(result.preview, sys.stdout, title=f"{name} would be installed")
    elif not result.preview.changes:
        present.say(f"{name} is installed already, just so: nothing to do")
    elif result.applied:
        present.say(f"{name} is installed")
        if not result.running:
            present.say(f"start it with: svcctl start {name}")
        elif not result.started:
            present.say(f"it runs on as it was until: svcctl restart {name}")
