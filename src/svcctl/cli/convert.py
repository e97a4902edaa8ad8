"""``svcctl convert``."""

from __future__ import annotations

from typing import Annotated

import typer


def convert(  # noqa: PLR0913 (each is an option of the command)
    *,
    source: Annotated[
        str, typer.Option("--in", "-i", metavar="FILE", help="The saved application, or a .tac file.")
    ],
    target: Annotated[
        str | None,
        typer.Option("--out", "-o", metavar="FILE", help="The new file; else the old name, another suffix."),
    ] = None,
    type_in: Annotated[
        str, typer.Option("--typein", "-f", metavar="TYPE", help="guess, python, pickle or source.")
    ] = "guess",
    type_out: Annotated[
        str | None,
        typer.Option(
            "--typeout", "-t", metavar="TYPE", help="pickle or source; else by --out's suffix, else source."
        ),
    ] = None,
    decrypt: Annotated[
        bool, typer.Option("--decrypt", "-d", help="The file is encrypted; the new one shall not be.")
    ] = False,
    encrypt: Annotated[
        bool, typer.Option("--encrypt", "-e", help="Encrypt the new file; with -d, with a new passphrase.")
    ] = False,
    passphrase: Annotated[
        str | None,
        typer.Option(
            "--passphrase", metavar="SOURCE", help="prompt, file:PATH, env:NAME or credential:NAME."
        ),
    ] = None,
    new_passphrase: Annotated[
        str | None,
        typer.Option("--new-passphrase", metavar="SOURCE", help="The same, for the new file with -d -e."),
    ] = None,
    key: Annotated[
        str | None, typer.Option("--key", metavar="FILE", help="The key of the machine it comes from.")
    ] = None,
    export_key: Annotated[
        str | None,
        typer.Option(
            "--export-key", metavar="FILE", help="Seal the new file with this key; made if missing."
        ),
    ] = None,
) -> int:
    """Bring a saved application into another form: another style, encrypted or not, for another machine."""
    from svcctl.operations.convert import ConvertRequest  # noqa: PLC0415 (kept out of --help)
    from svcctl.operations.convert import convert as operate  # noqa: PLC0415 (the same)

    result = operate(
        ConvertRequest(
            source=source,
            target=target,
            type_in=type_in,
            type_out=type_out,
            decrypt=decrypt,
            encrypt=encrypt,
            passphrase=passphrase,
            new_passphrase=new_passphrase,
            key=key,
            export_key=export_key,
        )
    )
    typer.echo(result.path)
    return 0
