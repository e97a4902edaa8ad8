"""Names of licences in Debian's files, texts that every Debian system has already, and notices of copyright.

Source: Debian policy, section 12.5; copyright-format 1.0, section 7; SPDX licence list.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from svcctl.generate.debian.text import clean_lines
from svcctl.generate.text import one_line

COMMON = "/usr/share/common-licenses"

#: File in that folder, and what only its whole text holds, with blanks for line ends.
_WHOLE = {
    "Apache-2.0": ("Apache License", "TERMS AND CONDITIONS FOR USE, REPRODUCTION, AND DISTRIBUTION"),
    "GPL-2": ("GNU GENERAL PUBLIC LICENSE Version 2,", "TERMS AND CONDITIONS FOR COPYING"),
    "GPL-3": ("GNU GENERAL PUBLIC LICENSE Version 3,", "END OF TERMS AND CONDITIONS"),
    "LGPL-2.1": ("GNU LESSER GENERAL PUBLIC LICENSE Version 2.1,", "TERMS AND CONDITIONS FOR COPYING"),
    "LGPL-3": ("GNU LESSER GENERAL PUBLIC LICENSE Version 3,", "Additional Definitions"),
    "MPL-2.0": ("Mozilla Public License Version 2.0", "Exhibit A - Source Code Form License Notice"),
    "CC0-1.0": ("CC0 1.0 Universal", "Statement of Purpose"),
}
_GNU = re.compile(r"((?:L|A)?GPL|GFDL)-(\d+(?:\.\d+)?)(?:\.0)?(-only|-or-later|\+)?")
_OPERATOR = re.compile(r"\s+(AND|OR|WITH)\s+", re.IGNORECASE)
_NOTICE = re.compile(
    r"\s*(?:[#*/%.;]+\s*)?(?:Copyright|©)\s*:?\s*(?:\(c\)|©)?[\s,:]*(?:by\s+)?(.*\w.*)", re.IGNORECASE
)
_SPDX = re.compile(r"[A-Za-z0-9.+\-() ]+")


def is_expression(name: str) -> bool:
    """Return whether a text can be an SPDX expression."""
    return bool(_SPDX.fullmatch(name)) and name.count("(") == name.count(")")


def short_name(expression: str) -> str:
    """Return an SPDX expression as Debian's copyright files write it.

    Example:
        >>> short_name("MIT"), short_name("GPL-3.0-or-later WITH GCC-exception-3.1 OR Apache-2.0")
        ('Expat', 'GPL-3+ with GCC-exception-3.1 exception or Apache-2.0')
        >>> short_name("Some License, 2nd")
        'Some-License-2nd'
    """
    if not is_expression(expression):
        return re.sub(r"[^A-Za-z0-9.+\-]+", "-", expression).strip("-")
    plain = re.sub(r"\s+", " ", expression.replace("(", " ").replace(")", " ")).strip()
    parts = _OPERATOR.split(plain)
    if any(" " in part for part in parts):
        return plain.replace(" ", "-")
    written = _debian_name(parts[0])
    for operator, name in zip(parts[1::2], parts[2::2], strict=True):
        word = operator.lower()
        written += f" with {name} exception" if word == "with" else f" {word} {_debian_name(name)}"
    return written


def common_name(expression: str) -> str:
    """Return the file in the folder of common licences that has the text of a licence; empty if there is none.

    Example:
        >>> common_name("GPL-2.0-or-later"), common_name("Apache-2.0"), common_name("MIT")
        ('GPL-2', 'Apache-2.0', '')
    """
    name = short_name(expression).removesuffix("+")
    return name if name in {*_WHOLE, "GPL-1", "LGPL-2", "GFDL-1.2", "GFDL-1.3", "MPL-1.1"} else ""


def whole_text_of(text: str) -> str:
    """Return the name of the common licence that a text is; empty if it is another one, or only mentions it."""
    flat = one_line(text)
    for name, (begins, holds) in _WHOLE.items():
        if begins.lower() in flat[:400].lower() and holds.lower() in flat.lower():
            return name
    return ""


def pointer(name: str) -> str:
    """Return the sentence that stands for the text of a common licence."""
    return f"On Debian systems, the text of this licence is in {COMMON}/{name}."


def notices(texts: Iterable[str]) -> tuple[str, ...]:
    """Return who holds the copyright as far as the texts say it with a year, in order, none twice."""
    found: dict[str, None] = {}
    for text in texts:
        if not whole_text_of(text):
            found.update(dict.fromkeys(_notices(text)))
    return tuple(found)


def _notices(text: str) -> Iterator[str]:
    for line in clean_lines(text):
        notice = _NOTICE.fullmatch(line)
        if notice and re.search(r"\b(19|20)\d\d\b", notice[1]):
            yield re.sub(
                r"[\s.,;]*(all rights reserved)?[\s.,;]*$", "", one_line(notice[1]), flags=re.IGNORECASE
            )


def _debian_name(name: str) -> str:
    gnu = _GNU.fullmatch(name)
    if gnu:
        version = gnu[2].removesuffix(".0")
        return f"{gnu[1]}-{version}{'+' if gnu[3] in {'-or-later', '+'} else ''}"
    return {"MIT": "Expat", "LicenseRef-Public-Domain": "public-domain"}.get(name, name)
