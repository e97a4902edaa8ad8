"""``svcctl credential``: ``set``, ``list`` and ``remove``."""

from __future__ import annotations

import getpass
import sys
from pathlib import Path
from typing import Annotated

import typer

from svcctl.cli import as_json, options, present
from svcctl.cli.commands import Commands

app = Commands(help="Set, list and remove the secrets of applications.", rich_markup_mode=None)

Name = Annotated[
    str,
    typer.Argument(..., metavar="NAME", help="An application.", autocompletion=options.installed_names),
]
Key = Annotated[str, typer.Argument(..., metavar="KEY", help="What the application calls the credential.")]
File = Annotated[
    str | None,
    typer.Option(
        "--file",
        "-f",
        metavar="FILE",
        callback=options.not_empty,
        help="Take the value from FILE as it is; else from stdin, or ask for it.",
    ),
]
Plain = Annotated[bool, typer.Option("--plain", help="Do not encrypt it; root alone can read the file.")]


@app.command("set")
def set_(
    name: Name,
    key: Key,
    *,
    file: File = None,
    plain: Plain = False,
    user: options.UserScope = False,
    root: options.Root = "",
) -> None:
    """Store a credential: encrypted where systemd can, for one application alone. Never give it as an argument."""
    from svcctl.operations.credential import set_credential  # noqa: PLC0415 (kept out of --help)

    value = _value(key, file)
    done = set_credential(name, key, value, scope="user" if user else "system", root=root, plain=plain)
    how = "encrypted" if done.encrypted else "not encrypted"
    present.say(f"{done.path} holds it, {how}; {name} gets it at its next start")
    if done.wanted is False:
        present.say(f"but {name} asks for no credential {key}")


@app.command("list")
def list_(
    name: Name, *, user: options.UserScope = False, root: options.Root = "", json: options.Json = False
) -> int:
    """Show which credentials an application has and which are missing, without what they hold."""
    from svcctl.errors import EX_CONFIG  # noqa: PLC0415 (kept out of --help)
    from svcctl.operations.credential import list_credentials  # noqa: PLC0415 (the same)

    found = list_credentials(name, scope="user" if user else "system", root=root)
    if json:
        as_json.write(found)
        return 0
    for each in found:
        what = "encrypted" if each.encrypted else "not encrypted" if each.path else "missing"
        but = "; not asked for" if each.wanted is False else ""
        typer.echo(f"{each.key}: {what}{f' ({each.path})' if each.path else ''}{but}")
    if not found:
        present.say(f"{name} has no credentials")
    return 0 if all(each.path for each in found) else EX_CONFIG


@app.command("remove")
def remove(name: Name, key: Key, *, user: options.UserScope = False, root: options.Root = "") -> None:
    """Remove a credential from its store. A service that runs keeps what it got."""
    from svcctl.operations.credential import remove_credential  # noqa: PLC0415 (kept out of --help)

    done = remove_credential(name, key, scope="user" if user else "system", root=root)
    present.say(f"{done.path} is removed")


def _value(key: str, file: str | None) -> bytes:
    """Return the secret: from a file, from a terminal without showing it, or from standard input.

    Raises:
        UsageError: The file cannot be read, or there is nothing.
    """
    from svcctl.errors import UsageError  # noqa: PLC0415 (kept out of --help)

    if file is not None:
        try:
            return Path(file).read_bytes()
        except OSError as error:
            raise UsageError(f"cannot read {file}: {error.strerror}", hint="name another --file") from error
    if not sys.stdin.isatty():
        value = sys.stdin.buffer.read()
    else:
        value = getpass.getpass(f"{key}: ", sys.stderr).encode()
        if value != getpass.getpass(f"{key} once more: ", sys.stderr).encode():
            raise UsageError("the two are not the same", hint="try again")
    if not value:
        raise UsageError("nothing was given", hint="type it, or write it to stdin, or name a --file")
    return value
