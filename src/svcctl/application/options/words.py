"""Reads options from the words of a command line, as getopt(3) does it.

``--name VALUE``, ``--name=VALUE``, ``--na`` where only one option begins like that, ``-n VALUE``, ``-nVALUE``, several
letters in one word. The options end at the first word that is none, or behind ``--``: what follows may be the
command line of another program.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from svcctl.application.options.table import Option
from svcctl.errors import UsageError

_LIST = "--help lists the options"


def read(options: Sequence[Option], words: Sequence[str]) -> list[str]:
    """Carry out the options at the beginning of a command line.

    Args:
        options: What may be there.
        words: The command line, without the program.

    Returns:
        The words behind the options.

    Raises:
        UsageError: There is no such option, or its argument is missing, superfluous or of no use.
    """
    waiting = list(words)
    given: set[str] = set()
    while waiting and len(waiting[0]) > 1 and waiting[0].startswith("-"):
        word = waiting.pop(0)
        if word == "--":
            break
        if word.startswith("--"):
            given.add(_long(options, word, waiting).name)
        else:
            given.update(option.name for option in _short(options, word, waiting))
    missing = [option.flag for option in options if option.required and option.name not in given]
    if missing:
        needs = "is" if len(missing) == 1 else "are"
        raise UsageError(f"{', '.join(missing)} {needs} needed", hint=_LIST)
    return waiting


def _long(options: Sequence[Option], word: str, waiting: list[str]) -> Option:
    name, separator, value = word.partition("=")
    option = _named(options, name)
    if not option.takes:
        if separator:
            raise UsageError(
                f"{option.flag} takes no value, so {word!r} is none", hint=f"write {option.flag}"
            )
        option.act("")
    elif separator:
        option.act(value)
    else:
        option.act(_next(waiting, option.flag))
    return option


def _named(options: Sequence[Option], text: str) -> Option:
    name = text.replace("_", "-")
    flags = {option.flag: option for option in options}
    if name in flags:
        return flags[name]
    begun = [flag for flag in flags if flag.startswith(name)]
    if len(begun) == 1:
        return flags[begun[0]]
    if begun:
        raise UsageError(f"{text} may be {' or '.join(sorted(begun))}", hint="write more of it")
    close = difflib.get_close_matches(name, flags, n=1)
    raise UsageError(f"there is no option {text}", hint=f"did you mean {close[0]}?" if close else _LIST)


def _short(options: Sequence[Option], word: str, waiting: list[str]) -> list[Option]:
    letters = {option.short: option for option in options if option.short}
    found = []
    rest = word[1:]
    while rest:
        letter, rest = rest[0], rest[1:]
        option = letters.get(letter)
        if option is None:
            inside = f" (in {word})" if len(word) > 2 else ""  # noqa: PLR2004 (a dash and the letter)
            raise UsageError(f"there is no option -{letter}{inside}", hint=_LIST)
        found.append(option)
        if option.takes:
            option.act(rest or _next(waiting, f"-{letter}"))
            break
        option.act("")
    return found


def _next(waiting: list[str], option: str) -> str:
    if not waiting:
        raise UsageError(f"{option} needs a value", hint=_LIST)
    return waiting.pop(0)
