from __future__ import annotations

import _ctypes
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.generate.debian.elf import ElfError, NeededVersion, Undefined, is_elf, read_elf
from tests.fakes.elf_files import MACHINES, Needs, make_elf

SAMPLE = make_elf(
    needed=("libfoo.so.1", "libc.so.6"),
    soname="libbar.so.2",
    runpath="$ORIGIN/../lib:/opt/x",
    symbols=(
        Needs("memcpy", "GLIBC_2.14"),
        Needs("foo", "", "libfoo.so.1"),
        Needs("_ITM_x", weak=True),
        Needs("bar", "FOO_1", "libfoo.so.1"),
    ),
)


@pytest.mark.parametrize(("bits", "order"), [(64, "<"), (64, ">"), (32, "<"), (32, ">")])
def test_an_elf_file_of_either_class_and_byte_order_is_read(bits: int, order: str) -> None:
    """All facts, from a file without any section."""
    content = make_elf(
        bits=bits,
        order=order,
        soname="libbar.so.2",
        needed=("libfoo.so.1", "libc.so.6"),
        symbols=(
            Needs("memcpy", "GLIBC_2.14"),
            Needs("foo", "FOO_1", "libfoo.so.1"),
            Needs("odd", weak=True),
        ),
    )
    facts = read_elf(content)
    assert facts.bits == bits
    assert facts.soname == "libbar.so.2"
    assert facts.needed == ("libfoo.so.1", "libc.so.6")
    assert facts.versions == (
        NeededVersion(library="libc.so.6", version="GLIBC_2.14", weak=False),
        NeededVersion(library="libfoo.so.1", version="FOO_1", weak=False),
    )
    assert facts.undefined == (
        Undefined(name="foo", version="FOO_1", weak=False),
        Undefined(name="memcpy", version="GLIBC_2.14", weak=False),
        Undefined(name="odd", version="", weak=True),
    )
    assert facts.shared
    assert facts.aligned
    assert facts.stripped
    assert not facts.executable_stack


@pytest.mark.parametrize(
    ("machine", "bits", "order", "flags", "architecture"),
    [
        (MACHINES["amd64"], 64, "<", 0, "amd64"),
        (MACHINES["amd64"], 32, "<", 0, "x32"),
        (MACHINES["arm64"], 64, "<", 0, "arm64"),
        (MACHINES["i386"], 32, "<", 0, "i386"),
        (40, 32, "<", 0x5000400, "armhf"),
        (40, 32, "<", 0x5000200, "armel"),
        (MACHINES["ppc64el"], 64, "<", 2, "ppc64el"),
        (MACHINES["s390x"], 64, ">", 0, "s390x"),
        (MACHINES["riscv64"], 64, "<", 5, "riscv64"),
        (4711, 64, "<", 0, ""),
    ],
)
def test_the_machine_is_told_by_debians_name(
    machine: int, bits: int, order: str, flags: int, architecture: str
) -> None:
    """The same number means another architecture with other bits, byte order or flags."""
    assert (
        read_elf(make_elf(machine=machine, bits=bits, order=order, flags=flags)).architecture == architecture
    )


def test_the_newer_kind_of_search_path_wins() -> None:
    """As the dynamic linker has it: DT_RPATH counts only where there is no DT_RUNPATH."""
    assert read_elf(make_elf(rpath="/old")).rpath == ("/old",)
    assert read_elf(make_elf(rpath="/old", runpath="/new::$ORIGIN")).rpath == ("/new", "$ORIGIN")


@pytest.mark.parametrize(("stack", "executable"), [(6, False), (7, True), (None, True)])
def test_a_stack_counts_as_executable_unless_the_file_says_otherwise(
    stack: int | None,
    executable: bool,  # noqa: FBT001 (given by pytest)
) -> None:
    """The kernel takes silence for a wish."""
    assert read_elf(make_elf(stack=stack)).executable_stack is executable


def test_when_symbols_are_looked_up_is_told() -> None:
    """Where they are all looked up at once, nobody can write to their table later."""
    assert not read_elf(make_elf()).bind_now
    assert read_elf(make_elf(now=True)).bind_now


