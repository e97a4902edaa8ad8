"""``svcctl kill``."""

from __future__ import annotations

from typing import Annotated

import typer

from svcctl.cli import options, present


def kill(
    pidfile: Annotated[
        str, typer.Argument(..., metavar="PIDFILE", help="A pid file that svcctl run has written.")
    ],
    *,
    timeout: options.StopTimeout = None,
) -> None:
    """Stop an application by its pid file, and wait until it has ended."""
    stop_by_file(pidfile, timeout)


def stop_by_file(path: str, timeout: float | None) -> None:
    """Stop the process of a pid file, and say which one it was."""
    from svcctl.operations.kill import LIMIT  # noqa: PLC0415 (kept out of --help)
    from svcctl.operations.kill import kill as operate  # noqa: PLC0415 (the same)

    result = operate(path, limit=LIMIT if timeout is None else timeout)
    present.say(f"process {result.pid} has ended")
