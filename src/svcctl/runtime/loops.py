"""The event loops an application can run on, and the reactors of Twisted's, by their names: ``--reactor``."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable

from svcctl.errors import ConfigurationError, UsageError

#: Name and what it is.
LOOPS = {
    "asyncio": "the loop of Python itself",
    "uvloop": "a faster one, from the package of that name",
    "epoll": "Twisted's reactor of that name, for an application of Twisted's",
    "poll": "the same",
    "select": "the same",
}
#: Those that only Twisted has.
_TWISTED = ("epoll", "poll", "select")


def choose(name: str) -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Have an application that is about to be loaded run on that loop.

    Returns:
        What makes it; ``None`` for Python's own choice, and for a reactor of Twisted's, which brings its own.

    Raises:
        UsageError: There is no loop of that name.
        ConfigurationError: Its package is not installed.
    """
    if name == "asyncio":
        return None
    factory = loop_factory(name)
    from svcctl.interop.twisted import importing  # noqa: PLC0415 (only on request)

    importing.choose(name if name in _TWISTED else "", factory)
    return factory


def check(name: str) -> None:
    """Check that an application that has been loaded can run on that loop.

    Raises:
        UsageError: It is one of Twisted's reactors, and the application has no use for that.
    """
    if name in _TWISTED and loop_of_reactor() is None:
        raise UsageError(
            f"it does not import Twisted's reactor, and --reactor asks for {name}",
            hint="leave --reactor out",
        )


def loop_factory(name: str) -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return what makes a loop of that name; ``None`` for Python's own choice, and for what Twisted chooses.

    Raises:
        UsageError: There is no loop of that name.
        ConfigurationError: Its package is not installed.
    """
    if name == "asyncio" or name in _TWISTED:
        return None
    if name != "uvloop":
        raise UsageError(f"there is no reactor {name!r}", hint=f"choose one of {', '.join(LOOPS)}")
    try:
        import uvloop  # noqa: PLC0415 (only on request)
    except ImportError as error:
        raise ConfigurationError(
            "the reactor uvloop is not installed", hint="install svcctl[uvloop], or leave --reactor out"
        ) from error
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory


def loop_of_reactor() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return what gives the loop that Twisted's reactor was made for; ``None`` if there is no such reactor."""
    if "svcctl.interop.twisted.reactor" not in sys.modules:
        return None
    from svcctl.interop.twisted.importing import loop_of_reactor  # noqa: PLC0415 (it is loaded already)

    loop = loop_of_reactor()
    return None if loop is None else lambda: loop


def describe() -> list[str]:
    """Return a line for each loop; one that cannot be used here begins with ``!``."""
    lines = []
    for name, text in LOOPS.items():
        try:
            loop_factory(name)
            mark = " "
        except ConfigurationError:
            mark = "!"
        lines.append(f"{mark} {name:8} {text}")
    return lines
