"""Which well-known libraries are linked into the shared objects of wheels, told by a text that each has in it.

Debian's security updates do not reach such a copy, so the user of a package has to know of it.
Source: lintian's tag ``embedded-library``, which looks for the same texts; Debian policy, section 4.13.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from svcctl.generate.debian.elf import is_elf
from svcctl.generate.debian.model import ProgramFile

#: Those that are met in wheels, by the name that lintian has for them.
_TEXTS: Mapping[str, tuple[bytes, ...]] = {
    "bzip2": (b"This is a bug in bzip2",),
    "curl": (b"A libcurl function was given a bad argument",),
    "expat": (b"requested feature requires XML_DTD support in Expat",),
    "file": (b"could not find any magic files", b"could not find any valid magic files"),
    "freetype": (b"HuaTianSongTi?",),
    "gmp": (b"GNU MP: Cannot allocate memory",),
    "lcms2": (b"Unsupported number of channels for VCGT",),
    "libidn2-0": (b"punycode conversion resulted in overflow",),
    "libjpeg": (b"Caution: quantization tables are too coarse for baseline JPEG",),
    "libmysqlclient": (b"MySQL client ran out of memory",),
    "libpng": (b"Potential overflow in png_zalloc", b"gamma value does not match libpng estimate"),
    "libssh2": (b"Invalid descriptor passed to libssh2_poll",),
    "libxml2": (b"root and DTD name do not match",),
    "libyaml": (b"did not find expected <stream-start>",),
    "libzstd": (b"pathological dataset : literals are not compressible : samples are noisy or too regular",),
    "mpfr": (b"MPFR: Can't allocate memory",),
    "ncurses": (b"Not enough memory to create terminal structure",),
    "openssl": (b"You need to read the OpenSSL FAQ",),
    "pcre3": (b"this version of PCRE is not compiled with PCRE_UTF8 support",),
    "sqlite": (b"CREATE TABLE sqlite_master(",),
    "tiff": (b"No space for PixarLog state block",),
    "zlib": (b"deflate 1.", b"inflate 1."),
}


def embedded_libraries(files: Iterable[ProgramFile]) -> dict[str, tuple[str, ...]]:
    r"""Return the paths of the objects that a library is linked into, by the library's name, both sorted.

    Example:
        >>> from svcctl.generate.debian.model import ProgramFile
        >>> module = ProgramFile(path="/usr/lib/echo/_yaml.so", content=b"\x7fELF did not find expected <stream-start>")
        >>> embedded_libraries([module])
        {'libyaml': ('/usr/lib/echo/_yaml.so',)}
    """
    objects = [file for file in files if is_elf(file.content)]
    found = {
        name: tuple(sorted(file.path for file in objects if any(text in file.content for text in texts)))
        for name, texts in _TEXTS.items()
    }
    return {name: paths for name, paths in found.items() if paths}
