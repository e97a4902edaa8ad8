"""Names and versions of packages: what Debian allows, and the nearest one that it does.

Source: Debian policy, sections 5.6.1 (names) and 5.6.12 (versions); deb-version(7); PEP 440.
"""

from __future__ import annotations

import re
import unicodedata

_PACKAGE = re.compile(r"[a-z0-9][a-z0-9+.\-]+")
_VERSION = re.compile(r"(?:([0-9]{1,9}):)?[0-9][A-Za-z0-9.+~\-]*")
_PYTHON = re.compile(
    r"v?(?:(?P<epoch>\d+)!)?(?P<release>\d+(?:\.\d+)*)"
    r"(?:[-_.]?(?P<kind>alpha|a|beta|b|preview|pre|rc|c)[-_.]?(?P<number>\d*))?"
    r"(?:-(?P<bare>\d+)|[-_.]?(?:post|rev|r)(?P<post>[-_.]?\d*))?"
    r"(?:[-_.]?dev(?P<dev>[-_.]?\d*))?"
    r"(?:\+(?P<local>[a-z0-9]+(?:[-_.][a-z0-9]+)*))?",
    re.ASCII,
)
_KINDS = {"alpha": "a", "beta": "b", "preview": "rc", "pre": "rc", "c": "rc"}
_LONGEST = 64


def is_package_name(name: str) -> bool:
    """Return whether a package can have the name."""
    return bool(_PACKAGE.fullmatch(name)) and len(name) <= _LONGEST


def propose_package(name: str) -> str:
    """Return the nearest name that a package can have.

    Example:
        >>> propose_package("Écho_Server 2")
        'echo-server-2'
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    cleaned = re.sub(r"[^a-z0-9+.]+", "-", plain).lstrip("+.-")[:_LONGEST].rstrip(".-")
    if is_package_name(cleaned):
        return cleaned
    return f"{cleaned}-service" if cleaned else "my-service"


def is_version(version: str) -> bool:
    """Return whether a package can have the version."""
    upstream, hyphen, revision = version.partition(":")[2 * (":" in version)].rpartition("-")
    complete = bool(upstream and revision) if hyphen else True
    return bool(_VERSION.fullmatch(version)) and complete


def is_native(version: str) -> bool:
    """Return whether the version has no revision of Debian's."""
    return "-" not in version


def debian_version(version: str) -> str:
    """Return a version of Python's form so that Debian sorts it as Python does; another text as it is.

    A pre-release comes before its release, a development release before both, a post-release after the release and
    before the next. Python takes 1.0 and 1.0.0 for the same; Debian does not.

    Example:
        >>> [debian_version(text) for text in ("1.0rc1", "2!1.0", "1.0.post1", "1.0.dev3")]
        ['1.0~rc1', '2:1.0', '1.0+post1', '1.0~~dev3']
    """
    found = _PYTHON.fullmatch(version.strip().lower())
    if not found:
        return version
    text = found["release"]
    if found["kind"]:
        text += f"~{_KINDS.get(found['kind'], found['kind'])}{found['number'] or 0}"
    after = found["bare"] or found["post"]
    if after is not None:
        text += f"+post{after.lstrip('-_.') or 0}"
    if found["dev"] is not None:
        text += f"~~dev{found['dev'].lstrip('-_.') or 0}"
    if found["local"]:
        text += f"+~{re.sub('[-_]', '.', found['local'])}"
    return f"{found['epoch']}:{text}" if found["epoch"] else text


def propose_version(version: str) -> str:
    """Return the nearest version that a package can have.

    Example:
        >>> propose_version("release 1_2"), propose_version("1.0-")
        ('0~release.1.2', '1.0')
    """
    cleaned = re.sub(r"[^A-Za-z0-9.+~]+", ".", debian_version(version)).strip(".+~")
    return cleaned if cleaned[:1].isdigit() else f"0~{cleaned}" if cleaned else "1.0"
