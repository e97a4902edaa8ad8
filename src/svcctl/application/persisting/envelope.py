"""The form of a file: two lines that a person can read, then the application.

    # svcctl-state 1 DIGEST
    # {"application":"otk","generation":3,"key":"9f8a1c02","main":null,"style":"pickle"}
    …

The digest is the HMAC-SHA256 (RFC 2104) of everything else, the version included, in lower-case hexadecimal digits.
Nothing that follows the first line is looked at before it has been verified. Both lines are comments of Python, so
that a file of the style ``source`` is Python as a whole.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Sequence
from typing import Any, NamedTuple

MAGIC = b"# svcctl-state "
#: What a pickle of protocol 2 or later begins with: Twisted saves its applications as nothing but that.
PICKLE = b"\x80"
VERSION = b"1 "
_DIGITS = 64


class Key(NamedTuple):
    """A secret that files are sealed with.

    Attributes:
        path: The file it was read from, for messages.
        secret: 32 bytes.
    """

    path: str
    secret: bytes

    @property
    def fingerprint(self) -> str:
        """What a file says about the key that it was sealed with."""
        return hmac.new(self.secret, b"svcctl-state fingerprint", hashlib.sha256).hexdigest()[:8]


class Opened(NamedTuple):
    """A file whose digest is right.

    Attributes:
        facts: What its second line says: ``style``, ``generation``, ``application``, ``main``, ``key``, ``cipher``;
            of a pickle that has no such line, its ``style`` alone.
        line: The second line, as it is in the file.
        body: The application.
    """

    facts: dict[str, Any]
    line: bytes
    body: bytes


class BrokenError(Exception):
    """A file is not what was saved; the text says how that shows."""


class OtherKeyError(BrokenError):
    """A file says that it was sealed with another key; its text is the fingerprint."""


def line_of(facts: dict[str, Any]) -> bytes:
    """Return the second line of a file."""
    return b"# " + json.dumps(facts, sort_keys=True, separators=(",", ":")).encode("ascii") + b"\n"


def seal(line: bytes, body: bytes, key: Key) -> bytes:
    """Return the bytes of a file.

    Args:
        line: The second line, from :func:`line_of`.
        body: The application.
        key: The key that the digest is made with.
    """
    return MAGIC + VERSION + _digest(line + body, key) + b"\n" + line + body


def unseal(data: bytes, keys: Sequence[Key]) -> Opened:
    """Return what is in a file, once its digest has been verified.

    Args:
        data: The bytes of the file.
        keys: The digest has to be right with one of these.

    Raises:
        OtherKeyError: It was sealed with none of the keys, or its second line has been altered.
        BrokenError: It is no such file, or has been truncated or altered.
    """
    start = len(MAGIC) + len(VERSION)
    end = start + _DIGITS + 1
    if not data:
        raise BrokenError("it is empty")
    if not data.startswith(MAGIC):
        raise BrokenError("it was not saved by svcctl: it carries no digest")
    if not data.startswith(VERSION, len(MAGIC)):
        raise BrokenError("it is of another version of the format")
    if data[end - 1 : end] != b"\n":
        raise BrokenError("it has been altered or truncated: its first line is not whole")
    rest = data[end:]
    if not any(hmac.compare_digest(data[start : end - 1], _digest(rest, key)) for key in keys):
        claimed = facts_of(data).get("key")
        if isinstance(claimed, str) and claimed not in {key.fingerprint for key in keys}:
            raise OtherKeyError(claimed)
        raise BrokenError("it has been altered or truncated: its digest is wrong")
    return opened(data)


def opened(data: bytes) -> Opened:
    """Return what is in a file that has been verified, by its keyed digest or in another way."""
    if data.startswith(PICKLE):
        return Opened({"style": "pickle"}, b"", data)
    _, _, rest = data.partition(b"\n")
    line, newline, body = rest.partition(b"\n")
    return Opened(facts_of(data), line + newline, body)


def facts_of(data: bytes) -> dict[str, Any]:
    """Return what the second line of a file claims, whoever wrote it; empty if it claims nothing."""
    _, _, rest = data.partition(b"\n")
    line, _, _ = rest.partition(b"\n")
    try:
        facts = json.loads(line.removeprefix(b"# "))
    except (ValueError, RecursionError):
        return {}
    return facts if isinstance(facts, dict) else {}


def _digest(data: bytes, key: Key) -> bytes:
    return hmac.new(key.secret, MAGIC + VERSION + data, hashlib.sha256).hexdigest().encode("ascii")
