"""Under which licence a distribution is given away, as an SPDX expression.

In the order of how well it can be trusted: ``License-Expression`` (PEP 639), a name in ``License`` that is known, the
classifiers, the texts that it ships. Several licences without a word on how they combine are all to be kept to
(``AND``); who may choose has to say so.
"""

from __future__ import annotations

import re

from svcctl.generate.debian.wheel import Metadata

_PREFIX = "License :: "
_MAX_NAME = 80
_APPROVALS = ("OSI Approved", "DFSG approved")

#: Names that are found in the field License, in small letters, beside the identifiers themselves.
_NAMES = {
    "apache": "Apache-2.0",
    "apache 2": "Apache-2.0",
    "apache 2.0": "Apache-2.0",
    "apache license": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "apache license, version 2.0": "Apache-2.0",
    "apache license version 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "apache software license 2.0": "Apache-2.0",
    "apache2": "Apache-2.0",
    "2-clause bsd": "BSD-2-Clause",
    "bsd 2-clause": "BSD-2-Clause",
    "simplified bsd": "BSD-2-Clause",
    "3-clause bsd": "BSD-3-Clause",
    "3-clause bsd license": "BSD-3-Clause",
    "bsd 3-clause": "BSD-3-Clause",
    "bsd 3-clause license": "BSD-3-Clause",
    "bsd-3": "BSD-3-Clause",
    "modified bsd": "BSD-3-Clause",
    "new bsd": "BSD-3-Clause",
    "new bsd license": "BSD-3-Clause",
    "expat": "MIT",
    "mit license": "MIT",
    "the mit license": "MIT",
    "the mit license (mit)": "MIT",
    "isc license": "ISC",
    "mpl 2.0": "MPL-2.0",
    "mozilla public license 2.0": "MPL-2.0",
    "psf": "PSF-2.0",
    "python software foundation license": "PSF-2.0",
    "gplv2": "GPL-2.0-only",
    "gplv3": "GPL-3.0-only",
    "gplv3+": "GPL-3.0-or-later",
    "lgplv3": "LGPL-3.0-only",
    "lgplv3+": "LGPL-3.0-or-later",
    "public domain": "LicenseRef-Public-Domain",
    "zpl 2.1": "ZPL-2.1",
}
_IDENTIFIERS = [
    "0BSD",
    "AGPL-3.0-only",
    "AGPL-3.0-or-later",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "EPL-2.0",
    "GPL-2.0-only",
    "GPL-2.0-or-later",
    "GPL-3.0-only",
    "GPL-3.0-or-later",
    "ISC",
    "LGPL-2.1-only",
    "LGPL-2.1-or-later",
    "LGPL-3.0-only",
    "LGPL-3.0-or-later",
    "MIT",
    "MIT-0",
    "MIT-CMU",
    "MPL-1.1",
    "MPL-2.0",
    "NCSA",
    "OFL-1.1",
    "PSF-2.0",
    "Python-2.0",
    "Unlicense",
    "WTFPL",
    "Zlib",
    "ZPL-2.1",
]
_KNOWN = {identifier.lower(): identifier for identifier in _IDENTIFIERS} | _NAMES

_CLASSIFIERS = {
    "Academic Free License (AFL)": "AFL-3.0",
    "Apache Software License": "Apache-2.0",
    "Boost Software License 1.0 (BSL-1.0)": "BSL-1.0",
    "CC0 1.0 Universal (CC0 1.0) Public Domain Dedication": "CC0-1.0",
    "GNU Affero General Public License v3": "AGPL-3.0-only",
    "GNU Affero General Public License v3 or later (AGPLv3+)": "AGPL-3.0-or-later",
    "GNU General Public License v2 (GPLv2)": "GPL-2.0-only",
    "GNU General Public License v2 or later (GPLv2+)": "GPL-2.0-or-later",
    "GNU General Public License v3 (GPLv3)": "GPL-3.0-only",
    "GNU General Public License v3 or later (GPLv3+)": "GPL-3.0-or-later",
    "GNU Lesser General Public License v2 or later (LGPLv2+)": "LGPL-2.0-or-later",
    "GNU Lesser General Public License v3 (LGPLv3)": "LGPL-3.0-only",
    "GNU Lesser General Public License v3 or later (LGPLv3+)": "LGPL-3.0-or-later",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "MIT No Attribution License (MIT-0)": "MIT-0",
    "Mozilla Public License 1.1 (MPL 1.1)": "MPL-1.1",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
    "Public Domain": "LicenseRef-Public-Domain",
    "The Unlicense (Unlicense)": "Unlicense",
    "Zero-Clause BSD (0BSD)": "0BSD",
    "zlib/libpng License": "Zlib",
    "Zope Public License": "ZPL-2.1",
}

