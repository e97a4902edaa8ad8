"""Reads from an ELF file what a package has to know about it: what it runs on, and what it needs.

It goes the way of the dynamic linker, through the program headers, so that a file without sections reads the same;
only where the linker has no use for a fact (how many symbols there are, whether debugging symbols are left) the
section headers are asked. Nothing is believed: each offset, size and count is held against the length of the file.

Sources: the System V ABI, chapters 4 and 5; elf(5); the GNU extensions for symbol versions and hash tables.
"""

from __future__ import annotations

from dataclasses import dataclass

from svcctl.errors import EX_DATAERR, SvcctlError
from svcctl.generate.debian.image import Image, Section, Segment

MAGIC = b"\x7fELF"

_PT_LOAD, _PT_DYNAMIC, _PT_INTERP, _PT_GNU_STACK, _PT_GNU_RELRO = 1, 2, 3, 0x6474E551, 0x6474E552
_SHT_SYMTAB, _SHT_DYNSYM = 2, 11
_DT_NEEDED, _DT_HASH, _DT_STRTAB, _DT_SYMTAB, _DT_STRSZ, _DT_SONAME, _DT_RPATH = 1, 4, 5, 6, 10, 14, 15
_DT_RUNPATH, _DT_GNU_HASH, _DT_VERSYM, _DT_FLAGS_1, _DT_VERNEED, _DT_VERNEEDNUM = (
    29,
    0x6FFFFEF5,
    0x6FFFFFF0,
    0x6FFFFFFB,
    0x6FFFFFFE,
    0x6FFFFFFF,
)
_WEAK, _GLOBAL, _UNIQUE = 2, 1, 10
_FLAG_WEAK = 2
_EXECUTABLE = 1
_NOW = 1
_ARM_HARD_FLOAT = 0x400

#: e_machine, bits and byte order to Debian's name of the architecture; ARM is told by its flags.
_ARCHITECTURES = {
    (3, 32, "<"): "i386",
    (62, 64, "<"): "amd64",
    (62, 32, "<"): "x32",
    (183, 64, "<"): "arm64",
    (40, 32, "<"): "armel",
    (21, 64, "<"): "ppc64el",
    (21, 64, ">"): "ppc64",
    (22, 64, ">"): "s390x",
    (243, 64, "<"): "riscv64",
    (258, 64, "<"): "loong64",
    (8, 64, "<"): "mips64el",
    (8, 32, "<"): "mipsel",
}


class ElfError(SvcctlError, ValueError):
    """A file that begins like an ELF file is none, or is cut off or malformed.

    Args:
        message: What is wrong with it.
    """

    code = "elf"
    exit_status = EX_DATAERR


@dataclass(frozen=True, slots=True, kw_only=True)
class Undefined:
    """A symbol that somebody else has to provide.

    Attributes:
        name: Its name, mangled as it is in the file.
        version: The version that it was linked against, such as ``GLIBC_2.34``; empty if it has none.
        weak: The program also runs without it.
    """

    name: str
    version: str
    weak: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NeededVersion:
    """A version of a library that the dynamic linker insists on before it runs anything.

    Attributes:
        library: The library's soname.
        version: The name of the version.
        weak: The linker only warns.
    """

    library: str
    version: str
    weak: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ElfFile:
    """What an ELF file says of itself.

    Attributes:
        bits: 32 or 64.
        architecture: Debian's name of what it runs on, such as ``amd64``; empty if Debian has none that we know.
        shared: It can be loaded as a shared object (so can a position-independent program).
        soname: Its own name as a library; empty if it has none.
        needed: The libraries that it is linked with, in their order.
        rpath: Where they are looked for first, in order; ``DT_RUNPATH``, or ``DT_RPATH`` where there is none.
        interpreter: The dynamic linker of a program; empty for a library.
        versions: The versions of libraries that it needs, in the file's order.
        undefined: The symbols that it takes from others, sorted.
        executable_stack: It asks for a stack that can be executed, or does not say that it needs none.
        stripped: It holds no symbols but those that the linker needs.
        aligned: Each of its segments can be mapped; tools that edit or strip a file have been seen to break that.
        bind_now: All its symbols are looked up when it is loaded, so that the table of them can be protected.
        protected: That of its tables which the linker fills in is made read-only afterwards.
    """

    bits: int
    architecture: str
    shared: bool
    soname: str
    needed: tuple[str, ...]
    rpath: tuple[str, ...]
    interpreter: str
    versions: tuple[NeededVersion, ...]
    undefined: tuple[Undefined, ...]
    executable_stack: bool
    stripped: bool
    aligned: bool
    bind_now: bool
    protected: bool


def is_elf(content: bytes) -> bool:
    """Return whether a file's content begins as an ELF file does."""
    return content.startswith(MAGIC)


def read_elf(content: bytes) -> ElfFile:
    """Read an ELF file.

    Args:
        content: The whole file.

    Raises:
        ElfError: It is no ELF file, is cut off or contradicts itself; or it is a file that nobody can load (an
            object file, a core dump).
    """
    try:
        return _read(Image(content))
    except ValueError as error:
        raise ElfError(f"not a usable ELF file: {error}") from error


