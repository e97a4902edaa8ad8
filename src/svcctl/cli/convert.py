"""``svcctl convert``."""

from __future__ import annotations

from typing import Annotated

import typer

Source = Annotated[
    str, typer.Option("--in", "-i", metavar="FILE", help="The saved application, or a .tac file.")
]
Target = Annotated[
    str | None,
    typer.Option("--out", "-o", metavar="FILE", help="The new file; else the old name, another suffix."),
]
TypeIn = Annotated[
    str, typer.Option("--typein", "-f", metavar="TYPE", help="guess, python, pickle or source.")
]
TypeOut = Annotated[
    str | None,
    typer.Option(
        "--typeout", "-t", metavar="TYPE", help="pickle or source; else by --out's suffix, else source."
    ),
]
Decrypt = Annotated[
    bool, typer.Option("--decrypt", "-d", help="The file is encrypted; the new one shall not be.")
]
Encrypt = Annotated[
    bool, typer.Option("--encrypt", "-e", help="Encrypt the new file; with -d, with a new passphrase.")
]
Passphrase = Annotated[
    str | None,
    typer.Option("--passphrase", metavar="SOURCE", help="prompt, file:PATH, env:NAME or credential:NAME."),
]
NewPassphrase = Annotated[
    str | None,
    typer.Option("--new-passphrase", metavar="SOURCE", help="The same, for the new file with -d -e."),
]
Key = Annotated[
    str | None, typer.Option("--key", metavar="FILE", help="The key of the machine it comes from.")
]
ExportKey = Annotated[
    str | None,
    typer.Option("--export-key", metavar="FILE", help="Seal the new file with this key; made if missing."),
]


def convert(  # noqa: PLR0913 (each is an option of the command)
    *,
    source: Source,
    target: Target = None,
    type_in: TypeIn = "guess",
    type_out: TypeOut = None,
    decrypt: Decrypt = False,
    encrypt: Encrypt = False,
    passphrase: Passphrase = None,
    new_passphrase: NewPassphrase = None,
    key: Key = None,
    export_key: ExportKey = None,
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
