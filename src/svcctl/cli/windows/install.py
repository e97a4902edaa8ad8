"""``svcctl install`` on Windows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from svcctl.cli import generate, options, present, requested
from svcctl.cli.install import Check, Now, finish

if TYPE_CHECKING:
    from collections.abc import Iterator

    from svcctl.operations.request import InstallRequest
    from svcctl.operations.windows.install import WindowsInstallResult

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
    return finish(result, _next(result), json=json, dry_run=dry_run, check=check)


def _next(result: WindowsInstallResult) -> Iterator[str]:
    name = result.preview.name
    if not result.running:
        yield f"start it with: svcctl start {name}"
    elif not result.started:
        yield f"it runs on as it was until: svcctl restart {name}"
