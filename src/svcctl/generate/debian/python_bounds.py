"""Which versions of python3 a package needs: from the wheels' tags and from what they say they run on."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

Minor = tuple[int, int]

_CLAUSE = re.compile(r"(?P<operator>===|==|!=|~=|>=|<=|>|<)\s*(?P<version>[0-9][0-9A-Za-z.*+!-]*)")
_TAG = re.compile(r"(?P<kind>py|cp)(?P<major>\d)(?P<minor>\d*)")
_PYTHON_3 = 3

#: The machine's part of a platform tag, by Debian's name of the architecture.
_MACHINES = {
    "amd64": "x86_64",
    "arm64": "aarch64",
    "armhf": "armv7l",
    "i386": "i686",
    "ppc64el": "ppc64le",
    "riscv64": "riscv64",
    "s390x": "s390x",
    "loong64": "loongarch64",
}


class Bounds(NamedTuple):
    """Versions of Python, as (major, minor).

    Attributes:
        lowest: The first that will do; ``None`` for any.
        below: The first that will do no longer; ``None`` if none is known.
    """

    lowest: Minor | None = None
    below: Minor | None = None


def minor_of(version: str) -> Minor:
    """Return major and minor of a version such as ``3.11.2`` or ``3.11``.

    Raises:
        ValueError: It is none.
    """
    parts = re.match(r"(\d+)\.(\d+)", version)
    if parts is None:
        raise ValueError(f"not a version of Python: {version!r}")
    return int(parts[1]), int(parts[2])


def machine_of(architecture: str) -> str:
    """Return the machine as platform tags name it, such as ``x86_64`` for ``amd64``; empty if none is known."""
    return _MACHINES.get(architecture, "")


def required(specifier: str) -> Bounds:
    """Return the bounds in a ``Requires-Python``, as far as they concern whole minor versions.

    An upper bound at 4 says nothing: Debian's package of Python 4 will not be called python3.

    Raises:
        ValueError: It does not parse.

    Example:
        >>> required(">=3.8, <3.13")
        Bounds(lowest=(3, 8), below=(3, 13))
    """
    bounds = Bounds()
    for clause in filter(None, (part.strip() for part in specifier.split(","))):
        bounds = narrowest((bounds, _bounds(clause)))
    return bounds


def allows(specifier: str, python: str) -> bool:
    """Return whether a ``Requires-Python`` allows a minor version of Python, in any of its patch levels.

    Raises:
        ValueError: It does not parse.
    """
    minor = minor_of(python)
    bounds = required(specifier)
    excluded = [_clause(part) for part in specifier.split(",") if part.strip().startswith("!=")]
    return (
        (bounds.lowest is None or bounds.lowest <= minor)
        and (bounds.below is None or minor < bounds.below)
        and not any(version == f"{minor[0]}.{minor[1]}.*" for _, version in excluded)
    )


def tagged(tag: str, python: str, architecture: str) -> Bounds | None:
    """Return the bounds that a wheel's tag means for Python, or ``None`` if the wheel does not run on the target.

    Args:
        tag: Interpreter, ABI and platform, such as ``cp311-abi3-manylinux_2_28_x86_64``.
        python: The target's version, such as ``3.11``.
        architecture: The target's architecture, as Debian calls it.
    """
    interpreter, _, rest = tag.partition("-")
    abi, _, platform = rest.partition("-")
    parts = _TAG.fullmatch(interpreter)
    if parts is None or int(parts["major"]) != _PYTHON_3 or not _runs_on(platform, architecture):
        return None
    minor = (3, int(parts["minor"])) if parts["minor"] else None
    target = minor_of(python)
    exact = Bounds(target, (target[0], target[1] + 1))
    if parts["kind"] == "py" and abi == "none":
        return Bounds(minor) if minor is None or minor <= target else None
    if abi == "abi3":
        return Bounds(minor) if minor is not None and minor <= target else None
    return exact if minor == target and abi in ("none", f"cp3{target[1]}") else None


def narrowest(bounds: Iterable[Bounds]) -> Bounds:
    """Return the bounds that satisfy all others."""
    every = tuple(bounds)
    return Bounds(
        max((each.lowest for each in every if each.lowest), default=None),
        min((each.below for each in every if each.below), default=None),
    )


def relations(bounds: Bounds, *, same_architecture: bool) -> tuple[str, ...]:
    """Return the relations to python3 in Debian's words.

    Args:
        bounds: What it needs.
        same_architecture: It holds code that python3 itself loads, so that one of another architecture will not do.

    Example:
        >>> relations(Bounds((3, 11), (3, 12)), same_architecture=True)
        ('python3 (>= 3.11~)', 'python3 (<< 3.12)')
    """
    package = "python3" if same_architecture else "python3:any"
    lowest = (f"{package} (>= {_dotted(bounds.lowest)}~)",) if bounds.lowest else ()
    below = (f"{package} (<< {_dotted(bounds.below)})",) if bounds.below else ()
    return (*lowest, *below) or (package,)


def _dotted(minor: Minor) -> str:
    return f"{minor[0]}.{minor[1]}"


def _runs_on(platform: str, architecture: str) -> bool:
    machine = machine_of(architecture)
    known = re.fullmatch(r"(manylinux\w*?_|linux_)(?P<machine>[a-z][a-z0-9_]*)", _without_version(platform))
    return platform == "any" or (known is not None and known["machine"] == machine)


def _without_version(platform: str) -> str:
    return re.sub(r"^manylinux(_\d+_\d+|1|2010|2014)_", "manylinux_", platform)


def _clause(text: str) -> tuple[str, str]:
    parts = _CLAUSE.fullmatch(text.strip())
    if parts is None:
        raise ValueError(f"not a condition on the version of Python: {text!r}")
    return parts["operator"], parts["version"]


def _bounds(text: str) -> Bounds:
    """Return the bounds of one condition; a minor version counts as allowed if one of its patch levels is."""
    operator, version = _clause(text)
    numbers = [int(number) for number in re.findall(r"\d+", version)]
    major, minor, *patch = (*numbers, 0)[: max(2, len(numbers))]
    here, following = (major, minor), (major, minor + 1)
    whole = len(numbers) == 1 or (operator == "~=" and not patch)
    after = (major + 1, 0) if whole else following
    lowest = here if operator in (">=", ">", "==", "===", "~=") else None
    below = {"<": following if any(patch) else here, "<=": following, "==": after, "===": after, "~=": after}
    return Bounds(
        lowest, next((each for each in (below.get(operator),) if each and each[0] <= _PYTHON_3), None)
    )