def test_symbols_for_debuggers_are_seen() -> None:
    """They are in a section that the dynamic linker does not know."""
    assert not read_elf(make_elf(debug=True)).stripped


@pytest.mark.parametrize(
    "content", [b"", b"\x7fEL", b"#!/bin/sh\n", b"\x7fELF", make_elf(kind=1), make_elf(kind=4)]
)
def test_what_nobody_can_load_is_an_error(content: bytes) -> None:
    """Other files, the first bytes alone, object files and core dumps."""
    with pytest.raises(ElfError, match="not a usable ELF file"):
        read_elf(content)


def test_a_file_is_known_by_its_first_bytes() -> None:
    """Without reading on."""
    assert is_elf(SAMPLE)
    assert not is_elf(b"\x7fELV")


@given(st.integers(0, len(SAMPLE) - 1))
def test_a_file_that_is_cut_off_never_does_more_than_raise(length: int) -> None:
    """One that is cut in its names or tables cannot be read."""
    with pytest.raises(ElfError):
        read_elf(SAMPLE[:length])


@given(st.lists(st.tuples(st.integers(0, len(SAMPLE) - 1), st.integers(0, 255)), min_size=1, max_size=8))
def test_altered_bytes_never_do_more_than_raise(changes: list[tuple[int, int]]) -> None:
    """Either it still reads, or it is the one error."""
    content = bytearray(SAMPLE)
    for place, value in changes:
        content[place] = value
    try:
        facts = read_elf(bytes(content))
    except ElfError:
        return
    assert facts.bits in (32, 64)


@given(st.binary(max_size=400), st.sampled_from([1, 2]), st.sampled_from([1, 2]))
def test_any_bytes_behind_the_first_never_do_more_than_raise(rest: bytes, bits: int, order: int) -> None:
    """Of each class and byte order."""
    try:
        facts = read_elf(b"\x7fELF" + bytes([bits, order, 1]) + rest)
    except ElfError:
        return
    assert facts.needed == ()


def test_many_names_that_share_one_long_text_are_refused() -> None:
    """A small file must not make a large answer."""
    content = make_elf(symbols=[Needs("a" * 60_000)] + [Needs(f"s{number}") for number in range(3)])
    assert len(read_elf(content).undefined) == 4
    with pytest.raises(ElfError, match="without an end"):
        read_elf(make_elf(symbols=[Needs("a" * 70_000)]))


def _readelf(path: Path) -> tuple[set[str], set[tuple[str, str]]]:
    said = subprocess.run(
        ["readelf", "--wide", "--dynamic", "--dyn-syms", str(path)],  # noqa: S607 (the one on the search path)
        capture_output=True,
        text=True,
        check=True,
        env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"},
    ).stdout.splitlines()
    needed = {line.partition("[")[2].rstrip("]") for line in said if "(NEEDED)" in line}
    rows = [line.split() for line in said if " UND " in line]
    names = {row[7] for row in rows if len(row) > 7}
    return needed, {(name.partition("@")[0], name.partition("@")[2]) for name in names}


def _is_marked(path: Path, option: str, mark: str) -> bool:
    """Return whether readelf shows a mark."""
    said = subprocess.run(
        ["/usr/bin/readelf", "-W", option, str(path)], check=True, capture_output=True, text=True
    )
    return mark in said.stdout


@pytest.mark.skipif(shutil.which("readelf") is None, reason="binutils is not installed")
@pytest.mark.parametrize("source", ["real", "made"])
def test_readelf_sees_the_same(source: str, tmp_path: Path) -> None:
    """In a module of Python's, and in the files that these tests make."""
    path = Path(_ctypes.__file__)
    if source == "made":
        path = tmp_path / "made.so"
        path.write_bytes(make_elf(symbols=(), needed=("libc.so.6", "libm.so.6")))
    facts = read_elf(path.read_bytes())
    needed, undefined = _readelf(path)
    assert set(facts.needed) == needed
    assert {(each.name, each.version) for each in facts.undefined} == undefined
    assert facts.bind_now is _is_marked(path, "--dynamic", "Flags: NOW")
    assert facts.protected is _is_marked(path, "--segments", "GNU_RELRO")
