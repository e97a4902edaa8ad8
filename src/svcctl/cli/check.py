"""``svcctl check``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from svcctl.cli import as_json, options, present, requested

if TYPE_CHECKING:
    from collections.abc import Iterator

    from svcctl.operations.check import CheckResult
    from svcctl.operations.request import InstallRequest


@requested.service_options()
def check(
    *,
    explain: Annotated[bool, typer.Option("--explain", help="Show each directive with its reason.")] = False,
    request: InstallRequest,
    json: options.Json = False,
) -> int:
    """Show what APP would be as a service. Changes nothing."""
    from svcctl.errors import EX_DATAERR  # noqa: PLC0415 (kept out of --help)
    from svcctl.operations.check import check as operate  # noqa: PLC0415 (the same)

    result = operate(request)
    if json:
        as_json.write(result)
    else:
        for line in _lines(result, explain=explain):
            typer.echo(line)
    return 0 if result.usable else EX_DATAERR


def _lines(result: CheckResult, *, explain: bool) -> Iterator[str]:
    verdict = "can be installed" if result.usable else "cannot be installed as it is"
    yield f"{result.name} {verdict}"
    for file in result.files:
        yield f"  + {file.path}"
    yield from (f"  {line}" for line in present.diagnostic_lines(result.diagnostics))
    yield f"  units: {_verdict(result)}"
    if result.exposure is not None:
        yield f"  sandbox: exposure {result.exposure:.1f} (0 is best, 10 is none)"
    if explain:
        for reason in result.reasons:
            text = f"{reason.directive}={reason.value}"
            yield f"{text}\n    {reason.reason}" if reason.reason else text


def _verdict(result: CheckResult) -> str:
    if not result.verified:
        return f"systemd has not looked at them: {result.unverified}"
    refused = any(item.subject == "systemd-analyze" for item in result.diagnostics)
    return "systemd does not accept them" if refused else "systemd accepts them"
