from __future__ import annotations

import lzma
import random
import subprocess
from pathlib import Path

import pytest

from svcctl.generate.debian.compression import BLOCK, compress

#: Less than a block, one, a little more, and so many that their number takes two bytes.
SIZES = (0, 1, BLOCK, BLOCK + 1, 2 * BLOCK + 12345)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("amd64", [False, True])
def test_what_is_compressed_can_be_read_again(size: int, *, amd64: bool) -> None:
    """By the library, and by the program, which also counts the blocks."""
    content = random.Random(size).randbytes(size // 64 + 1) * 64  # noqa: S311 (no secret)
    content = content[:size]
    stream = compress(content[: size // 3], content[size // 3 :], amd64=amd64)
    assert lzma.decompress(stream, format=lzma.FORMAT_XZ) == content
    done = subprocess.run(
        ["/usr/bin/xz", "--decompress", "--stdout"], input=stream, capture_output=True, check=True
    )
    assert done.stdout == content


def test_there_is_one_stream_with_all_blocks() -> None:
    """Several streams, one behind the other, are refused by dpkg-deb."""
    decompressor = lzma.LZMADecompressor(format=lzma.FORMAT_XZ)
    content = b"x" * (3 * BLOCK)
    assert decompressor.decompress(compress(content)) == content
    assert decompressor.eof
    assert decompressor.unused_data == b""


def test_blocks_are_of_one_length_and_code_has_its_own(tmp_path: Path) -> None:
    """So that processors finish together, and each block has but one kind of content."""
    path = tmp_path / "x.xz"
    path.write_bytes(compress(b"x" * (BLOCK + 1), b"y" * (BLOCK + BLOCK // 2), amd64=True))
    done = subprocess.run(
        ["/usr/bin/xz", "--robot", "--list", "-vv", path], capture_output=True, text=True, check=True
    )
    blocks = [line.split("\t") for line in done.stdout.splitlines() if line.startswith("block")]
    assert [int(block[7]) for block in blocks] == [BLOCK // 2, BLOCK // 2 + 1, *[BLOCK * 3 // 4] * 2]
    assert ["--x86" in block[-1] for block in blocks] == [False, False, True, True]


def test_more_blocks_than_a_byte_can_count_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Their number, and their sizes, are as long as they have to be."""
    monkeypatch.setattr("svcctl.generate.debian.compression.BLOCK", 100)
    content = bytes(range(256)) * 100
    assert lzma.decompress(compress(content)) == content


def test_the_same_content_gives_the_same_bytes() -> None:
    """However many processors there are; the filter for machine code changes them."""
    content = bytes(range(256)) * (BLOCK // 128)
    assert compress(content) == compress(content)
    assert compress(b"", content) != compress(b"", content, amd64=True)
