"""``svcctl status``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from svcctl.cli import as_json, live, options, present
from svcctl.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from svcctl.operations.status import StatusResult, UnitState
    from svcctl.operations.windows.status import WindowsStatusResult

_FAILED = 3  # as systemctl status and the LSB have it: the service does not run


def status(
    name: options.Name,
    *,
    user: options.UserScope = False,
    root: options.Root = "",
    json: options.Json = False,
) -> int:
    """Show how an installed application is. Names what should be done about it."""
    from svcctl.operations.status import status as operate  # noqa: PLC0415 (kept out of --help)

    result = operate(name, scope="user" if user else "system", root=root)
    return show(result, _lines(result), json=json)


def show(result: StatusResult | WindowsStatusResult, lines: Iterable[str], *, json: bool) -> int:
    """Write how an application is, in these lines or as JSON; return the exit status."""
    from svcctl.errors import EX_CONFIG  # noqa: PLC0415 (kept out of --help)

    if json:
        as_json.write(result)
    else:
        for line in lines:
            typer.echo(line)
    if result.failed:
        return _FAILED
    return EX_CONFIG if any(item.severity == "error" for item in result.findings) else 0


def _lines(result: StatusResult) -> Iterator[str]:
    receipt = result.receipt
    template = "@." in result.service.unit
    yield f"{result.name}: {counted(len(result.instances), 'instance') if template else _state(result.service)}"
    if result.status:
        yield f"  says: {result.status}"
    process = (f"process: {result.pid}",) if result.pid else ()
    since = (f"{result.service.active} since {result.since}",) if result.since else ()
    restarts = (f"restarted {counted(result.restarts, 'time')}",) if result.pid or result.restarts else ()
    if process or since:
        yield f"  {', '.join((*process, *since, *restarts))}"
    if not result.pid and result.exit_status:
        yield f"  last exit status: {result.exit_status}"
    if result.live is not None:
        yield from (f"  {line}" for line in live.lines(result.live))
    for instance in result.instances:
        yield f"  instance: {instance}"
    for socket in result.sockets:
        yield f"  {socket.unit}: {_state(socket)}"
    yield f"  listens on: {', '.join(result.addresses) or 'nothing'}"
    yield f"  application: {receipt.application}"
    if receipt.package:
        yield f"  package: {receipt.package}"
    yield f"  python: {receipt.python} ({receipt.python_version})"
    yield from (f"  {line}" for line in present.diagnostic_lines(result.findings))


def _state(unit: UnitState) -> str:
    if not unit.active:
        return "state unknown"
    result = f", {unit.result}" if unit.result not in {"", "success"} else ""
    enabled = f", {unit.enabled}" if unit.enabled else ""
    return f"{unit.active} ({unit.sub}{result}){enabled}"
