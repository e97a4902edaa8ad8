"""``svcctl list``, ``status`` and ``logs`` on Windows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from svcctl.cli import as_json, live, options, top
from svcctl.cli.present import diagnostic_lines, plain
from svcctl.cli.windows import present

if TYPE_CHECKING:
    from svcctl.operations.windows.status import WindowsStatusResult

_FAILED = 3  # as on other systems: the service does not run


def list_installed(*, json: options.Json = False) -> int:
    """List the installed applications."""
    from svcctl.errors import EX_CONFIG  # noqa: PLC0415 (kept out of --help)
    from svcctl.host.windows.machine import here  # noqa: PLC0415 (the same)
    from svcctl.operations.windows.list import list_installed as operate  # noqa: PLC0415 (the same)

    listing = operate(here())
    if json:
        as_json.write(listing)
    else:
        for entry in listing.entries:
            boot = "enabled" if entry.enabled else "disabled"
            addresses = ",".join(entry.addresses) or "-"
            typer.echo(f"{entry.name}\t{entry.state}\t{boot}\t{addresses}\t{entry.application}")
    for line in listing.damaged:
        present.say(f"svcctl: {line}")
    return EX_CONFIG if listing.damaged else 0


def status(name: present.Name, *, json: options.Json = False) -> int:
    """Show how an installed application is. Names what should be done about it."""
    from svcctl.errors import EX_CONFIG  # noqa: PLC0415 (kept out of --help)
    from svcctl.host.windows.machine import here  # noqa: PLC0415 (the same)
    from svcctl.operations.windows.status import status as operate  # noqa: PLC0415 (the same)

    result = operate(name, here())
    if json:
        as_json.write(result)
    else:
        for line in _lines(result):
            typer.echo(line)
    if result.failed:
        return _FAILED
    return EX_CONFIG if any(item.severity == "error" for item in result.findings) else 0


def logs(
    name: present.Name,
    *,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what is logged.")] = False,
    lines: Annotated[
        int, typer.Option("--lines", "-n", metavar="LINES", min=0, help="How many of the last lines.")
    ] = 100,
) -> None:
    """Show what an installed application has logged to its file."""
    from svcctl.host.windows.machine import here  # noqa: PLC0415 (kept out of --help)
    from svcctl.operations.windows.logs import logs as operate  # noqa: PLC0415 (the same)

    result = operate(name, here(), count=lines, follow=follow)
    present.say(f"from {result.path}; what its service host says is in the event log, under {result.name}")
    nothing = True
    for line in result.lines:
        nothing = False
        typer.echo(plain(line))
    if nothing and lines:
        present.say(f"{result.name} has logged nothing that you can read")


def show_top(
    name: Annotated[
        str | None,
        typer.Argument(
            ...,
            metavar="NAME",
            help="An installed application; none for all.",
            autocompletion=present.installed_names,
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
    yield from (f"  {line}" for line in diagnostic_lines(result.findings))
