"""Has lintian judge packages, with all that it has to say."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from svcctl.host import commands

_TOOL = "lintian"
_OPTIONS = (
    "--display-info",
    "--pedantic",
    "--display-experimental",
    *("--tag-display-limit", "0"),
    *("--color", "never"),
    *("--fail-on", "none"),
    "--no-cfg",
)
_TIME_LIMIT = 900.0
_TAG = re.compile(r"([EWIPX]): \S+( \S+)?: \S+.*")


class Lint(NamedTuple):
    """What lintian says of packages; what they override is not among it.

    Attributes:
        version: Its own version, such as ``2.116.3+deb12u1``.
        errors: How many of the tags are errors.
        warnings: How many are warnings.
        infos: How many are hints.
        others: How many are pedantic or experimental.
        lines: The tags as it shows them, such as ``W: echo: no-manual-page [usr/bin/hello]``, in its order.
    """

    version: str
    errors: int
    warnings: int
    infos: int
    others: int
    lines: tuple[str, ...]


def examine(paths: Sequence[str]) -> Lint | None:
    """Return what lintian says of packages; ``None`` if there is no lintian.

    It reads none of its configuration files, since they could hide tags.

    Args:
        paths: The packages, binary (``.deb``) or source (``.dsc``, ``.changes``); at least one.

    Raises:
        CommandError: Lintian could not do its work, as with a file that is no package.
    """
    if not commands.available(_TOOL):
        return None
    version = commands.run((_TOOL, "--print-version")).stdout.strip()
    as_root = ("--allow-root",) if os.geteuid() == 0 else ()
    done = commands.run((_TOOL, *_OPTIONS, *as_root, *paths), time_limit=_TIME_LIMIT)
    return _read(version, done.stdout)


def _read(version: str, said: str) -> Lint:
    """Read lintian's output; its own remarks (``N:``) and overridden tags (``O:``) are no findings."""
    lines = tuple(line for line in said.splitlines() if _TAG.fullmatch(line))
    counts = Counter(line[0] for line in lines)
    errors, warnings, infos = (counts[letter] for letter in "EWI")
    return Lint(version, errors, warnings, infos, len(lines) - errors - warnings - infos, lines)
