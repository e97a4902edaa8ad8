"""``svcctl list``, ``status`` and ``logs`` on Windows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from svcctl.cli import list_, live, logs, options, present, status, top
from svcctl.cli.windows.options import Name, installed_names

if TYPE_CHECKING:
    from svcctl.operations.windows.status import WindowsStatusResult


def list_installed(*, json: options.Json = False) -> int:
    """List the installed applications."""
    from svcctl.host.windows.machine import here  # noqa: PLC0415 (kept out of --help)
    from svcctl.operations.windows.list import list_installed as operate  # noqa: PLC0415 (the same)

    return list_.show(operate(here()), json=json)


def show_status(name: Name, *, json: options.Json = False) -> int:
    """Show how an installed application is. Names what should be done about it."""
    from svcctl.host.windows.machine import here  # noqa: PLC0415 (kept out of --help)
    from svcctl.operations.windows.status import status as operate  # noqa: PLC0415 (the same)

    result = operate(name, here())
    return status.show(result, _lines(result), json=json)


def show_logs(name: Name, *, follow: logs.Follow = False, lines: logs.Lines = 100) -> None:
    """Show what an installed application has logged to its file."""
    from svcctl.host.windows.machine import here  # noqa: PLC0415 (kept out of --help)
    from svcctl.operations.windows.logs import logs as operate  # noqa: PLC0415 (the same)

    result = operate(name, here(), count=lines, follow=follow)
    present.say(f"from {result.path}; what its service host says is in the event log, under {result.name}")
    logs.show(result.name, map(present.plain, result.lines), asked=lines)


def show_top(
    name: Annotated[
        str | None,
        typer.Argument(
            ...,
            metavar="NAME",
            help="An installed application; none for all.",
            autocompletion=installed_names,
        ),
    ] = None,
    *,
    interval: top.Interval = 2.0,
    count: top.Count = 0,
) -> None:
    """Show how applications are, one look after the other."""
    from svcctl.host.windows.machine import here  # noqa: PLC0415 (kept out of --help)
    from svcctl.operations.windows.top import WindowsTop  # noqa: PLC0415 (the same)

    top.show(WindowsTop(name, here()), whole=name is not None, interval=interval, count=count)


def _lines(result: WindowsStatusResult) -> Iterator[str]:
    from svcctl.operations.windows.install import START_WORDS  # noqa: PLC0415 (kept out of --help)

    service = result.receipt.service
    yield f"{result.name}: {result.state}, {START_WORDS[result.start]}"
    if result.pid:
        since = f", since {result.since}" if result.since else ""
        yield f"  process: {result.pid}{since}"
    if result.exit_status:
        yield f"  last exit status: {result.exit_status}"
    if result.live is not None:
        yield from (f"  {line}" for line in live.lines(result.live))
    yield f"  listens on: {', '.join(result.addresses) or 'nothing'}"
    yield f"  application: {result.receipt.application}"
    version = f" ({result.receipt.python_version})" if result.receipt.python_version else ""
    yield f"  python: {service.hosted.python}{version}"
    yield f"  account: {service.account}"
    yield f"  log: {service.hosted.log}"
    yield from (f"  {line}" for line in present.diagnostic_lines(result.findings))
