"""The names of installed applications on Windows."""

from __future__ import annotations

from typing import Annotated

import typer


def installed_names(incomplete: str) -> list[str]:
    """Return the names of installed applications, for completion in the shell; none if anything goes wrong."""
    from svcctl.errors import SvcctlError  # noqa: PLC0415 (only completion needs it)
    from svcctl.host.windows.machine import here  # noqa: PLC0415 (the same)

    try:
        return [name for name in here().services.names() if name.startswith(incomplete)]
    except (SvcctlError, OSError):
        return []


Name = Annotated[
    str, typer.Argument(..., metavar="NAME", help="An installed application.", autocompletion=installed_names)
]
