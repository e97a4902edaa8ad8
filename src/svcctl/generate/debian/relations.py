"""Relations between packages: their syntax, and lists of them without repetition.

Source: Debian policy, section 7.1; deb-substvars(5) is not used here: every relation is complete.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_NAME = r"[a-z0-9][a-z0-9+.\-]+(?::(?:any|native|[a-z0-9\-]+))?"
_BOUND = r"(?:<<|<=|=|>=|>>)\s*[0-9][A-Za-z0-9.+~:\-]*"
_SINGLE = re.compile(rf"({_NAME})(?:\s*\(\s*({_BOUND})\s*\))?")

#: What has systemd-sysusers, on a system with systemd or another one.
SYSUSERS = "systemd | systemd-standalone-sysusers | systemd-sysusers"


def normal(relation: str) -> str:
    """Return a relation with blanks where Debian's tools write them; empty if it is none.

    Example:
        >>> normal("python3(>=3.11)|pypy3"), normal("Python3 > 3")
        ('python3 (>= 3.11) | pypy3', '')
    """
    alternatives = [_SINGLE.fullmatch(part.strip()) for part in relation.split("|")]
    texts = []
    for found in alternatives:
        if not found:
            return ""
        operator = re.sub(r"^([<>=]+)\s*", r"\1 ", found[2]) if found[2] else ""
        texts.append(f"{found[1]} ({operator})" if operator else found[1])
    return " | ".join(texts)


def join(relations: Iterable[str]) -> str:
    """Return the relations as the value of a field: sorted, none twice, none that another one implies by itself."""
    known = {normal(relation) for relation in relations} - {""}
    bounded = {relation.partition(" (")[0] for relation in known if "|" not in relation and " (" in relation}
    return ", ".join(sorted(known - bounded))
