"""What pip says when it cannot do what it was asked for, as problems that a person can mend."""

from __future__ import annotations

import re

from svcctl.errors import Problem

_NOT_FOUND = re.compile(r"No matching distribution found for (?P<what>.+)")
_AVAILABLE = re.compile(
    r"Could not find a version that satisfies the requirement .+\(from versions: (?P<those>.+)\)"
)
_PASSED_OVER = re.compile(r"Skipping link: (?P<reason>.+): (?P<place>\S+)( \(from .+\))?\s*$", re.MULTILINE)
_NAME = re.compile(r"[A-Za-z0-9][\w.-]*?(?=[\s\[<>=!~;@]|$)")
_CONFLICT = re.compile(r"The conflict is caused by:\n(?P<lines>(?:[ ]{4}.+\n?)+)")
_NO_DIGEST = re.compile(r"^\s{4}(?P<what>\S+==\S+) --hash=", re.MULTILINE)
_OTHER_DIGEST = re.compile(r"^\s{4}(?P<what>\S.*):?\n\s+Expected sha\d+ ", re.MULTILINE)
_UNPINNED = re.compile(r"versions pinned with ==\. These do not:\n(?P<lines>(?:[ ]{4}.+\n?)+)")
_ERROR = re.compile(r"^\s*(?:ERROR: |error: |\S+: (?=No module named pip))(?P<what>.+)", re.MULTILINE)
_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_SOURCES = (".tar.gz", ".zip", ".tar.bz2", ".tar.xz")


def is_about_choice(text: str) -> bool:
    """Return whether pip says that nothing of what it saw will do; asked for details it tells what it saw."""
    return _NOT_FOUND.search(text) is not None


def problems(text: str) -> tuple[Problem, ...]:
    """Return what pip's messages, with details if there are, come to; at least one problem.

    Args:
        text: All that it wrote.
    """
    text = _ANSI.sub("", text)
    conflict, unpinned = _CONFLICT.search(text), _UNPINNED.search(text)
    found = [
        *(_not_found(match["what"].strip(), text) for match in _NOT_FOUND.finditer(text)),
        *(
            (Problem("conflict", "; ".join(line.strip() for line in conflict["lines"].splitlines())),)
            if conflict
            else ()
        ),
        *(_undigested(match["what"]) for match in _NO_DIGEST.finditer(text)),
        *(_undigested(line.split()[0]) for line in (unpinned["lines"].splitlines() if unpinned else ())),
        *(_altered(match["what"]) for match in _OTHER_DIGEST.finditer(text)),
    ]
    if not found:
        lines = [match["what"].strip() for match in _ERROR.finditer(text)]
        found = [Problem("pip", line) for line in dict.fromkeys(lines)] or [
            Problem("pip", "it gave no reason")
        ]
    return tuple(dict.fromkeys(found))


def hint(found: tuple[Problem, ...]) -> str:
    """Return what to do about problems of this kind."""
    texts = " ".join(problem.message for problem in found)
    if "sources" in texts:
        return "build a wheel of it (pip wheel), and give the folder that it is in"
    if "No module named pip" in texts:
        return "name a Python that has pip (on Debian: python3-pip, or python3 -m venv)"
    if "digest" in texts:
        return "let a tool write the requirements anew, as with uv pip compile --generate-hashes"
    return ""


def _not_found(what: str, text: str) -> Problem:
    name = _NAME.match(what)
    here = _spelled(name[0] if name else what)
    seen = [
        (match["reason"], match["place"].rpartition("/")[2].partition("#")[0])
        for match in _PASSED_OVER.finditer(text)
        if _spelled(match["place"].rpartition("/")[2]).startswith(f"{here}-")
    ]
    wheels = [file for reason, file in seen if file.endswith(".whl") and "tags" in reason]
    sources = [file for _, file in seen if file.endswith(_SOURCES)]
    available = _AVAILABLE.search(text)
    if available and available["those"] != "none":
        return Problem(what, f"there is no such version for the target; there are {available['those']}")
    if wheels:
        return Problem(
            what, f"its wheels are for other platforms or Pythons: {', '.join(sorted(set(wheels))[:3])}"
        )
    if sources:
        return Problem(what, f"there are only sources of it ({max(sources)}), and no wheel")
    return Problem(what, "there is nothing of that name")


def _spelled(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _undigested(what: str) -> Problem:
    return Problem(what, "it is needed, but the requirements give no digest for it")


def _altered(what: str) -> Problem:
    return Problem(what.partition(" from ")[0], "what was got has another digest than the requirements say")