def _read(image: Image) -> ElfFile:
    segments = image.segments()
    sections = image.sections()
    dynamic = _Dynamic(image, segments, sections)
    stack = [segment for segment in segments if segment.kind == _PT_GNU_STACK]
    return ElfFile(
        bits=image.bits,
        architecture=_architecture(image),
        shared=image.shared,
        soname=next(iter(dynamic.texts(_DT_SONAME)), ""),
        needed=tuple(dynamic.texts(_DT_NEEDED)),
        rpath=_search_path(dynamic),
        interpreter=next((image.interpreter(each) for each in segments if each.kind == _PT_INTERP), ""),
        versions=tuple(needed for _, needed in dynamic.versions()),
        undefined=dynamic.undefined(),
        executable_stack=not stack or any(segment.flags & _EXECUTABLE for segment in stack),
        stripped=not any(section.kind == _SHT_SYMTAB for section in sections),
        aligned=all(_mappable(segment) for segment in segments if segment.kind == _PT_LOAD),
        bind_now=dynamic.binds_now(),
        protected=any(segment.kind == _PT_GNU_RELRO for segment in segments),
    )


def _architecture(image: Image) -> str:
    name = _ARCHITECTURES.get((image.machine, image.bits, image.order), "")
    if name == "armel" and image.flags & _ARM_HARD_FLOAT:
        return "armhf"
    return name


def _search_path(dynamic: _Dynamic) -> tuple[str, ...]:
    texts = dynamic.texts(_DT_RUNPATH) or dynamic.texts(_DT_RPATH)
    return tuple(folder for text in texts for folder in text.split(":") if folder)


def _mappable(segment: Segment) -> bool:
    return segment.align <= 1 or segment.offset % segment.align == segment.address % segment.align


class _Dynamic:
    """The dynamic section, and the tables that it leads to.

    Args:
        image: The file.
        segments: Its program headers.
        sections: Its section headers, perhaps none.
    """

    def __init__(self, image: Image, segments: tuple[Segment, ...], sections: tuple[Section, ...]) -> None:
        self._image = image
        self._loaded = tuple(segment for segment in segments if segment.kind == _PT_LOAD)
        self._sections = sections
        found = [segment for segment in segments if segment.kind == _PT_DYNAMIC]
        self._entries = image.dynamic(found[0]) if found else ()
        self._strings = self._table(_DT_STRTAB)
        size = self._value(_DT_STRSZ) or 0
        if self._strings is None and self.texts_wanted():
            raise ValueError("names without a table of names")
        self._limit = min((self._strings or 0) + size, len(image.content))

    def texts_wanted(self) -> bool:
        """Return whether any entry is a text."""
        return any(tag in (_DT_NEEDED, _DT_SONAME, _DT_RPATH, _DT_RUNPATH) for tag, _ in self._entries)

    def texts(self, tag: int) -> list[str]:
        """Return the texts under a tag, in order."""
        return [self._text(value) for each, value in self._entries if each == tag]

    def versions(self) -> list[tuple[int, NeededVersion]]:
        """Return the needed versions, each with the number that symbols call it by."""
        start, count = self._table(_DT_VERNEED), self._value(_DT_VERNEEDNUM) or 0
        if start is None:
            return []
        return [
            (
                number,
                NeededVersion(
                    library=self._text(library), version=self._text(name), weak=bool(flags & _FLAG_WEAK)
                ),
            )
            for library, name, flags, number in self._image.needed_versions(start, count)
        ]

    def undefined(self) -> tuple[Undefined, ...]:
        """Return the symbols that are taken from others."""
        start = self._table(_DT_SYMTAB)
        if start is None:
            return ()
        names = {number: needed.version for number, needed in self.versions()}
        versions = self._table(_DT_VERSYM)
        found = set()
        for index, name, binding in self._image.undefined_symbols(start, self._count(start)):
            if binding not in (_GLOBAL, _WEAK, _UNIQUE):
                continue
            number = 0 if versions is None else self._image.half(versions + 2 * index) & 0x7FFF
            found.add((self._text(name), names.get(number, ""), binding == _WEAK))
        return tuple(
            Undefined(name=name, version=version, weak=weak) for name, version, weak in sorted(found)
        )

    def binds_now(self) -> bool:
        """Return whether all symbols are looked up at once."""
        return bool((self._value(_DT_FLAGS_1) or 0) & _NOW)

    def _count(self, start: int) -> int:
        """Return how many symbols there are: nothing that the linker reads says so in all files."""
        for section in self._sections:
            if section.kind == _SHT_DYNSYM and section.offset == start:
                return section.size // self._image.symbol_size
        hashed = self._table(_DT_HASH)
        if hashed is not None:
            return self._image.word(hashed + 4)
        hashed = self._table(_DT_GNU_HASH)
        return 0 if hashed is None else self._image.gnu_hash_count(hashed)

    def _value(self, tag: int) -> int | None:
        return next((value for each, value in self._entries if each == tag), None)

    def _table(self, tag: int) -> int | None:
        """Return where in the file a table begins that is given by its address in memory."""
        address = self._value(tag)
        if address is None:
            return None
        for segment in self._loaded:
            if segment.address <= address < segment.address + segment.size:
                return segment.offset + address - segment.address
        raise ValueError(f"address {address:#x} is in no segment")

    def _text(self, offset: int) -> str:
        return self._image.text((self._strings or 0) + offset, self._limit)