#: A sentence of each licence that no other one has, without regard to blanks and case; the first that fits counts.
_SENTENCES = (
    ("apache license version 2.0", "Apache-2.0"),
    ("mozilla public license version 2.0", "MPL-2.0"),
    ("gnu affero general public license version 3", "AGPL-3.0-only"),
    ("gnu lesser general public license version 3", "LGPL-3.0-only"),
    ("gnu general public license version 3", "GPL-3.0-only"),
    ("gnu general public license version 2", "GPL-2.0-only"),
    ("python software foundation license version 2", "PSF-2.0"),
    ("permission is hereby granted, free of charge, to any person obtaining a copy", "MIT"),
    ("permission to use, copy, modify, and/or distribute this software", "ISC"),
    ("permission to use, copy, modify, and distribute this software", "ISC"),
    ("this is free and unencumbered software released into the public domain", "Unlicense"),
)
_BSD = "redistribution and use in source and binary forms"
_BSD_NAME_CLAUSE = re.compile(
    r"neither the names? |may not be used to endorse|names? of .{0,80} may not be used"
)


def licence_of(metadata: Metadata, texts: tuple[tuple[str, str], ...]) -> str:
    """Return a distribution's licence as an SPDX expression; empty if it says nothing that is understood.

    Args:
        metadata: What it says of itself.
        texts: File name and text of each licence that it ships.

    Example:
        >>> licence_of(Metadata(name="x", version="1", licence="MIT OR Apache-2.0"), ())
        'MIT OR Apache-2.0'
    """
    return (
        metadata.licence_expression
        or _from_field(metadata.licence)
        or _from_classifiers(metadata.classifiers)
        or _from_texts((*texts, ("License", metadata.licence)))
    )


def _from_field(text: str) -> str:
    if len(text) > _MAX_NAME or "\n" in text:
        return ""
    parts = re.split(r"\s+(AND|OR)\s+", " ".join(text.split()))
    names = [_KNOWN.get(name.strip("()").lower(), "") for name in parts[::2]]
    if not all(names):
        return ""
    operators = [*parts[1::2], ""]
    if len(set(parts[1::2])) > 1:
        return ""
    return " ".join(f"{name} {operator}" for name, operator in zip(names, operators, strict=True)).strip()


def _from_classifiers(classifiers: tuple[str, ...]) -> str:
    named = [line.rpartition(" :: ")[2] for line in classifiers if line.startswith(_PREFIX)]
    named = [name for name in named if name not in _APPROVALS]
    found = [_CLASSIFIERS.get(name, "") for name in named]
    return " AND ".join(sorted(set(found))) if all(found) else ""


def _from_texts(texts: tuple[tuple[str, str], ...]) -> str:
    found = {_from_text(text) for _, text in texts} - {""}
    return " AND ".join(sorted(found))


def _from_text(text: str) -> str:
    plain = " ".join(text.lower().split()).replace("license, version", "license version")
    if _BSD in plain and "apache license version 2.0" not in plain:
        return "BSD-3-Clause" if _BSD_NAME_CLAUSE.search(plain) else "BSD-2-Clause"
    return next((name for sentence, name in _SENTENCES if sentence in plain), "")
