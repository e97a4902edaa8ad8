"""What an application asks its environment for while it is loaded: the names of credentials and settings.

Its description lists them, so that its units ask for them. What is asked for later does not count: the description,
which only loads the application, could not know of it, and the two would seem to differ.
"""

from __future__ import annotations

import asyncio
from typing import NamedTuple


class Variable(NamedTuple):
    """A setting.

    Attributes:
        name: Name of the environment variable.
        expects: What its value looks like, in words.
        default: The text that stands for its default; ``None`` if it has to be set.
    """

    name: str
    expects: str
    default: str | None


#: In the order in which they were asked for; the values are of no use.
credentials: dict[str, None] = {}
#: By name, in the order in which they were asked for.
variables: dict[str, Variable] = {}


def loading() -> bool:
    """Return whether the application is being loaded: that is before there is an event loop."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return True
    return False


def for_credential(name: str) -> None:
    """Take down that a credential was asked for."""
    if loading():
        credentials[name] = None


def for_variable(variable: Variable) -> None:
    """Take down that a setting was asked for."""
    if loading():
        variables[variable.name] = variable
