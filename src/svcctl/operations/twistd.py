"""The command line of twistd, to the same options that :mod:`svcctl.operations.run` takes.

Every line that was written for it means what it meant, where that is not a fault. Source: twistd(1).
"""

from __future__ import annotations

import getopt
from collections.abc import Sequence
from typing import Any, NamedTuple

import svcctl
from svcctl.errors import UsageError
from svcctl.runtime.options import RunOptions, make

HELP = """\
Usage: svcctl twistd [OPTION]... [PLUG-IN [ARGUMENT]...]

Takes the command lines of twistd: runs an application in the background and logs to twistd.log.

  -n, --nodaemon        stay in front, and log to stdout
  -y, --python FILE     a .tac file
  -f, --file FILE       a saved application (default: twistd.tap)
  -s, --source FILE     one that was saved as source
  -e, --encrypted       the saved file has a passphrase, which is asked for
  -o, --no-save         do not save it when it has stopped
  -d, --rundir DIR      serve in that folder
  --chroot DIR          serve with that folder as the root folder
  -u, --uid USER        serve as that user
  -g, --gid GROUP       serve as that group
  --euid                change the effective user and group alone
  --umask OCTAL         rights that new files do not get (default: 077 in the background)
  --pidfile FILE        where the process id is written; empty: nowhere (default: twistd.pid)
  -l, --logfile FILE    where it logs to; - for stdout (default: twistd.log in the background)
  --logger NAME         log through what that callable returns
  --syslog              log to the system's log
  --prefix TEXT         what the system's log calls the sender (default: twisted)
  --originalname        leave the name of the process alone
  -r, --reactor NAME    the event loop
  --help-reactors       list the event loops
  -b, --debug           stop in the debugger on a failure and on SIGUSR2; implies -n
  --spew                write each line of Python to stderr before it runs
  -p, --profile FILE    write a profile of the run there
  --profiler NAME       cprofile (default) or profile
  --savestats           write the profile for the pstats module, not as a text
  --version             show the version
  --help                show this text

svcctl plugins lists the plug-ins; svcctl run is the same in a style of its own.
"""

_FLAGS = {
    "nodaemon": "n",
    "encrypted": "e",
    "no_save": "o",
    "euid": "",
    "syslog": "",
    "originalname": "",
    "help-reactors": "",
    "debug": "b",
    "spew": "",
    "savestats": "",
    "version": "",
    "help": "h",
}
_VALUES = {
    "python": "y",
    "file": "f",
    "source": "s",
    "rundir": "d",
    "chroot": "",
    "uid": "u",
    "gid": "g",
    "umask": "",
    "pidfile": "",
    "logfile": "l",
    "logger": "",
    "prefix": "",
    "reactor": "r",
    "profile": "p",
    "profiler": "",
}

#: The framework's names for what Python chooses by itself here.
_REACTORS = {"default", "select", "poll", "epoll", "kqueue", "asyncio"}

#: Bytes at which the framework begins a new log file.
_ROTATE = "1000000"

#: What is run if a command line names nothing.
_TAP = "twistd.tap"


class CommandLine(NamedTuple):
    """What a command line of twistd asks for.

    Attributes:
        show: ``help``, ``version`` or ``reactors``, to be shown instead of running anything; else empty.
        application: A path or the name of a plug-in.
        how: How it is run.
        daemonize: In the background.
    """

    show: str
    application: str = ""
    how: RunOptions = RunOptions()
    daemonize: bool = False


def parse(arguments: Sequence[str]) -> CommandLine:
    """Return what a command line of twistd asks for.

    Raises:
        UsageError: It is none.

    Example:
        >>> line = parse(["-noy", "shop.tac"])
        >>> line.application, line.daemonize, line.how.save
        ('shop.tac', False, False)
    """
    given, rest = _read(arguments)
    for name, shown in (("help", "help"), ("version", "version"), ("help-reactors", "reactors")):
        if name in given or (not arguments and name == "help"):
            return CommandLine(shown)
    application, kind = _application(given, rest)
    daemonize = not ("nodaemon" in given or "debug" in given)
    if daemonize and given.get("logfile") == "-":
        raise UsageError("a daemon has no stdout to log to", hint="stay in front with -n, or name a file")
    how = make({**_plain(given), **_with_defaults(given, daemonize=daemonize), "kind": kind or None})
    saves = None if kind in {"saved", "source"} and "no_save" not in given else False
    return CommandLine("", application, how._replace(arguments=tuple(rest[1:]), save=saves), daemonize)


def version() -> str:
    """Return the line that ``--version`` shows."""
    return f"twistd (svcctl) {svcctl.__version__}"


def _read(arguments: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    short = "".join(_FLAGS.values()) + "".join(f"{letter}:" for letter in _VALUES.values() if letter)
    long = [*_FLAGS, "no-save", "no-daemon", "help_reactors", *(f"{name}=" for name in _VALUES)]
    try:
        found, rest = getopt.getopt(list(arguments), short, long)
    except getopt.GetoptError as error:
        raise UsageError(str(error.msg), hint="svcctl twistd --help lists the options") from None
    letters = {f"-{letter}": name for name, letter in (_FLAGS | _VALUES).items() if letter}
    # "no-daemon" is how a manual of it spells the option.
    spellings = {"no-save": "no_save", "no-daemon": "nodaemon", "help_reactors": "help-reactors"}
    given = {}
    for option, value in found:
        name = letters.get(option, option.lstrip("-"))
        given[spellings.get(name, name)] = value
    return given, rest


def _application(given: dict[str, str], rest: Sequence[str]) -> tuple[str, str]:
    """Return what is run, and what its file holds; the first of these that is named."""
    named = {"python": "python", "source": "source", "file": "saved"}
    if rest:
        if any(name in given for name in named):
            raise UsageError(
                f"there is a file to be run, and {rest[0]!r} besides", hint="leave one of them out"
            )
        return rest[0], ""
    for name, kind in named.items():
        if name in given:
            return given[name], kind
    return _TAP, "saved"


def _plain(given: dict[str, str]) -> dict[str, Any]:
    """Return the options that are called the same here."""
    fields = set(RunOptions._fields) - {"reactor"}
    return {name: True if name in _FLAGS else value for name, value in given.items() if name in fields}


def _with_defaults(given: dict[str, str], *, daemonize: bool) -> dict[str, Any]:
    """Return the options whose defaults are others than here."""
    found: dict[str, Any] = {"pidfile": given.get("pidfile", "twistd.pid")}
    if daemonize:
        found["umask"] = given.get("umask", "077")
    if "syslog" in given:
        found["prefix"] = given.get("prefix", "twisted")
    elif "logfile" in given or daemonize or "logger" not in given:
        found["logfile"] = given.get("logfile") or ("twistd.log" if daemonize else "-")
        found["log_rotate"] = None if found["logfile"] == "-" else _ROTATE
    if given.get("reactor", "default") not in _REACTORS:
        found["reactor"] = given["reactor"]
    return found
