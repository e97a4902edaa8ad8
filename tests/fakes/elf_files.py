"""Small ELF files, made to measure; test_elf.py holds them against readelf."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import NamedTuple

MACHINES = {"amd64": 62, "arm64": 183, "i386": 3, "s390x": 22, "ppc64el": 21, "riscv64": 243}


class Needs(NamedTuple):
    """A symbol that the file takes from a library.

    Attributes:
        name: The symbol.
        version: Its version; empty for none.
        library: The library that the version is of.
        weak: It may be missing.
    """

    name: str
    version: str = ""
    library: str = "libc.so.6"
    weak: bool = False


def make_elf(  # noqa: PLR0913 (each is one fact of the file, and most tests state one or two)
    *,
    machine: int = 62,
    bits: int = 64,
    order: str = "<",
    kind: int = 3,
    flags: int = 0,
    needed: Sequence[str] = ("libc.so.6",),
    soname: str = "",
    rpath: str = "",
    runpath: str = "",
    symbols: Sequence[Needs] = (),
    stack: int | None = 6,
    debug: bool = False,
    now: bool = False,
) -> bytes:
    """Return an ELF file; it is a shared object of amd64 unless told otherwise.

    ``machine``, ``kind`` and ``flags`` are its ``e_machine``, ``e_type`` and ``e_flags``; ``stack`` has the flags of
    ``PT_GNU_STACK``, and ``None`` leaves that out; ``now`` sets ``DF_1_NOW``; ``debug`` adds a table of symbols for
    debuggers, although an empty one. Source: elf(5).
    """
    wide = bits == 64
    texts = _Texts()
    versions = sorted({(each.library, each.version) for each in symbols if each.version})
    names = (*((1, each) for each in needed), (14, soname), (15, rpath), (29, runpath))
    entries = [(tag, texts.at(text)) for tag, text in names if text]
    tables = {
        6: _symbols(symbols, texts, bits, order),
        0x6FFFFFF0: _numbers(symbols, versions, order),
        0x6FFFFFFE: _versions(versions, texts, order),
        4: struct.pack(f"{order}4I", 1, len(symbols) + 1, 0, 0) + b"\0" * 4 * len(symbols),
    }
    tables[5] = bytes(texts.content)
    header = 64 if wide else 52
    start = header + (2 + (stack is not None)) * (56 if wide else 32)
    last = [(10, len(texts.content)), (11, 24 if wide else 16), *([(0x6FFFFFFB, 1)] if now else [])]
    last += [(0x6FFFFFFF, len({library for library, _ in versions}))] if versions else []
    content, dynamic_at = _content(start, tables, entries, last, order + ("QQ" if wide else "II"))
    size = start + len(content)
    segments = [(1, 5, 0, size, 1), (2, 6, dynamic_at, size - dynamic_at, 8)]
    segments += [(0x6474E551, stack, 0, 0, 1)] if stack is not None else []
    facts = (kind, machine, 1, 0, header, size if debug else 0, flags, header)
    head = _head(bits, order, facts, len(segments), 2 if debug else 0)
    sections = _sections(bits, order) if debug else b""
    return head + b"".join(_segment(bits, order, each) for each in segments) + content + sections


def _content(
    start: int,
    tables: Mapping[int, bytes],
    first: Sequence[tuple[int, int]],
    last: Sequence[tuple[int, int]],
    entry: str,
) -> tuple[bytes, int]:
    """Return all behind the segments' table, and where in the file the dynamic section begins, which is its end."""
    content, entries = b"", list(first)
    for tag, table in tables.items():
        content += b"\0" * (-(start + len(content)) % 8)
        if table:
            entries.append((tag, start + len(content)))
        content += table
    content += b"\0" * (-(start + len(content)) % 8)
    dynamic = b"".join(struct.pack(entry, *each) for each in [*entries, *last, (0, 0)])
    return content + dynamic, start + len(content)


def _head(bits: int, order: str, facts: tuple[int, ...], segments: int, sections: int) -> bytes:
    """Return the header: what it is, the facts up to its own size, then how many entries of which size follow."""
    wide = bits == 64
    return (
        b"\x7fELF"
        + bytes([2 if wide else 1, 1 if order == "<" else 2, 1])
        + b"\0" * 9
        + struct.pack(
            order + ("HHIQQQIHHHHHH" if wide else "HHIIIIIHHHHHH"),
            *facts,
            *(56 if wide else 32, segments, 64 if wide else 40, sections, 0),
        )
    )


class _Texts:
    def __init__(self) -> None:
        self.content = bytearray(b"\0")
        self._known: dict[str, int] = {}

    def at(self, text: str) -> int:
        if text not in self._known:
            self._known[text] = len(self.content)
            self.content += text.encode() + b"\0"
        return self._known[text]


def _symbols(symbols: Sequence[Needs], texts: _Texts, bits: int, order: str) -> bytes:
    table = b"\0" * (24 if bits == 64 else 16)
    for each in symbols:
        info, name = (2 if each.weak else 1) << 4 | 2, texts.at(each.name)
        if bits == 64:
            table += struct.pack(f"{order}IBBHQQ", name, info, 0, 0, 0, 0)
        else:
            table += struct.pack(f"{order}IIIBBH", name, 0, 0, info, 0, 0)
    return table


def _numbers(symbols: Sequence[Needs], versions: list[tuple[str, str]], order: str) -> bytes:
    numbers = {pair: index + 2 for index, pair in enumerate(versions)}
    own = [numbers.get((each.library, each.version), 1) for each in symbols]
    return struct.pack(f"{order}{len(symbols) + 1}H", 0, *own) if versions else b""


def _versions(versions: list[tuple[str, str]], texts: _Texts, order: str) -> bytes:
    numbers = {pair: index + 2 for index, pair in enumerate(versions)}
    libraries = sorted({library for library, _ in versions})
    table = b""
    for library in libraries:
        own = [pair for pair in versions if pair[0] == library]
        following = 0 if library == libraries[-1] else 16 + 16 * len(own)
        table += struct.pack(f"{order}HHIII", 1, len(own), texts.at(library), 16, following)
        for pair in own:
            following = 0 if pair == own[-1] else 16
            table += struct.pack(f"{order}IHHII", 0, 0, numbers[pair], texts.at(pair[1]), following)
    return table


def _segment(bits: int, order: str, facts: tuple[int, int, int, int, int]) -> bytes:
    kind, flags, offset, size, align = facts
    if bits == 64:
        return struct.pack(f"{order}IIQQQQQQ", kind, flags, offset, offset, offset, size, size, align)
    return struct.pack(f"{order}8I", kind, offset, offset, offset, size, size, flags, align)


def _sections(bits: int, order: str) -> bytes:
    """Return section headers: the empty one that comes first, and a table of symbols for debuggers."""
    layout = order + ("IIQQQQIIQQ" if bits == 64 else "10I")
    return struct.pack(layout, *[0] * 10) + struct.pack(
        layout, 0, 2, 0, 0, 0, 0, 0, 0, 8, 24 if bits == 64 else 16
    )
