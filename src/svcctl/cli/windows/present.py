"""Shows what would be done on Windows."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from svcctl.cli import present
from svcctl.cli.present import say

if TYPE_CHECKING:
    from svcctl.operations.windows.preview import WindowsApprove, WindowsPreview

__all__ = ["Name", "asker", "installed_names", "say", "show_preview"]


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


def show_preview(preview: WindowsPreview, stream: TextIO, *, title: str) -> None:
    """Write what would be done, one line each, then what the user should know."""
    stream.write(f"{title}:\n" if preview.lines else f"{title}: nothing to do\n")
    stream.writelines(f"  {line}\n" for line in preview.lines)
    stream.writelines(f"  {line}\n" for line in present.diagnostic_lines(preview.diagnostics))


def asker(title: str, *, yes: bool) -> WindowsApprove:
    """Return the function that shows a plan on stderr and asks about it if somebody is there to answer."""

    def approve(preview: WindowsPreview) -> bool:
        show_preview(preview, sys.stderr, title=title)
        return present.agreed(yes=yes)

    return approve
