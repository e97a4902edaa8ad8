"""``svcctl make``."""

from __future__ import annotations

from typing import Annotated

import typer

from svcctl.cli import arguments, options

Plugin = Annotated[
    str, typer.Argument(..., metavar="PLUGIN", help="A plug-in; what follows it are its own options.")
]
Output = Annotated[
    str | None,
    typer.Option(
        "--output", "-o", metavar="FILE", callback=options.not_empty, help="The file; else PLUGIN.tap."
    ),
]
Append = Annotated[
    str | None,
    typer.Option(
        "--append",
        "-a",
        metavar="FILE",
        callback=options.not_empty,
        help="Add the service to the application saved there; made if it is missing.",
    ),
]
User = Annotated[
    str | None,
    typer.Option("--uid", "-u", metavar="USER", callback=options.not_empty, help="User to run as."),
]
Group = Annotated[
    str | None,
    typer.Option("--gid", "-g", metavar="GROUP", callback=options.not_empty, help="Group to run as."),
]
ProcessName = Annotated[
    str | None,
    typer.Option(
        "--appname", "-n", metavar="NAME", callback=options.not_empty, help="What the process is called."
    ),
]
Style = Annotated[
    str | None, typer.Option("--type", "-t", metavar="TYPE", help="pickle (default) or source.")
]
Encrypted = Annotated[bool, typer.Option("--encrypted", "-e", help="Encrypt the file, with a passphrase.")]
Passphrase = Annotated[
    str | None,
    typer.Option("--passphrase", metavar="SOURCE", help="prompt, file:PATH, env:NAME or credential:NAME."),
]


def make(  # noqa: PLR0913 (each is an option of the command)
    context: typer.Context,
    plugin: Plugin,
    *,
    output: Output = None,
    append: Append = None,
    uid: User = None,
    gid: Group = None,
    appname: ProcessName = None,
    type_: Style = None,
    encrypted: Encrypted = False,
    passphrase: Passphrase = None,
) -> int:
    """Make an application of PLUGIN and its options, and save it. Its options come last."""
    from svcctl.operations.make import MakeRequest  # noqa: PLC0415 (kept out of --help)
    from svcctl.operations.make import make as operate  # noqa: PLC0415 (the same)

    made = operate(
        MakeRequest(
            plugin=plugin,
            arguments=arguments.given(context),
            output=output,
            append=append,
            uid=_number_or_name(uid),
            gid=_number_or_name(gid),
            appname=appname,
            style=type_,
            encrypted=encrypted,
            passphrase=passphrase,
        )
    )
    typer.echo(made.path)
    return 0


def _number_or_name(text: str | None) -> str | int | None:
    return int(text) if text is not None and text.isascii() and text.isdigit() else text
