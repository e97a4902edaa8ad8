"""From the text of an argument to its value; what does not fit is told with the name of its option."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from svcctl.application.options.asked import HelpRequestedError
from svcctl.errors import SvcctlError, UsageError, describe_cause

_NUMBERS: dict[Any, str] = {int: "a whole number", float: "a number"}


def coerced(flag: str, text: str, coerce: Callable[[str], Any], units: str = "") -> Any:  # noqa: ANN401 (whatever coerce makes)
    """Return the value of an option's argument.

    Args:
        flag: The option, for the message.
        text: Its argument.
        coerce: Makes the value, or raises an error; its ``coerceDoc`` says what it takes.
        units: What a number counts, for the message.

    Raises:
        UsageError: It does not fit; the message names the option.

    Example:
        >>> coerced("--port", "80", int)
        80
    """
    hint = str(getattr(coerce, "coerceDoc", "")) or "--help says what it takes"
    try:
        return coerce(text)
    except HelpRequestedError:
        raise
    except SvcctlError as error:
        raise UsageError(f"{flag}: {error.message}", hint=error.hint or hint) from error
    except Exception as error:  # the coercing function is the plug-in's own and may raise anything
        if coerce in _NUMBERS:
            counted = f" of {units}" if units else ""
            raise UsageError(f"{flag}: {text!r} is not {_NUMBERS[coerce]}{counted}", hint=hint) from error
        reason = str(error) if isinstance(error, ValueError) and str(error) else describe_cause(error)
        raise UsageError(f"{flag}: {text!r} cannot be used: {reason}", hint=hint) from error


def port(text: str) -> int:
    """Return the number of a TCP or UDP port.

    Raises:
        ValueError: It is none.
    """
    number = int(text) if text.isascii() and text.isdigit() else -1
    if not 0 <= number <= 65_535:  # noqa: PLR2004 (RFC 9293: 16 bits)
        raise ValueError("it is no port")
    return number


port.coerceDoc = "a port is a whole number from 0 to 65535"  # type: ignore[attr-defined]  # the framework's way


def seconds(text: str) -> float:
    """Return a span of time: a number of seconds, zero or more.

    Raises:
        ValueError: It is none.
    """
    number = float(text)
    if not 0 <= number < float("inf"):
        raise ValueError("it is no span of time")
    return number


seconds.coerceDoc = "write a number of seconds, zero or more"  # type: ignore[attr-defined]  # the same
