"""``svcctl generate``: what makes a service of an application on another system."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from svcctl.cli import as_json, options, present, requested
from svcctl.cli.arguments import PluginCommand
from svcctl.cli.commands import Commands

if TYPE_CHECKING:
    from svcctl.operations.request import InstallRequest
    from svcctl.operations.windows.generate import GenerateResult

app = Commands(help="Write what makes a service of an application on another system.", rich_markup_mode=None)


class Start(StrEnum):
    """When a service of Windows starts."""

    AUTOMATIC = "automatic"
    DELAYED = "delayed"
    MANUAL = "manual"


Output = Annotated[
    str,
    typer.Option(
        "--output",
        "-o",
        metavar="DIR",
        callback=options.not_empty,
        help="Folder for what is made; else NAME-windows.",
    ),
]
Directory = Annotated[
    str,
    typer.Option(
        "--directory",
        metavar="PATH",
        callback=options.not_empty,
        help="The application's folder there; else C:\\Program Files\\NAME.",
    ),
]
Interpreter = Annotated[
    str,
    typer.Option(
        "--interpreter",
        metavar="PATH",
        callback=options.not_empty,
        help="The Python there, not a virtual environment's; else where its installer puts it for all users.",
    ),
]
Account = Annotated[
    str,
    typer.Option(
        "--account",
        metavar="ACCOUNT",
        callback=options.not_empty,
        help="Who it runs as; else NT SERVICE\\NAME, an account of its own.",
    ),
]
When = Annotated[Start, typer.Option("--start", help="With Windows, two minutes after it, or by hand.")]
Depends = Annotated[
    list[str] | None,
    typer.Option(
        "--depends", metavar="SERVICE", help="Short name of a service that has to run before; repeatable."
    ),
]
Data = Annotated[
    str,
    typer.Option(
        "--data",
        metavar="PATH",
        callback=options.not_empty,
        help="Folder there for what it keeps; else C:\\ProgramData\\NAME.",
    ),
]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="FIELD=NUMBER",
        help="A limit by hand, such as stop_limit_ms=60000 or most_failures=3; repeatable.",
    ),
]
Small = Annotated[
    bool,
    typer.Option(
        "--small",
        help="Run it in the process of its service host: one process less, and nobody to start it again after a crash.",
    ),
]
Bundle = Annotated[
    str,
    typer.Option(
        "--bundle",
        metavar="DIR",
        callback=options.not_empty,
        help="Make the source of an installer, too, which brings what is in DIR: Python, svcctl, the application.",
    ),
]

#: The options of a service that mean nothing on Windows.
ELSEWHERE = (
    *("user", "root", "systemd", "sockets", "env_file", "set_", "after", "requires", "instances", "listen"),
    "passphrase",
)


@app.command("windows", cls=PluginCommand)
@requested.service_options(*ELSEWHERE)
def windows(  # noqa: PLR0913 (each is an option of the command)
    *,
    request: InstallRequest,
    output: Output = "",
    directory: Directory = "",
    interpreter: Interpreter = "",
    account: Account = "",
    start: When = Start.AUTOMATIC,
    depends: Depends = None,
    data: Data = "",
    set_: Set = None,
    small: Small = False,
    bundle: Bundle = "",
    dry_run: options.DryRun = False,
    json: options.Json = False,
) -> None:
    """Write what makes a service of Windows of APP: scripts, its definition and the source of an installer."""
    from svcctl.operations.windows.generate import GenerateRequest, generate  # noqa: PLC0415 (kept out of --help)

    wanted = GenerateRequest(
        application=request.application,
        arguments=request.arguments,
        output=output,
        name=request.name,
        python=request.python,
        environment=request.environment,
        directory=directory,
        interpreter=interpreter,
        account=account,
        start=start.value,
        depends=tuple(depends or ()),
        data=data,
        settings=options.each(set_, number, "--set", "generate windows"),
        small=small,
        bundle=bundle,
    )
    result = generate(wanted, dry_run=dry_run)
    if json:
        as_json.write(result)
    else:
        _tell(result)


def number(text: str) -> tuple[str, int]:
    """Return the name and the number of ``NAME=NUMBER``.

    Raises:
        ValueError: It has another form.
    """
    name, equals, digits = text.partition("=")
    if not (name and equals and digits.isascii() and digits.isdigit()):
        raise ValueError(f"{text!r} is not FIELD=NUMBER")
    return name, int(digits)


def _tell(result: GenerateResult) -> None:
    for line in present.diagnostic_lines(result.diagnostics):
        present.say(line)
    if not result.written:
        present.say(f"{result.name} would be written:")
    sys.stdout.writelines(f"{path}\n" for path in result.paths)
    if result.installer and result.written:
        present.say(f"make the installer beside it: wixl -o {result.name}.msi {result.name}.wxs")
    elif result.written:
        present.say(f"put the application into {result.directory} on Windows, then run install.ps1 there")
