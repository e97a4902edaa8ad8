from __future__ import annotations

from dataclasses import replace

from svcctl.manifest.model import Manifest, Needs
from svcctl.manifest.relocation import relocated
from tests.fakes.manifests import echo_manifest

MANIFEST = echo_manifest()


def reading(*paths: str) -> Manifest:
    """Return a manifest that reads some paths."""
    return replace(MANIFEST, needs=Needs(reads=paths))


def test_what_is_in_a_moved_folder_moves_with_it() -> None:
    """The folder itself, too, but not one whose name only begins the same."""
    moves = [("/home/ann/echo", "/usr/share/echo")]
    moved = relocated(reading("/home/ann/echo", "/home/ann/echo/words", "/home/ann/echoes"), moves)
    assert moved.needs.reads == ("/usr/share/echo", "/usr/share/echo/words", "/home/ann/echoes")


def test_the_first_move_that_fits_counts() -> None:
    """So a file in a folder can go elsewhere than the folder."""
    moves = [("/env/bin/python", "/usr/lib/echo/bin/python3"), ("/env", "/usr/lib/echo")]
    moved = relocated(replace(MANIFEST, needs=Needs(programs=("/env/bin/python", "/env/bin/tool"))), moves)
    assert moved.needs.programs == ("/usr/lib/echo/bin/python3", "/usr/lib/echo/bin/tool")


def test_all_else_stays_as_it_is() -> None:
    """Names, numbers and the tree."""
    assert relocated(MANIFEST, [("/home/ann/echo", "/usr/share/echo")]) == MANIFEST
