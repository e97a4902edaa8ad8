"""XML as text: elements from values, with everything in them escaped."""

from __future__ import annotations

import re
from collections.abc import Mapping

_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"}
_UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def element(name: str, attributes: Mapping[str, str], *inner: str) -> str:
    """Return an element; each of ``inner`` is markup that stands in it, on lines of its own.

    Example:
        >>> print(element("a", {"b": "<"}, element("c", {})), end="")
        <a b="&lt;">
          <c/>
        </a>
    """
    start = name + "".join(f' {key}="{escaped(value)}"' for key, value in attributes.items())
    if not inner:
        return f"<{start}/>\n"
    indented = re.sub("(?m)^(?=.)", "  ", "".join(inner))
    return f"<{start}>\n{indented}</{name}>\n"


def text_element(name: str, text: str) -> str:
    """Return an element that holds a text."""
    return f"<{name}>{escaped(text)}</{name}>\n"


def comment(text: str) -> str:
    """Return a comment; two hyphens, which would end it, become one."""
    return f"<!-- {re.sub('-{2,}', '-', _UNWRITABLE.sub(' ', text)).strip('-')} -->\n"


def escaped(text: str) -> str:
    """Return a text for an attribute or an element; characters that XML cannot hold become U+FFFD.

    Source: XML 1.0, section 2.2 for the characters, 3.3.3 for line ends, which attributes keep only as references.
    """
    clean = _UNWRITABLE.sub("\N{REPLACEMENT CHARACTER}", text)
    named = re.sub('[&<>"]', lambda match: _ESCAPES[match[0]], clean)
    return re.sub("[\t\n\r]", lambda match: f"&#{ord(match[0])};", named)
