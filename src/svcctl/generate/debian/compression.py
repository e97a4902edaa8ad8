"""Compression of a package's members: one .xz stream, whose blocks are compressed side by side.

Its bytes depend on the content alone, not on how many blocks are compressed at a time.
Source: the .xz file format, 1.2.0, sections 2.1 (a stream's header and footer), 3.1 (blocks) and 4 (the index).
"""

from __future__ import annotations

import lzma
import struct
import zlib
from concurrent.futures import ThreadPoolExecutor

#: Bytes of content in each block, at most: smaller ones need more room, larger ones leave processors idle.
BLOCK = 2 << 20

_HEADER = _FOOTER = 12
#: Nothing is further away than a block is long; a larger dictionary would only take memory. To look for a longer match at
#: fewer places than the preset does takes a quarter less time for a hundredth more bytes.
_LZMA2 = {"id": lzma.FILTER_LZMA2, "preset": 5, "depth": 12, "dict_size": BLOCK}
_X86 = {"id": lzma.FILTER_X86}


def compress(content: bytes, code: bytes = b"", *, amd64: bool = False) -> bytes:
    """Return content, and machine code behind it, as an .xz stream.

    Args:
        content: What is compressed.
        code: Files of machine code, in blocks of their own: what they repeat is in themselves, not in texts.
        amd64: The code is of that architecture: the targets of its calls are made easier to compress.
    """

    def alone(job: tuple[bytes, list[dict[str, int]]]) -> bytes:
        block, filters = job
        return lzma.compress(block, format=lzma.FORMAT_XZ, check=lzma.CHECK_CRC64, filters=filters)

    jobs = [(block, [_LZMA2]) for block in _blocks(content)]
    jobs += [(block, [_X86, _LZMA2] if amd64 else [_LZMA2]) for block in _blocks(code)]
    with ThreadPoolExecutor() as pool:
        return _joined(list(pool.map(alone, jobs or [(b"", [_LZMA2])])))


def _blocks(content: bytes) -> list[bytes]:
    """Return content in as few blocks as can be, of one length: so that no processor waits for another's longer one."""
    count = -(-len(content) // BLOCK)
    return [
        content[len(content) * each // count : len(content) * (each + 1) // count] for each in range(count)
    ]


def _joined(streams: list[bytes]) -> bytes:
    """Return streams of a block each as one stream of all the blocks; dpkg-deb reads no other."""
    if len(streams) == 1:
        return streams[0]
    blocks, records = [], []
    for stream in streams:
        (size,) = struct.unpack("<I", stream[-8:-4])
        index = stream[-_FOOTER - 4 * (size + 1) : -_FOOTER]
        records.append(_record(index))
        blocks.append(stream[_HEADER : -_FOOTER - len(index)])
    index = b"\0" + _number(len(records)) + b"".join(records)
    index += b"\0" * (-len(index) % 4)
    index += struct.pack("<I", zlib.crc32(index))
    header = streams[0][:_HEADER]
    end = struct.pack("<I", len(index) // 4 - 1) + header[6:8]
    return header + b"".join(blocks) + index + struct.pack("<I", zlib.crc32(end)) + end + b"YZ"


def _record(index: bytes) -> bytes:
    """Return the one record in an index: two numbers of several bytes each, behind its mark and the count."""
    end = 2
    for _ in range(2):
        while index[end] & 0x80:
            end += 1
        end += 1
    return index[2:end]


def _number(value: int) -> bytes:
    """Return a number in the form that an index has it: seven bits a byte, the lowest first."""
    found = bytearray()
    while value > 0x7F:  # noqa: PLR2004 (seven bits)
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes((*found, value))
