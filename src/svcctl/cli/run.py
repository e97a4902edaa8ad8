"""``svcctl run``."""

from __future__ import annotations

from typing import Annotated

import typer

from svcctl.cli import options


def run(
    app: options.App,
    *,
    daemonize: Annotated[
        bool,
        typer.Option("--daemonize", help="Run in the background; return when it serves, or say why not."),
    ] = False,
    log_file: Annotated[
        str | None, typer.Option("--log-file", metavar="FILE", help="Where the daemon logs to.")
    ] = None,
    log_level: Annotated[
        str, typer.Option("--log-level", metavar="LEVEL", help="debug, info, warning, error or critical.")
    ] = "info",
    log_format: Annotated[
        str, typer.Option("--log-format", metavar="FORMAT", help="auto, text, json or journal.")
    ] = "auto",
) -> int:
    """Run APP until it is stopped (Ctrl-C)."""
    from svcctl.errors import UsageError  # noqa: PLC0415 (kept out of --help)
    from svcctl.operations import run as operations  # noqa: PLC0415 (the same)

    if not daemonize:
        if log_file is not None:
            raise UsageError("--log-file is for --daemonize", hint="in the foreground, redirect stderr")
        return operations.run(app, log_level=log_level, log_format=log_format)
    started = operations.run_daemon(app, log_file=log_file, log_level=log_level, log_format=log_format)
    typer.echo(started.pid)
    return 0
