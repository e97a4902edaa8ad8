"""Strings that a wrong escaping changes, and units that carry them through a real manager.

The only proof of escaping is systemd itself: the tier with a booted system installs :func:`argument_unit`,
:func:`path_unit` and the like, starts them and compares what the program saw with what was meant.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from typing import NamedTuple

from svcctl.generate.systemd.directives import Assignment, Command, GlobPath, Paths, RawPath, Words
from svcctl.generate.systemd.unit import Line, Unit, write

_ATOMS = (
    " ", "  ", '"', "'", "\\", "%", "%%", "%n", "%i", "$", "$$", "$HOME", "${HOME}", "$(id)", "`id`", ";", " ; ",
    "\\;", "\n", "\t", "\r", "\a", "\b", "\f", "\v", "\x01", "\x1b", "\x7f", "\\n", "\\t", "\\x41", "\\101", "\\u00e9",
    "é", "日", "🙂", "\u0085", "\u00a0", "\u2028", "\ufeff", "-", "--", "-x", "@", ":", "+", "!", "=", "a=b", "#", "# c",
    "[Service]", "\nExecStart=/bin/false", "\\\n", "~", "*", "?", "{a,b}", "&&", "|", "<", ">", "/", "..", ",",
)  # fmt: skip
_FRAMES = ("{}", "{}x", "x{}", "a {} b")
_FIXED = (
    "",
    " lead",
    "trail ",
    '"quoted"',
    "'quoted'",
    '"open',
    "'open",
    "\\",
    "\\\\",
    '\\"',
    "a\\",
    "100%",
    "%",
    "$",
    "${",
    "$x",
    "${x:-y}",
)

_COUNT = 150


def _strings() -> Iterator[str]:
    yield from _FIXED
    for frame, atom in itertools.product(_FRAMES, _ATOMS):
        yield frame.format(atom)


#: 150 different strings without NUL, which no argument can hold.
STRINGS: tuple[str, ...] = tuple(itertools.islice(dict.fromkeys(_strings()), _COUNT))

#: Names of files and folders that directives for paths have to carry; none starts or ends with a blank.
FILE_NAMES = (
    "plain", "two words", "per%cent", "%n", "%%", "semi;colon", "-dash", "a=b", "#hash", "at@", "colon:", "+plus",
    "!bang", "é日", "comma,", "(brackets)", "star*", "~tilde", "tick`", "amp&", "[ab]", "q?",
)  # fmt: skip

#: The same for paths that are never a program's: systemd takes none of these in the first word of a command.
QUOTING_NAMES = ("it's", 'say "x"', "back\\slash", "$HOME", "${HOME}")

#: systemctl start then waits for the program's end.
_ONE_SHOT = Line("Service", "Type", Words(("oneshot",)))
_DUMP = "import json,os,sys;json.dump([sys.argv[2:],dict(os.environ),os.getcwd()],open(sys.argv[1],'w'))"


class Seen(NamedTuple):
    """What the program of such a unit wrote down.

    Attributes:
        arguments: Its arguments.
        environment: Its variables.
        directory: Its working directory.
    """

    arguments: list[str]
    environment: dict[str, str]
    directory: str


def variables() -> dict[str, str]:
    """Return a variable for each string."""
    return {f"HOSTILE_{number:03}": text for number, text in enumerate(STRINGS)}


def argument_unit(name: str, output: str, *, program: str = "/usr/bin/python3") -> bytes:
    """Return a service that gets all strings as arguments and as variables, and writes them to a file.

    Args:
        name: File name of the unit.
        output: Absolute path of the file; :func:`seen` reads it.
        program: A Python interpreter.
    """
    lines = [_ONE_SHOT, _command(output, program)]
    lines += [Line("Service", "Environment", Assignment(*pair)) for pair in variables().items()]
    return write(Unit(name, ("Strings that a wrong escaping changes.",), tuple(lines)))


def path_unit(name: str, output: str, folder: str, *, program: str = "/usr/bin/python3") -> bytes:
    """Return a service that starts in a folder, reads a file of variables in it, and is confined to paths in it.

    Args:
        name: File name of the unit.
        output: Absolute path of the file that :func:`seen` reads.
        folder: An existing folder with a file ``variables`` in it.
        program: A Python interpreter.
    """
    lines = (
        _ONE_SHOT,
        _command(output, program),
        Line("Service", "WorkingDirectory", RawPath(folder)),
        Line("Service", "EnvironmentFile", GlobPath(f"{folder}/variables")),
        Line("Service", "ReadOnlyPaths", Paths((folder,), optional=False)),
        Line("Service", "ExecPaths", Paths((folder, f"{folder}/variables"), optional=False)),
    )
    return write(Unit(name, (), lines))


def seen(text: str) -> Seen:
    """Return what the program wrote, from the text of its file."""
    arguments, environment, directory = json.loads(text)
    return Seen(arguments, environment, directory)


def _command(output: str, program: str) -> Line:
    return Line("Service", "ExecStart", Command(program, ("-c", _DUMP, output, *STRINGS)))
