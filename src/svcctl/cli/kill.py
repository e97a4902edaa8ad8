"""``svcctl kill``."""

from __future__ import annotations

from typing import Annotated

import typer

from svcctl.cli import options, present


def kill(
    what: Annotated[
        str,
        typer.Argument(
            metavar="PIDFILE|NAME",
            help="A pid file (with a suffix or a slash), or an installed application.",
            autocompletion=options.installed_names,
        ),
    ],
    *,
    timeout: Annotated[
        float, typer.Option("--timeout", metavar="SECONDS", min=0, help="How long to wait for its end.")
    ] = 30.0,
    user: options.UserScope = False,
) -> None:
    """Stop an application by its pid file, or an installed one, and wait until it has ended."""
    if "/" not in what and "." not in what.removesuffix(".service"):
        from svcctl.cli.control import stop  # noqa: PLC0415 (only for what is installed)

        stop(what, user=user)
        return
    from svcctl.operations.kill import kill as operate  # noqa: PLC0415 (kept out of --help)

    result = operate(what, limit=timeout)
    present.say(f"process {result.pid} has ended")
