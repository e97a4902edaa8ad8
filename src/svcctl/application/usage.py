"""Options as the framework declares them: flags, parameters, sub-commands and methods of a class.

Example:
    >>> class Clock(Options):
    ...     optFlags = [["utc", "u", "Say the time of Greenwich."]]
    ...     optParameters = [["port", "p", 8013, "Port to listen on.", portCoerce]]
    >>> options = Clock()
    >>> options.parseOptions(["--utc", "--port=13"])
    >>> options["utc"], options["port"]
    (True, 13)
"""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any, ClassVar

import svcctl
from svcctl.application.options import text, words
from svcctl.application.options.asked import HelpRequestedError
from svcctl.application.options.table import Command, Option, Table
from svcctl.application.options.values import coerced
from svcctl.application.options.values import port as portCoerce
from svcctl.errors import UsageError

__all__ = ["Options", "UsageError", "error", "portCoerce"]

#: The older name.
error = UsageError

_PREFIX = "opt_"
_EMPTY: Sequence[Any] = ()


class Options(dict[str, Any]):
    """Options that a subclass declares, and their values once a command line has been read.

    A method ``opt_NAME(self)`` is a flag, ``opt_NAME(self, value)`` an option with an argument; its docstring is
    the help, and a second name of one letter (``opt_v = opt_verbose``) its letter. What comes after the options
    goes to ``parseArgs``, unless there are sub-commands. ``postOptions`` is called last and may still refuse.
    Declarations of base classes count, too. The words of a command line may have ``-`` for ``_``.

    Attributes:
        optFlags: Name, letter or ``None``, help. The value is ``False``, and ``True`` if the flag is given.
        optParameters: Name, letter or ``None``, default, help, a function that makes the value of the text, what a
            number counts (``seconds``); whatever comes after the name may be left out.
        subCommands: Name, a shorter one or ``None``, class of its options, help.
        defaultSubCommand: The one that is meant if none is named.
        synopsis: First line of the help; empty for one made of the rest.
        longdesc: Text at the end of the help.
        program: What one types before the options.
        parent: The options whose sub-command this is.
        subCommand: Name of the sub-command that was chosen.
        subOptions: Its options.
    """

    optFlags: ClassVar[Sequence[Sequence[Any]]] = _EMPTY
    optParameters: ClassVar[Sequence[Sequence[Any]]] = _EMPTY
    subCommands: Sequence[Sequence[Any]] = _EMPTY
    defaultSubCommand: str | None = None
    synopsis: str = ""
    longdesc: str = ""
    program: str = ""
    parent: Any = None
    subCommand: str | None = None
    subOptions: Any = None

    def __init__(self) -> None:
        super().__init__()
        for entry in _declared(type(self), "optFlags"):
            self[entry[0]] = False
        for entry in _declared(type(self), "optParameters"):
            self[entry[0]] = _padded(entry, 3)[2]

    @property
    def opts(self) -> Options:
        """The options themselves, under the name of their oldest form."""
        return self

    def __hash__(self) -> int:  # type: ignore[override]  # the framework's are keys of dictionaries, each one itself
        return id(self)

    def parseOptions(self, options: Sequence[str] | None = None) -> None:
        """Read a command line.

        Args:
            options: Its words; ``None`` for those of this process.

        Raises:
            UsageError: A word is not what was declared, or a hook of the subclass refuses.
            HelpRequestedError: ``--help`` or ``--version`` is among them.
        """
        rest = words.read(self.table().options, sys.argv[1:] if options is None else options)
        if self.subCommands and (rest or self.defaultSubCommand is not None):
            self._hand_over(*(rest or [self.defaultSubCommand or ""]))
        else:
            self._take(rest)
        self.postOptions()

    def parseArgs(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 (so that any signature may override it)
        """Take what comes after the options: override it with as many parameters as there may be words."""

    def postOptions(self) -> None:
        """Look at all of them together: override it, and raise a ``UsageError`` if something is missing."""

    def opt_help(self) -> None:
        """Show this help."""
        raise HelpRequestedError(str(self))

    def opt_version(self) -> None:
        """Show the version of svcctl."""
        raise HelpRequestedError(f"svcctl {svcctl.__version__}\n")

    def getSynopsis(self) -> str:
        """Return the first line of the help."""
        return text.synopsis(self.table(), self.program or _program(self.parent))

    def getUsage(self, width: int | None = None) -> str:
        """Return the help without its first line.

        Args:
            width: Longest line, in characters; ``None`` for 79.
        """
        return text.body(self.table(), width)

    def __str__(self) -> str:
        """Return the whole help."""
        return f"{self.getSynopsis()}\n{self.getUsage()}"

    def table(self) -> Table:
        """Return everything that a command line may hold."""
        found = {option.name.replace("_", "-"): option for option in self._options()}
        return Table(
            options=tuple(found.values()),
            commands=tuple(_command(entry) for entry in self.subCommands),
            default=self.defaultSubCommand or "",
            synopsis=self.synopsis,
            rest=_rest(self),
            about=inspect.cleandoc(self.longdesc or ""),
        )

    def _options(self) -> Iterator[Option]:
        own = list(_methods(self))
        # Those of this class come first, so that a declaration under the same name replaces them.
        yield from (option for option, of_base in own if of_base)
        for entry in _declared(type(self), "optFlags"):
            name, short, doc = _padded(entry, 3)[:3]
            yield Option(
                name, _setter(self, name), takes=False, short=short or "", doc=doc or "", default=False
            )
        for entry in _declared(type(self), "optParameters"):
            yield _parameter(self, entry)
        yield from (option for option, of_base in own if not of_base)

    def _hand_over(self, name: str, *rest: str) -> None:
        """Have the options of a sub-command read the rest."""
        commands = self.table().commands
        found = next((each for each in commands if name in {each.name, each.short}), None)
        if found is None:
            known = ", ".join(each.name for each in commands)
            raise UsageError(f"there is no command {name!r}", hint=f"write one of: {known}")
        self.subCommand = found.name
        self.subOptions = found.parser()
        self.subOptions.parent = self
        self.subOptions.parseOptions(list(rest))

    def _take(self, rest: Sequence[str]) -> None:
        try:
            _signature(self).bind(*rest)
        except TypeError:
            wanted = _rest(self) or "nothing"
            got = " ".join(repr(word) for word in rest) or "nothing"
            message = f"after the options there is {got}, expected {wanted}"
            raise UsageError(message, hint="options come first; --help shows the usage") from None
        self.parseArgs(*rest)


def _declared(kind: type, name: str) -> list[Sequence[Any]]:
    """Return the declarations of a class and its bases, those of the bases first."""
    return [entry for each in reversed(kind.__mro__) for entry in vars(each).get(name, ())]


def _padded(entry: Sequence[Any], length: int) -> list[Any]:
    return [*entry, *[None] * (length - len(entry))]


def _setter(options: Options, name: str) -> Callable[[str], None]:
    def act(_text: str) -> None:
        options[name] = True

    return act


def _parameter(options: Options, entry: Sequence[Any]) -> Option:
    name, short, default, doc, coerce, units = _padded(entry, 6)[:6]

    def act(given: str) -> None:
        options[name] = coerced(option.flag, given, coerce or str, units or "")

    note = "" if units else getattr(coerce, "coerceDoc", "")
    option = Option(
        name,
        act,
        short=short or "",
        doc=f"{doc or ''} ({note})".strip() if note else doc or "",
        default=default,
        units=units or "",
    )
    return option


def _methods(options: Options) -> Iterator[tuple[Option, bool]]:
    """Yield the options that methods are, and whether it is the method of :class:`Options` itself."""
    names: dict[Any, list[str]] = {}
    for attribute in dir(type(options)):
        if attribute.startswith(_PREFIX):
            method = getattr(options, attribute)
            names.setdefault(getattr(method, "__func__", method), []).append(attribute.removeprefix(_PREFIX))
    for function, known in names.items():
        long = max(known, key=lambda name: (len(name), name))
        short = next((name for name in known if len(name) == 1 and name != long), "")
        yield _handler(options, long, short), function in vars(Options).values()


def _handler(options: Options, name: str, short: str) -> Option:
    method = getattr(options, _PREFIX + name)
    parameters = inspect.signature(method).parameters
    if len([each for each in parameters.values() if each.default is each.empty]) > 1:
        raise TypeError(f"{type(options).__name__}.{_PREFIX}{name} takes more than one argument")

    def act(given: str) -> None:
        coerced(option.flag, given, method if parameters else lambda _text: method())

    alone = len(name) == 1
    option = Option(
        name,
        act,
        takes=bool(parameters),
        short=name if alone else short,
        doc=inspect.getdoc(method) or "",
    )
    return option


def _command(entry: Sequence[Any]) -> Command:
    name, short, parser, doc = _padded(entry, 4)[:4]
    return Command(name, short or "", parser, doc or "")


def _signature(options: Options) -> inspect.Signature:
    """Return what may come after the options: nothing, if no subclass takes it."""
    overridden = type(options).parseArgs is not Options.parseArgs
    return inspect.signature(options.parseArgs) if overridden else inspect.Signature()


def _rest(options: Options) -> str:
    """Return what may come after the options, as the help shows it: ``HOST [PORT] …``."""
    shown = []
    for each in _signature(options).parameters.values():
        word = each.name.upper()
        if each.kind is each.VAR_POSITIONAL:
            shown.append(f"[{word} …]")
        elif each.kind is not each.VAR_KEYWORD:
            shown.append(word if each.default is each.empty else f"[{word}]")
    return " ".join(shown)


def _program(parent: Options | None) -> str:
    if parent is None:
        return os.path.basename(sys.argv[0])  # noqa: PTH119 (a text, whatever the process was called)
    return f"{parent.program or _program(parent.parent)} {parent.subCommand}"
