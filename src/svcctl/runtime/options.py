"""What a run may be told beyond the four arguments that units give; loaded only if it is told any of it.

The arguments are read by hand, since argparse alone takes as long to import as the rest of the runner.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from svcctl.errors import ConfigurationError, UsageError

HELP = """\
usage: python -P -m svcctl.runtime [OPTION]... APPLICATION [ARGUMENT]...

Run APPLICATION, a .tac file, a saved file, module:attribute, or a plug-in with its ARGUMENTs, in the foreground
and tell the init system how it is.

  --inherit UNIT        every listener has to be handed over by the init system; UNIT names it in errors
  --installed DIGESTS   what the units were made from; the log says when they no longer fit the application
  --kind KIND           what APPLICATION's file holds: python, saved (of any style), pickle or source (default: by
                        its suffix)
  --encrypted           the saved file has a passphrase
  --passphrase SOURCE   where it is: prompt, file:PATH, env:NAME or credential:NAME (default: the credential
                        svcctl-passphrase if there is one, else prompt)
  --resume DIGEST       start from what was saved at the last stop, if that can be used, else from APPLICATION's file,
                        whose SHA-256 is this and which the init system may hand over as the credential svcctl-start
  --save, --no-save     save the application when it has stopped (default: if it came from a saved file)
  --checkpoint SECONDS  save it every so often while it serves, too
  --reactor NAME        the event loop: asyncio (default) or uvloop; of an application of Twisted's, its reactor:
                        epoll, poll or select, too

  --control PATH        open a socket there for live control; root and the user of this process may connect (default:
                        control in $RUNTIME_DIRECTORY if there is one)
  --pidfile FILE        write the number of the process there when it serves; empty: none (default)
  --rundir DIR          serve in that folder; with --chroot it counts from there
  --chroot DIR          serve with that folder as the root folder; needs root
  --uid USER            serve as that user; needs root
  --gid GROUP           serve as that group; needs root
  --euid                change the effective user and group alone
  --umask OCTAL         rights that new files do not get
  --originalname        leave the name of the process alone

  --log-level LEVEL     debug, info (default), warning, error or critical
  --log-format FORMAT   auto (default: the journal's form if stderr is the journal), text, json or journal
  --logfile FILE        log there instead of to stderr; "-" for stdout
  --log-rotate WHEN     begin a new file at so many bytes, or daily (default: on SIGUSR1 alone)
  --log-keep NUMBER     how many of the old ones are kept (default: 10)
  --log-compress        compress them with gzip
  --logger NAME         log through what that callable returns
  --syslog              log to the system's log
  --prefix TEXT         what the system's log calls the sender

  --debug               stop in the debugger on a failure and on SIGUSR2
  --spew                write each line of Python to stderr before it runs
  --profile FILE        write a profile of the run there
  --profiler NAME       cprofile (default) or profile
  --savestats           write the profile for the pstats module, not as a text
  --detached            this process was started in the background: let nothing go to its stdout and stderr

  --help                show this text
"""

_HINT = "--help lists the options"


class RunOptions(NamedTuple):
    """How an application is run; the defaults are the plain run in the foreground.

    Attributes:
        arguments: What follows the application on the command line: a plug-in's own options.
        kind: What the file holds: ``python``, ``saved``, ``pickle`` or ``source``; empty: by its suffix.
        encrypted: The saved file has a passphrase.
        passphrase: Where it is: see :func:`svcctl.application.persisting.passphrases.resolve`; ``stdin`` for the
            first line of stdin; empty for the usual places.
        resume: SHA-256 of the saved file, to start from what was saved at the last stop rather than from it; empty:
            start from the file.
        save: Save the application when it has stopped; ``None``: if it came from a saved file.
        checkpoint: Seconds between two saves while it serves; 0 for none.
        reactor: Name of the event loop.
        control: Path of the socket for live control; empty for the usual one.
        pidfile: Path; empty for none.
        rundir: Folder to serve in; empty for the present one.
        chroot: Folder to serve with as the root folder; empty for none.
        uid: User to serve as, by name or number; empty: what the application says.
        gid: Group to serve as, by name or number; empty: what the application says.
        euid: Change the effective ids alone.
        umask: Rights that new files do not get; -1 leaves it alone.
        originalname: Leave the name of the process alone.
        logfile: Path to log to; ``-`` for stdout, empty for stderr.
        log_rotate: Bytes at which a new log file is begun, or ``daily``; empty: only when asked to.
        log_keep: How many old log files are kept; 0 for the usual number.
        log_compress: Compress old log files.
        logger: Dotted name of a callable that returns a log observer; empty for none.
        syslog: Log to the system's log.
        prefix: What the system's log calls the sender; empty: the application.
        debug: Stop in the debugger on a failure and on SIGUSR2.
        spew: Write each line before it runs.
        profile: Path to write a profile to; empty for none.
        profiler: ``cprofile`` or ``profile``.
        savestats: Write the profile for the :mod:`pstats` module, not as a text.
        detached: The process was started in the background by this package.
    """

    arguments: tuple[str, ...] = ()
    kind: str = ""
    encrypted: bool = False
    passphrase: str = ""
    resume: str = ""
    save: bool | None = None
    checkpoint: float = 0.0
    reactor: str = "asyncio"
    control: str = ""
    pidfile: str = ""
    rundir: str = ""
    chroot: str = ""
    uid: str = ""
    gid: str = ""
    euid: bool = False
    umask: int = -1
    originalname: bool = False
    logfile: str = ""
    log_rotate: str = ""
    log_keep: int = 0
    log_compress: bool = False
    logger: str = ""
    syslog: bool = False
    prefix: str = ""
    debug: bool = False
    spew: bool = False
    profile: str = ""
    profiler: str = "cprofile"
    savestats: bool = False
    detached: bool = False


#: The four that units give: they are no part of the value.
PLAIN = {
    "--inherit": "inherit",
    "--installed": "installed",
    "--log-level": "log_level",
    "--log-format": "log_format",
}

_FLAGS: dict[str, tuple[str, bool]] = {
    "--encrypted": ("encrypted", True),
    "--save": ("save", True),
    "--no-save": ("save", False),
    "--euid": ("euid", True),
    "--originalname": ("originalname", True),
    "--syslog": ("syslog", True),
    "--debug": ("debug", True),
    "--spew": ("spew", True),
    "--savestats": ("savestats", True),
    "--log-compress": ("log_compress", True),
    "--detached": ("detached", True),
}

_DEFAULTS = RunOptions._field_defaults
_FLAG_FIELDS = {field for field, _ in _FLAGS.values()}
_VALUES = {
    f"--{field.replace('_', '-')}": field for field in _DEFAULTS if field not in {"arguments", *_FLAG_FIELDS}
}

_CHOICES = {
    "kind": ("python", "saved", "pickle", "source"),
    "reactor": ("asyncio", "uvloop", "epoll", "poll", "select"),
    "profiler": ("cprofile", "profile"),
}

#: Paths that count from where the command was given.
_PATHS = ("control", "pidfile", "rundir", "chroot", "logfile", "profile")


def make(given: Mapping[str, Any]) -> RunOptions:
    """Return the options from what was given, texts as they were typed; what is ``None`` was not.

    Raises:
        UsageError: A value is none that its option takes, or two options contradict each other.

    Example:
        >>> make({"umask": "022", "uid": None}).umask
        18
    """
    values: dict[str, Any] = {
        field: _convert(field, value) for field, value in given.items() if value is not None
    }
    options = RunOptions(**values)
    if options.checkpoint and options.save is False:
        raise UsageError("--checkpoint and --no-save contradict each other", hint="leave one of them out")
    if (options.log_rotate or options.log_keep or options.log_compress) and options.logfile in {"", "-"}:
        raise UsageError("only a log file can be rotated", hint="name one with --logfile")
    if options.syslog and options.logfile:
        raise UsageError("--syslog and --logfile contradict each other", hint="leave one of them out")
    return options


def parse(arguments: Sequence[str]) -> tuple[str, dict[str, Any]]:
    """Return the application and the options for :func:`svcctl.runtime.runner.run`.

    Returns:
        An empty application if help is asked for.

    Raises:
        UsageError: The arguments are none that the runner takes.
    """
    from svcctl.loading.target import is_plugin  # noqa: PLC0415 (only where arguments are read)

    targets: list[str] = []
    plain: dict[str, Any] = {}
    given: dict[str, Any] = {}
    rest = iter(arguments)
    for argument in rest:
        name, equals, value = argument.partition("=")
        if argument == "--":
            targets.extend(rest)
        elif argument in _FLAGS:
            field, given_value = _FLAGS[argument]
            given[field] = given_value
        elif name in PLAIN:
            plain[PLAIN[name]] = _required(value if equals else next(rest, ""), name)
        elif name in _VALUES:
            found = value if equals else next(rest, None)
            given[_VALUES[name]] = found if name == "--pidfile" and found == "" else _required(found, name)
        elif argument in {"--help", "-h"}:
            return "", {}
        elif argument.startswith("-"):
            raise UsageError(f"there is no option {argument}", hint=_HINT)
        else:
            targets.append(argument)
            if is_plugin(argument):
                targets.extend(rest)
    if not targets or (len(targets) > 1 and not is_plugin(targets[0])):
        raise UsageError(
            f"exactly one application is needed, not {len(targets)}", hint="--help shows the usage"
        )
    given["arguments"] = tuple(targets[1:]) or None
    options = make(given)
    return targets[0], plain if options == RunOptions() else {**plain, "options": options}


def is_saved(application: str, options: RunOptions) -> bool:
    """Return whether what is run comes from a saved file.

    Raises:
        UsageError: It does not, and there is a passphrase for it; or it names no application.
    """
    from svcctl.loading.target import resolve  # noqa: PLC0415 (what loads stays out of the way until then)

    saved = options.kind != "python" if options.kind else resolve(application).kind == "saved"
    if not saved and (options.encrypted or options.passphrase):
        raise UsageError(
            f"{application} is no saved application, and there is a passphrase for it",
            hint="leave --encrypted and --passphrase out, or name a .tap or .tas file",
        )
    return saved


def to_arguments(options: RunOptions) -> list[str]:
    """Return the arguments that :func:`parse` makes these options of; those of a plug-in are not among them.

    Example:
        >>> to_arguments(RunOptions(umask=0o22, save=False))
        ['--no-save', '--umask=022']
    """
    found = []
    for name, (field, value) in _FLAGS.items():
        if getattr(options, field) is value and _DEFAULTS[field] is not value:
            found.append(name)
    for name, field in _VALUES.items():
        given = getattr(options, field)
        if given != _DEFAULTS[field]:
            found.append(f"{name}={given:03o}" if field == "umask" else f"{name}={given}")
    return found


def resolved(options: RunOptions) -> RunOptions:
    """Return the options with each path from the root: the process is about to leave its folder.

    The folder to serve in counts from the new root folder if there is one.

    Raises:
        ConfigurationError: There is no folder that they could count from.
    """
    try:
        here = os.getcwd()  # noqa: PTH109 (pathlib is slow to import)
    except OSError:
        raise ConfigurationError("the working directory is gone", hint="change to another one") from None
    changed: dict[str, Any] = {}
    for field in _PATHS:
        path = getattr(options, field)
        if path and not (field == "logfile" and path == "-"):
            base = "/" if field == "rundir" and options.chroot else here
            changed[field] = os.path.normpath(os.path.join(base, path))  # noqa: PTH118 (pathlib is slow to import)
    return options._replace(**changed)


def _convert(field: str, value: object) -> object:
    if not isinstance(value, str):
        return value
    if field in _CONVERTERS:
        return _CONVERTERS[field](value)
    if field in _CHOICES:
        return _choice(field, value)
    if "\0" in value or "\n" in value:
        raise UsageError(f"--{field.replace('_', '-')} holds a control character", hint=_HINT)
    return value


def _octal(text: str) -> int:
    try:
        value = int(text, 8)
    except ValueError:
        value = -1
    if not 0 <= value <= 0o777:  # noqa: PLR2004 (all rights)
        raise UsageError(f"--umask {text!r} is no octal number up to 777", hint="write it as 027")
    return value


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise UsageError(f"--checkpoint {text!r} is no number of seconds above 0", hint="write it as 300")
    return value


def _rotation(text: str) -> str:
    return text.lower() if text.lower() == "daily" else _digits(text, "--log-rotate", "bytes, nor daily")


def _digits(text: str, option: str, what: str) -> str:
    if text.isascii() and text.isdigit() and 0 < int(text[:20]) < 2**63:
        return text
    raise UsageError(f"{option} {text!r} is no number of {what}", hint="write a whole number above 0")


def _choice(field: str, text: str) -> str:
    known = _CHOICES[field]
    if text.lower() in known:
        return text.lower()
    hint = f"choose one of {', '.join(known)}"
    raise UsageError(f"there is no {field} {text!r}", hint=hint)


_CONVERTERS: dict[str, Callable[[str], object]] = {
    "umask": _octal,
    "checkpoint": _seconds,
    "log_rotate": _rotation,
    "log_keep": lambda text: int(_digits(text, "--log-keep", "files")),
}


def _required(value: str | None, name: str) -> str:
    if not value:
        raise UsageError(f"option {name} needs a value", hint=_HINT)
    return value
