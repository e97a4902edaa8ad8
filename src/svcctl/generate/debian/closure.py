"""Which distributions of an environment an application needs, and what of svcctl runs it.

Source: the core metadata, ``Requires-Dist``; PEP 376, ``REQUESTED``; the entry points specification.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from svcctl.generate.debian.wheel import Wheel, WheelFile, modules_of, normalised, read_metadata

OWN = "svcctl"

#: What svcctl needs for its commands alone.
_OF_COMMANDS = frozenset({"typer", "psutil"})
_INSTALLERS = frozenset({"pip", "setuptools", "wheel"})
#: The rooms of svcctl that nothing enters which runs an application.
_ROOMS_OF_COMMANDS = ("cli/", "generate/", "host/", "operations/", "plan/", "testing/", "__main__.py")
#: What no package of Debian's needs of the others: the service host of Windows.
_SERVICE_HOST = tuple(
    f"runtime/windows/{name}.py" for name in ("__main__", "child", "host", "inside", "log", "machine")
)
_GROUPS_OF_COMMANDS = ("console_scripts", "pytest11")
_NAME = re.compile(r"[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?")
_EXTRA = re.compile(r"\bextra\s*==")
_SECTION = re.compile(r"^\[(.+)\]\s*$", re.MULTILINE)


def needed(wheels: Iterable[Wheel], imported: Collection[str] = ()) -> tuple[Wheel, ...]:
    """Return the distributions that an application needs, of those in its environment.

    These are those that somebody has asked the installer for, those that no other one requires, those that the
    application imports, and what all of them require. A requirement is followed whatever its marker says, those of
    extras as well: one too many does no harm. pip, setuptools and wheel are left out unless something requires them or
    the application imports them; so is what svcctl needs for its commands alone, unless something requires it without
    an extra: that it is there does not show that an extra was asked for.

    Args:
        wheels: The distributions of the environment.
        imported: Outermost names of the modules that the application imports.

    Returns:
        Sorted by name.
    """
    known = {normalised(wheel.metadata.name): wheel for wheel in wheels}
    plain = {name: _requires(wheel, extras=False) & known.keys() for name, wheel in known.items()}
    of_commands = _reached(_OF_COMMANDS & known.keys(), plain)
    edges = {
        name: plain[name] | (_requires(wheel, extras=True) & known.keys() - of_commands)
        for name, wheel in known.items()
    }
    wanted = {name for name, wheel in known.items() if _is_requested(wheel) or _is_outermost(name, edges)}
    wanted -= _INSTALLERS
    wanted |= {name for name, wheel in known.items() if not modules_of(wheel).isdisjoint(imported)}
    if OWN in known:
        wanted.add(OWN)
        edges[OWN] -= _OF_COMMANDS
    return tuple(known[name] for name in sorted(_reached(wanted, edges)))


def runtime_part(wheel: Wheel) -> Wheel:
    """Return of svcctl's distribution what runs an application: neither its commands, nor what installs and tests.

    Its metadata no longer ask for what only the commands need, and no longer name these; there is no ``RECORD``, which
    would list what is not there.

    Args:
        wheel: The whole of svcctl.
    """
    rooms = tuple(f"{OWN}/{room}" for room in (*_ROOMS_OF_COMMANDS, *_SERVICE_HOST))
    changed = {"METADATA": _without_requirements, "entry_points.txt": _without_groups}
    files = []
    for file in wheel.files:
        name = file.path.removeprefix(f"{wheel.info}/")
        if (
            file.path.startswith(rooms)
            or name == "RECORD"
            or file.path.startswith(f"{wheel.info.removesuffix('.dist-info')}.data/")
        ):
            continue
        if name != file.path and name in changed:
            files.append(WheelFile(path=file.path, content=changed[name](file.content.decode()).encode()))
        else:
            files.append(file)
    metadata = next(file.content for file in files if file.path == f"{wheel.info}/METADATA")
    return replace(wheel, files=tuple(files), metadata=read_metadata(metadata.decode()))


def _requires(wheel: Wheel, *, extras: bool) -> frozenset[str]:
    """Return the names of what a distribution requires for its extras, or in any case."""
    return frozenset(
        normalised(found[0])
        for text in wheel.metadata.requires
        if (found := _NAME.match(text)) and bool(_EXTRA.search(text)) is extras
    )


def _reached(roots: Collection[str], edges: Mapping[str, Collection[str]]) -> frozenset[str]:
    pending, found = list(roots), set(roots)
    while pending:
        new = set(edges[pending.pop()]) - found
        pending += new
        found |= new
    return frozenset(found)


def _is_outermost(name: str, edges: Mapping[str, Collection[str]]) -> bool:
    """Return whether nothing requires a distribution but itself and those that it requires itself, in a circle."""
    own = _reached((name,), edges)
    return not any(name in required for other, required in edges.items() if other not in own)


def _is_requested(wheel: Wheel) -> bool:
    return any(file.path == f"{wheel.info}/REQUESTED" for file in wheel.files)


def _without_requirements(text: str) -> str:
    head, blank, body = text.partition("\n\n")
    lines = [line for line in head.split("\n") if not _is_of_commands(line)]
    return "\n".join(lines) + blank + body


def _is_of_commands(line: str) -> bool:
    field, _, value = line.partition(":")
    name = _NAME.match(value.strip())
    return field.lower() == "requires-dist" and name is not None and normalised(name[0]) in _OF_COMMANDS


def _without_groups(text: str) -> str:
    first, *parts = _SECTION.split(text)
    kept = [
        (name, body)
        for name, body in zip(parts[::2], parts[1::2], strict=True)
        if name not in _GROUPS_OF_COMMANDS
    ]
    return first + "".join(f"[{name}]{body}" for name, body in kept)
