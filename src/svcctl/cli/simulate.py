"""``svcctl simulate``."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Annotated

import typer

from svcctl.cli import arguments, as_json, options

if TYPE_CHECKING:
    from svcctl.operations.simulate import SimulateResult, Step

Sockets = Annotated[
    bool,
    typer.Option(
        "--sockets/--no-sockets",
        help="Hand its listeners over, on free ports of this machine; or let it open its own.",
    ),
]
Reload = Annotated[bool, typer.Option("--reload", help="Have it reload.")]
Restart = Annotated[bool, typer.Option("--restart", help="Restart it.")]
Crash = Annotated[bool, typer.Option("--crash", help="Kill it without warning, and start it again.")]
Stay = Annotated[
    float,
    typer.Option("--stay", metavar="SECONDS", min=0, help="Leave it alone for so long; Ctrl-C ends that."),
]
Watchdog = Annotated[
    float | None,
    typer.Option(
        "--watchdog", metavar="SECONDS", min=0, help="Longest silence; else what it asks for. 0: none."
    ),
]


def simulate(  # noqa: PLR0913 (each is an option of the command)
    context: typer.Context,
    app: options.App,
    *,
    reload: Reload = False,
    restart: Restart = False,
    crash: Crash = False,
    stay: Stay = 0.0,
    watchdog: Watchdog = None,
    sockets: Sockets = True,
    env: options.Env = None,
    env_file: options.EnvFile = None,
    json: options.Json = False,
) -> int:
    """Show what an init system would see of APP. Starts it, and stops it."""
    from svcctl.cli.errors import INTERRUPTED  # noqa: PLC0415 (kept out of --help)
    from svcctl.errors import EX_SOFTWARE  # noqa: PLC0415 (the same)
    from svcctl.operations import simulate as operations  # noqa: PLC0415 (the same)
    from svcctl.operations.request import pair  # noqa: PLC0415 (the same)

    request = operations.SimulateRequest(
        application=app,
        arguments=arguments.given(context),
        environment=options.each(env, pair, "--env", "simulate"),
        environment_files=tuple(env_file or ()),
        sockets=sockets,
        reload=reload,
        restart=restart,
        crash=crash,
        stay=stay,
        watchdog=watchdog,
    )
    result = operations.simulate(request, _hide if json else _show)
    if json:
        as_json.write(result)
    else:
        _judge(result)
    if result.interrupted:
        return INTERRUPTED
    return 0 if result.right else EX_SOFTWARE


def _hide(_step: Step) -> None:
    pass


def _show(step: Step) -> None:
    with contextlib.suppress(BrokenPipeError):  # told again, to whom it concerns, when the result is shown
        typer.echo(f"{step.seconds:8.3f}  {step.text}")


def _judge(result: SimulateResult) -> None:
    several = max((finding.run for finding in result.findings), default=1) > 1
    for finding in result.findings:
        run = f"run {finding.run}: " if several else ""
        typer.echo(f"{'ok' if finding.right else 'wrong'}: {run}{finding.subject}: {finding.message}")
    typer.echo(f"{result.name} {'does' if result.right else 'does not do'} what an init system expects")
