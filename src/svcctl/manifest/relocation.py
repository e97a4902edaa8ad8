"""A manifest of an application that is to lie elsewhere than where it was described."""

from __future__ import annotations

from collections.abc import Sequence

from svcctl.manifest.model import Manifest
from svcctl.records.reading import from_plain, to_plain


def relocated(manifest: Manifest, moves: Sequence[tuple[str, str]]) -> Manifest:
    """Return a manifest with the paths that it has after a move.

    Applications work out paths from that of their own file; what they would say on the target is what it says.

    Args:
        manifest: As it was described.
        moves: Absolute paths before and after, of files, or of folders with all that is in them; the first that fits
            a path counts.

    Example:
        >>> from svcctl.manifest.model import ApplicationInfo, Needs, Origin, ServiceNode
        >>> manifest = Manifest(
        ...     application=ApplicationInfo(name="echo"),
        ...     tree=ServiceNode(path="", kind="", class_name=""),
        ...     origin=Origin(kind="tac", digest=""),
        ...     needs=Needs(reads=("/home/ann/echo/words", "/etc/services")),
        ... )
        >>> relocated(manifest, [("/home/ann/echo", "/usr/share/echo")]).needs.reads
        ('/usr/share/echo/words', '/etc/services')
    """
    return from_plain(_moved(to_plain(manifest), moves), Manifest)


def _moved(value: object, moves: Sequence[tuple[str, str]]) -> object:
    if isinstance(value, str):
        for before, after in moves:
            if value == before or value.startswith(f"{before}/"):
                return f"{after}{value.removeprefix(before)}"
    elif isinstance(value, list | tuple):
        return [_moved(each, moves) for each in value]
    elif isinstance(value, dict):
        return {name: _moved(each, moves) for name, each in value.items()}
    return value
