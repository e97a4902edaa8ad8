from __future__ import annotations

from svcctl.generate.systemd.directives import Command, Paths, RawPath
from tests.verify.conftest import Analyzer
from tests.verify.hostile import FILE_NAMES, QUOTING_NAMES, STRINGS, argument_unit, variables


def test_there_are_150_different_strings_of_every_kind() -> None:
    """Blanks, quotes, signs that systemd expands, control characters, other scripts, nothing at all."""
    assert len(STRINGS) == len(set(STRINGS)) == len(variables()) == 150
    assert not any("\0" in text for text in STRINGS)
    for sign in (" ", '"', "'", "\\", "%", "$", ";", "\n", "\t", "\x01", "é", "日"):
        assert any(sign in text for text in STRINGS)
    assert "" in STRINGS
    assert "-x" in STRINGS


def test_systemd_reads_the_unit_that_carries_them(analyzer: Analyzer) -> None:
    """What it reads, a real manager tells: see the tests on a booted system."""
    text = argument_unit("hostile.service", "/run/hostile.json").decode()
    assert analyzer.verify({"hostile.service": text}).status == 0


def test_every_name_of_a_file_can_be_written() -> None:
    """Those with quotes not as a program's."""
    for name in FILE_NAMES:
        assert Command(f"/opt/{name}/python").render("ExecStart")
    for name in (*FILE_NAMES, *QUOTING_NAMES):
        assert RawPath(f"/srv/{name}/x").render("WorkingDirectory")
        assert Paths((f"/srv/{name}",)).render("ReadOnlyPaths")
