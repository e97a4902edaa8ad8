"""What options there are, whatever they were declared with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple


class Option(NamedTuple):
    """One option.

    Attributes:
        name: Its long name, as it was declared; ``-`` and ``_`` in it are the same on a command line.
        act: What is called with its argument, or with an empty text if it takes none.
        takes: It takes an argument.
        short: Its letter; empty for none.
        doc: What it means, for people.
        default: Its value if it is not given.
        units: What a number counts, such as ``seconds``.
        required: It has to be given.
        repeatable: It may be given more than once.
        choices: The only values that it takes; empty for any.
    """

    name: str
    act: Callable[[str], None]
    takes: bool = True
    short: str = ""
    doc: str = ""
    default: Any = None
    units: str = ""
    required: bool = False
    repeatable: bool = False
    choices: tuple[str, ...] = ()

    @property
    def flag(self) -> str:
        """Its long name as one writes it: ``--dest-port``."""
        return f"--{self.name.replace('_', '-')}"


class Command(NamedTuple):
    """A sub-command.

    Attributes:
        name: Its name.
        short: A shorter one; empty for none.
        parser: What makes its options, without arguments.
        doc: What it does, for people.
    """

    name: str
    short: str
    parser: Callable[[], Any]
    doc: str


class Table(NamedTuple):
    """Everything that a command line may hold.

    Attributes:
        options: The options, in the order in which they are shown.
        commands: The sub-commands.
        default: The sub-command that is meant if none is named; empty for none.
        synopsis: A first line of the usage by hand; empty for one made of the rest.
        rest: What is called that comes after the options, such as ``FILE …``; empty if nothing does.
        about: Text for people that comes last.
    """

    options: tuple[Option, ...]
    commands: tuple[Command, ...] = ()
    default: str = ""
    synopsis: str = ""
    rest: str = ""
    about: str = ""
