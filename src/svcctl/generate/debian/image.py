"""The bytes of an ELF file as numbers, texts and tables, none of them beyond the end of the file."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

_MAX_TEXT = 64 * 1024
_MAX_TEXTS = 64 * 1024 * 1024
_MAX_ENTRIES = 1 << 20

_ET_EXEC, _ET_DYN = 2, 3
_CLASS_64 = 2
_IDENTIFIED = 20  # bytes up to the version, where what follows depends on the class


class Segment(NamedTuple):
    """A program header.

    Attributes:
        kind: ``p_type``.
        flags: ``p_flags``.
        offset: Where it begins in the file.
        address: Where it begins in memory.
        size: Its length in the file.
        align: What offset and address are congruent by.
    """

    kind: int
    flags: int
    offset: int
    address: int
    size: int
    align: int


class Section(NamedTuple):
    """A section header.

    Attributes:
        kind: ``sh_type``.
        offset: Where it begins in the file.
        size: Its length.
    """

    kind: int
    offset: int
    size: int


class Image:
    """An ELF file's bytes.

    Every method raises :class:`ValueError` where the file ends too early or says what cannot be.

    Args:
        content: The whole file.
    """

    def __init__(self, content: bytes) -> None:
        if content[:4] != b"\x7fELF":
            raise ValueError("no ELF header")
        if len(content) < _IDENTIFIED or content[4] not in (1, 2) or content[5] not in (1, 2):
            raise ValueError("neither 32 nor 64 bits, or of no byte order")
        self.content = content
        self.bits = 32 * content[4]
        self.order = "<" if content[5] == 1 else ">"
        self._wide = content[4] == _CLASS_64
        self._texts = 0
        kind, self.machine = self._unpack("HH", 16)
        if kind not in (_ET_EXEC, _ET_DYN):
            raise ValueError("neither a program nor a shared object")
        self.shared = kind == _ET_DYN
        header = self._unpack("IQQQIHHHHH" if self._wide else "IIIIIHHHHH", 20)
        self.flags = header[4]
        self._segments = (header[2], header[6], header[7])
        self._sections = (header[3], header[8], header[9])

    @property
    def symbol_size(self) -> int:
        """Bytes of an entry of the symbol table."""
        return 24 if self._wide else 16

    def half(self, offset: int) -> int:
        """Return the 16-bit number at an offset."""
        (value,) = self._unpack("H", offset)
        return value

    def word(self, offset: int) -> int:
        """Return the 32-bit number at an offset."""
        (value,) = self._unpack("I", offset)
        return value

    def segments(self) -> tuple[Segment, ...]:
        """Return the program headers."""
        start, size, count = self._segments
        if count and size < (56 if self._wide else 32):
            raise ValueError("program headers of no known size")
        return tuple(self._segment(start + index * size) for index in range(count))

    def sections(self) -> tuple[Section, ...]:
        """Return the section headers; none if they are not there, since nobody needs them to run the file."""
        start, size, count = self._sections
        if not start or size < (64 if self._wide else 40) or start + size * count > len(self.content):
            return ()
        return tuple(self._section(start + index * size) for index in range(count))

    def interpreter(self, segment: Segment) -> str:
        """Return the text of the segment that names the dynamic linker."""
        return self.text(segment.offset, min(segment.offset + segment.size, len(self.content)))

    def dynamic(self, segment: Segment) -> tuple[tuple[int, int], ...]:
        """Return the entries of the dynamic section, tag and value, up to the one that ends it."""
        entries = []
        size = 16 if self._wide else 8
        for index in range(min(segment.size // size, _MAX_ENTRIES)):
            tag, value = self._unpack("QQ" if self._wide else "II", segment.offset + index * size)
            if tag == 0:
                break
            entries.append((tag, value))
        return tuple(entries)

    def needed_versions(self, start: int, count: int) -> Iterator[tuple[int, int, int, int]]:
        """Yield library, name (both as offsets of texts), flags and number of each version that is needed."""
        budget = _MAX_ENTRIES
        for _ in range(min(count, _MAX_ENTRIES)):
            _, versions, library, first, following = self._unpack("HHIII", start)
            offset = start + first
            for _ in range(versions):
                budget -= 1
                if budget < 0:
                    raise ValueError("too many versions")
                _, flags, number, name, later = self._unpack("IHHII", offset)
                yield library, name, flags, number & 0x7FFF
                if not later:
                    break
                offset += later
            if not following:
                break
            start += following

    def undefined_symbols(self, start: int, count: int) -> Iterator[tuple[int, int, int]]:
        """Yield index, name (as an offset of a text) and binding of each symbol that the file does not define."""
        size = self.symbol_size
        if count * size > len(self.content) - start:
            raise ValueError("the symbols go on beyond the end")
        layout = struct.Struct(self.order + ("IBBHQQ" if self._wide else "IIIBBH"))
        for index, entry in enumerate(layout.iter_unpack(self.content[start : start + count * size])):
            name, info, defined_in = (
                (entry[0], entry[1], entry[3]) if self._wide else (entry[0], entry[3], entry[5])
            )
            if name and not defined_in:
                yield index, name, info >> 4

    def gnu_hash_count(self, start: int) -> int:
        """Return how many symbols there are as a GNU hash table tells it: one more than the last that it holds."""
        buckets, first, words, _ = self._unpack("IIII", start)
        table = start + 16 + words * (8 if self._wide else 4)
        if buckets * 4 > len(self.content) - table:
            raise ValueError("the hash table goes on beyond the end")
        last = max(struct.unpack_from(f"{self.order}{buckets}I", self.content, table), default=0)
        if last < first:
            return first
        chains = table + 4 * buckets
        while not self.word(chains + 4 * (last - first)) & 1:
            last += 1
        return last + 1

    def text(self, offset: int, limit: int) -> str:
        """Return the text at an offset, which has to end before ``limit``."""
        if not 0 <= offset < limit:
            raise ValueError("a name outside of the table of names")
        end = self.content.find(b"\0", offset, min(limit, offset + _MAX_TEXT))
        self._texts += end - offset
        if end < 0 or self._texts > _MAX_TEXTS:
            raise ValueError("a name without an end, or names without number")
        return self.content[offset:end].decode("utf-8", "backslashreplace")

    def _segment(self, offset: int) -> Segment:
        if self._wide:
            kind, flags, begin, address, _, size, _, align = self._unpack("IIQQQQQQ", offset)
        else:
            kind, begin, address, _, size, _, flags, align = self._unpack("IIIIIIII", offset)
        return Segment(kind, flags, begin, address, size, align)

    def _section(self, offset: int) -> Section:
        if self._wide:
            _, kind, _, _, begin, size = self._unpack("IIQQQQ", offset)
        else:
            _, kind, _, _, begin, size = self._unpack("IIIIII", offset)
        return Section(kind, begin, size)

    def _unpack(self, layout: str, offset: int) -> tuple[int, ...]:
        try:
            return struct.unpack_from(self.order + layout, self.content, offset)
        except (struct.error, OverflowError):
            raise ValueError(f"it ends where {offset:#x} is to be read") from None
