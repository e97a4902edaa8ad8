"""A built distribution (PEP 427) as values, however it came here, and what its metadata says of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email import message_from_string

_SEPARATORS = re.compile(r"[-_.]+")
_HOMEPAGES = ("homepage", "home", "home-page", "source", "source code", "repository", "github")
_WEB = re.compile(r"https?://\S+")


@dataclass(frozen=True, slots=True, kw_only=True)
class WheelFile:
    """One file of a wheel.

    Attributes:
        path: Where it lies below the folder that the wheel is installed in; relative, with ``/``, without ``..``.
        content: Its bytes.
        executable: The wheel wants it to be executable.
    """

    path: str
    content: bytes
    executable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """What a distribution says of itself (the core metadata).

    Attributes:
        name: Its name as it writes it.
        version: Its version.
        summary: One line about it.
        homepage: An ``http`` or ``https`` address; empty if it names none.
        requires_python: The Python versions it runs on, such as ``>=3.9``; empty for all.
        requires: What it needs, as it writes it, with markers.
        licence_expression: Its licence as an SPDX expression; empty if it does not say it that way.
        licence: What it calls its licence, or its whole text.
        classifiers: Its classifiers.
        licence_files: The files with its licences.
    """

    name: str
    version: str
    summary: str = ""
    homepage: str = ""
    requires_python: str = ""
    requires: tuple[str, ...] = ()
    licence_expression: str = ""
    licence: str = ""
    classifiers: tuple[str, ...] = ()
    licence_files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wheel:
    """A built distribution.

    Attributes:
        metadata: What it says of itself.
        tags: What it runs on, such as ``cp311-cp311-manylinux_2_28_x86_64``, one platform each.
        info: Name of its folder of metadata, such as ``aiohttp-3.9.0.dist-info``.
        files: All its files, sorted by path.
        sha256: Digest of its archive, hexadecimal; empty if it was read from where it is installed.
    """

    metadata: Metadata
    tags: tuple[str, ...]
    info: str
    files: tuple[WheelFile, ...]
    sha256: str = ""


def normalised(name: str) -> str:
    """Return a distribution's name in the form in which names are compared (PEP 503).

    Example:
        >>> normalised("Zope.Interface")
        'zope-interface'
    """
    return _SEPARATORS.sub("-", name).lower()


def modules_of(wheel: Wheel) -> frozenset[str]:
    """Return the outermost names of the modules that a wheel brings."""
    data = wheel.info.removesuffix(".dist-info") + ".data/"
    libraries = tuple(f"{data}{kind}/" for kind in ("purelib", "platlib"))
    paths = (file.path for file in wheel.files)
    placed = (path.split("/", 2)[2] if path.startswith(libraries) else path for path in paths)
    modules = (path for path in placed if path.endswith((".py", ".so")) and not path.startswith(data))
    return frozenset(re.split(r"[./]", path, maxsplit=1)[0] for path in modules)


def read_metadata(text: str) -> Metadata:
    """Read the core metadata of a distribution.

    Args:
        text: The file ``METADATA``.

    Raises:
        ValueError: It names no distribution or no version.
    """
    message = message_from_string(text)

    def one(field: str) -> str:
        value = str(message.get(field, "")).strip()
        return "" if value == "UNKNOWN" else value

    def several(field: str) -> tuple[str, ...]:
        return tuple(str(value).strip() for value in message.get_all(field, ()))

    if not one("Name") or not one("Version"):
        raise ValueError("its METADATA has no name or no version")
    return Metadata(
        name=one("Name"),
        version=one("Version"),
        summary=" ".join(one("Summary").split()),
        homepage=_homepage(one("Home-page"), several("Project-URL")),
        requires_python=one("Requires-Python"),
        requires=several("Requires-Dist"),
        licence_expression=" ".join(one("License-Expression").split()),
        licence=one("License"),
        classifiers=several("Classifier"),
        licence_files=several("License-File"),
    )


def tags_of(text: str) -> tuple[str, ...]:
    """Return the tags that a wheel's file ``WHEEL`` lists, each of a single interpreter, ABI and platform."""
    found = []
    for tag in message_from_string(text).get_all("Tag", ()):
        parts = str(tag).strip().split("-")
        if len(parts) == 3:  # noqa: PLR2004 (interpreter, ABI, platform)
            pythons, abis, platforms = (part.split(".") for part in parts)
            found += [f"{python}-{abi}-{one}" for python in pythons for abi in abis for one in platforms]
    return tuple(dict.fromkeys(found))


def _homepage(given: str, addresses: tuple[str, ...]) -> str:
    named = {}
    for address in addresses:
        label, _, value = address.partition(",")
        named[label.strip().lower()] = value.strip()
    wanted = [given, *(named.get(label, "") for label in _HOMEPAGES)]
    return next((address for address in wanted if _WEB.fullmatch(address)), "")
