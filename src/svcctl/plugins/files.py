"""The files of a folder as an ASGI application.

Starlette serves a single file: its type, ``HEAD``, what has not changed (304), parts of it, and nothing outside of the
folder, links that lead out included. What is added here: names of index files, the listing of folders, and files
whose names begin with a dot, which are not shown; and on Windows, names that mean something else there.
"""

from __future__ import annotations

import html
import os
import re
import stat
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import anyio.to_thread
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

_NOT_FOUND, _FORBIDDEN, _UNAUTHORIZED = 404, 403, 401
#: The one name with a dot that clients have to find. Source: RFC 8615.
_WELL_KNOWN = ".well-known"
_NO_NAME = re.compile(
    r"^$|^(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9\u00b9\u00b2\u00b3]) *(\.|$)|[:\\\0-\x1f]|[. ]$|~[0-9]",
    re.IGNORECASE,
)


def site(folder: Path, index: Sequence[str], *, listing: bool) -> Starlette:
    """Return the application that serves a folder.

    Args:
        folder: The folder.
        index: Names of the files that stand for their folder; the first that is there does.
        listing: Show what is in a folder without one.
    """
    return Starlette(routes=[Mount("/", Files(folder, index, listing=listing))])


class Files(StaticFiles):
    """See :func:`site`."""

    def __init__(self, folder: Path, index: Sequence[str], *, listing: bool) -> None:
        super().__init__(directory=folder, check_dir=False)
        self._index = tuple(index)
        self._listing = listing

    async def get_response(self, path: str, scope: Any) -> Response:  # noqa: ANN401 (ASGI's)
        """Answer a request."""
        if not is_shown(path, windows=sys.platform == "win32"):
            raise HTTPException(_NOT_FOUND)
        try:
            return await super().get_response(path, scope)
        except HTTPException as error:
            if error.status_code == _UNAUTHORIZED:  # the file may not be read: no password helps there
                raise HTTPException(_FORBIDDEN) from None
            if error.status_code != _NOT_FOUND:
                raise
        return await self._of_folder(path, scope)

    async def _of_folder(self, path: str, scope: Any) -> Response:  # noqa: ANN401 (ASGI's)
        folder, status = await anyio.to_thread.run_sync(self._looked_up, path)
        if status is None or not stat.S_ISDIR(status.st_mode):
            raise HTTPException(_NOT_FOUND)
        if not scope["path"].endswith("/"):
            name = scope["path"].rpartition("/")[2]
            return RedirectResponse(f"{quote(name)}/")
        for name in self._index:
            found, status = await anyio.to_thread.run_sync(self._looked_up, f"{path}/{name}")
            if status is not None and stat.S_ISREG(status.st_mode):
                return self.file_response(found, status, scope)
        if not self._listing:
            raise HTTPException(_NOT_FOUND)
        return HTMLResponse(await anyio.to_thread.run_sync(_listed, folder, scope["path"]))

    def _looked_up(self, path: str) -> tuple[str, os.stat_result | None]:
        """Return where a path leads to, in a thread; ``None`` for one that no file can have."""
        try:
            return self.lookup_path(path)
        except (OSError, ValueError):
            return "", None


def is_shown(path: str, *, windows: bool) -> bool:
    r"""Tell whether a path can be that of a file that is shown.

    Windows takes some names for something else than the file of that name: a device, which may never open, a stream of
    a file, the short name of another one, a name without what is at its end, or another machine.

    Args:
        path: The path below the folder, without ``..``; ``.`` for the folder itself.
        windows: The rules of Windows apply. Source: "Naming Files, Paths, and Namespaces" on learn.microsoft.com.

    Example:
        >>> is_shown("a/.git/config", windows=False), is_shown("a\\GIT~1\\config", windows=True)
        (False, False)
    """
    parts = re.split(r"[/\\]" if windows else "/", path)
    if any(part.startswith(".") and part not in {".", _WELL_KNOWN} for part in parts):
        return False
    return not windows or path == "." or not any(map(_NO_NAME.search, parts))


def _listed(folder: str, shown: str) -> str:
    """Return a page with what is in a folder; runs in a thread."""
    with os.scandir(folder) as entries:
        names = sorted(
            f"{entry.name}/" if entry.is_dir() else entry.name
            for entry in entries
            if not entry.name.startswith(".")
        )
    title = html.escape(shown)
    up = [] if shown == "/" else ["../"]
    # "./" before a name, so that one with a colon is not taken for an address of its own.
    lines = [
        f'<li><a href="./{html.escape(quote(name))}">{html.escape(name)}</a></li>' for name in (*up, *names)
    ]
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title></head>\n'
        f"<body><h1>{title}</h1>\n<ul>\n" + "\n".join(lines) + "\n</ul></body></html>\n"
    )
