"""Takes out of shared objects what only a debugger needs."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from svcctl.errors import CommandError
from svcctl.generate.debian.elf import ElfError, ElfFile, is_elf, read_elf
from svcctl.generate.debian.model import ProgramFile
from svcctl.host import commands

_STRIP = ("strip", "--strip-unneeded", "--remove-section=.comment", "--remove-section=.note", "--")


def strip(files: Iterable[ProgramFile]) -> tuple[ProgramFile, ...]:
    """Return the files, the ELF files among them without symbols that nobody needs to run them.

    One that strip(1) cannot read (of another architecture, say), or that it would damage, stays as it is: objects
    whose search path was edited afterwards, as in many wheels, can come out of it with segments that cannot be
    mapped. So do all where there is no strip. The result depends on the objects and the version of binutils alone.

    Args:
        files: What goes into the package.
    """
    every = tuple(files)
    unstripped = {
        index: facts
        for index, file in enumerate(every)
        if (facts := _facts(file.content)) and not facts.stripped
    }
    if not unstripped or not commands.available(_STRIP[0]):
        return every
    done = list(every)
    with tempfile.TemporaryDirectory(prefix="svcctl-strip-") as folder:
        paths = {index: Path(folder, f"{index}.so") for index in unstripped}
        for index, path in paths.items():
            path.write_bytes(every[index].content)
        try:
            commands.run([*_STRIP, *map(str, paths.values())], accept=None)
        except CommandError:  # it did not come to an end
            return every
        for index, path in paths.items():
            content = path.read_bytes()
            if _same(_facts(content), unstripped[index]):
                done[index] = replace(every[index], content=content)
    return tuple(done)


def _facts(content: bytes) -> ElfFile | None:
    try:
        return read_elf(content) if is_elf(content) else None
    except ElfError:
        return None


def _same(after: ElfFile | None, before: ElfFile) -> bool:
    return after is not None and replace(after, stripped=before.stripped) == before
