"""Reads files of variables as systemd does (``EnvironmentFile=``)."""

from __future__ import annotations

import re
from pathlib import Path

from svcctl.errors import ConfigurationError

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def read(path: str) -> dict[str, str]:
    """Return the variables of a file; a path that starts with ``-`` may be missing.

    Lines are ``NAME=value``; ``#`` and ``;`` start comments; quotes are taken off; a backslash at the end of a
    line continues it. Lines that are none of these are ignored, as systemd does. Source: systemd.exec(5).

    Raises:
        ConfigurationError: The file cannot be read or is not UTF-8.
    """
    optional, name = path.startswith("-"), path.removeprefix("-")
    try:
        text = Path(name).read_text(encoding="utf-8")
    except FileNotFoundError as error:
        if optional:
            return {}
        raise ConfigurationError(
            f"{name} is not there", hint="make it, or write -/PATH if it may be missing"
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ConfigurationError(f"cannot read {name}: {why}", hint="it takes lines NAME=value") from error
    return parse(text)


def parse(text: str) -> dict[str, str]:
    """Return the variables in the text of such a file."""
    found: dict[str, str] = {}
    for line in text.replace("\\\n", "").splitlines():
        name, separator, value = line.strip().partition("=")
        if separator and _NAME.fullmatch(name.strip()):
            found[name.strip()] = _unquote(value.strip())
    return found


def _unquote(value: str) -> str:
    if len(value) > 1 and value[0] == value[-1] == "'":
        return value[1:-1]
    if len(value) > 1 and value[0] == value[-1] == '"':
        return re.sub(r'\\(["\\`$])', r"\1", value[1:-1])
    return re.sub(r"\\(.)", r"\1", value)
