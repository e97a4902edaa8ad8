from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from svcctl.generate.debian.elf import read_elf
from svcctl.generate.debian.model import ProgramFile
from svcctl.host import commands
from svcctl.host.commands import Output
from svcctl.host.stripping import strip
from tests.fakes.elf_files import make_elf

TEXT = ProgramFile(path="/usr/lib/x/a.py", content=b"x = 1\n")
ODD = ProgramFile(path="/usr/lib/x/odd.so", content=make_elf(debug=True))


@pytest.fixture(scope="session")
def unstripped(tmp_path_factory: pytest.TempPathFactory) -> ProgramFile:
    """Give a shared object with all its symbols."""
    if shutil.which("cc") is None or shutil.which("strip") is None:
        pytest.skip("there is no C compiler")
    folder = tmp_path_factory.mktemp("object")
    (folder / "a.c").write_text(
        '#include <stdio.h>\nstatic int f(void) { return puts("x"); }\nint g(void) { return f(); }\n'
    )
    built = ["cc", "-g", "-shared", "-fPIC", "-o", str(folder / "a.so"), str(folder / "a.c")]
    commands.run(built)
    return ProgramFile(path="/usr/lib/x/a.so", content=(folder / "a.so").read_bytes())


def test_a_shared_object_loses_what_only_a_debugger_needs(unstripped: ProgramFile) -> None:
    """And nothing else; the same bytes each time; what is no ELF file stays."""
    first, second = (strip([TEXT, unstripped]) for _ in range(2))
    assert first == second
    assert first[0] == TEXT
    before, after = read_elf(unstripped.content), read_elf(first[1].content)
    assert (before.stripped, after.stripped) == (False, True)
    assert (before.needed, before.undefined, before.versions) == (
        after.needed,
        after.undefined,
        after.versions,
    )
    assert len(first[1].content) < len(unstripped.content)


def test_what_strip_cannot_read_stays_as_it_is(unstripped: ProgramFile) -> None:
    """The others are stripped all the same."""
    foreign = ProgramFile(path="/usr/lib/x/b.so", content=make_elf(machine=4711, debug=True))
    done = strip([foreign, unstripped])
    assert done[0] == foreign
    assert read_elf(done[1].content).stripped


def test_a_damaged_result_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Objects whose search path was edited have been seen to suffer from strip."""

    def spoil(arguments: list[str], **_: object) -> Output:
        Path(arguments[-1]).write_bytes(make_elf(needed=("libother.so.1",)))
        return Output(0, "", "")

    monkeypatch.setattr(commands, "run", spoil)
    monkeypatch.setattr(commands, "available", lambda _: True)
    assert strip([ODD]) == (ODD,)


def test_without_strip_all_stays_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """A larger package is no error."""
    monkeypatch.setattr(commands, "available", lambda _: False)
    assert strip([TEXT, ODD]) == (TEXT, ODD)
