"""``svcctl run``."""

from __future__ import annotations

from typing import Annotated

import typer

from svcctl.cli import arguments, options

App = Annotated[
    str | None,
    typer.Argument(
        ...,
        metavar="APP",
        help="A .tac file, a saved one, module:attribute, or a plug-in; what follows that are its own options.",
    ),
]
Daemonize = Annotated[
    bool,
    typer.Option(
        "--daemonize/--nodaemon",
        " /-n",
        help="Run in the background, and return when it serves, or say why not; or stay in front (the default).",
    ),
]
Python = Annotated[
    str | None, typer.Option("--python", "-y", metavar="FILE", help="Run a .tac file, whatever its name.")
]
File = Annotated[
    str | None,
    typer.Option("--file", "-f", metavar="FILE", help="Run a saved application, whatever its name."),
]
Source = Annotated[
    str | None, typer.Option("--source", "-s", metavar="FILE", help="The same, saved as source.")
]
Encrypted = Annotated[bool, typer.Option("--encrypted", "-e", help="The saved file has a passphrase.")]
Passphrase = Annotated[
    str | None,
    typer.Option("--passphrase", metavar="SOURCE", help="prompt, file:PATH, env:NAME or credential:NAME."),
]
Save = Annotated[
    bool | None,
    typer.Option(
        "--save/--no-save", " /-o", help="Save it when it has stopped; else if it came from a saved file."
    ),
]
Checkpoint = Annotated[
    str | None, typer.Option("--checkpoint", metavar="SECONDS", help="Save it every so often, too.")
]
Logfile = Annotated[
    str | None,
    typer.Option(
        "--logfile", "-l", "--log-file", metavar="FILE", help="Log there, not to stderr; - for stdout."
    ),
]
LogRotate = Annotated[
    str | None,
    typer.Option("--log-rotate", metavar="WHEN", help="Begin a new file at so many bytes, or daily."),
]
LogKeep = Annotated[
    str | None, typer.Option("--log-keep", metavar="NUMBER", help="How many old ones are kept; else 10.")
]
LogCompress = Annotated[bool, typer.Option("--log-compress", help="Compress the old ones.")]
Logger = Annotated[
    str | None,
    typer.Option("--logger", metavar="NAME", help="Log through what this callable (module.name) returns."),
]
Syslog = Annotated[bool, typer.Option("--syslog", help="Log to the system's log.")]
Prefix = Annotated[
    str | None, typer.Option("--prefix", metavar="TEXT", help="What the system's log calls the sender.")
]
LogLevel = Annotated[
    str, typer.Option("--log-level", metavar="LEVEL", help="debug, info, warning, error or critical.")
]
LogFormat = Annotated[
    str, typer.Option("--log-format", metavar="FORMAT", help="auto, text, json or journal.")
]
Pidfile = Annotated[
    str | None, typer.Option("--pidfile", metavar="FILE", help="Write the process id there when it serves.")
]
Control = Annotated[
    str | None,
    typer.Option(
        "--control", metavar="PATH", callback=options.not_empty, help="Open a socket for live control there."
    ),
]
Rundir = Annotated[
    str | None,
    typer.Option("--rundir", "-d", metavar="DIR", callback=options.not_empty, help="Serve in this folder."),
]
Chroot = Annotated[
    str | None,
    typer.Option(
        "--chroot", metavar="DIR", callback=options.not_empty, help="Serve with DIR as the root folder."
    ),
]
Uid = Annotated[
    str | None,
    typer.Option("--uid", "-u", metavar="USER", callback=options.not_empty, help="Serve as this user."),
]
Gid = Annotated[
    str | None,
    typer.Option("--gid", "-g", metavar="GROUP", callback=options.not_empty, help="Serve as this group."),
]
Euid = Annotated[bool, typer.Option("--euid", help="Change the effective user and group alone.")]
Umask = Annotated[
    str | None, typer.Option("--umask", metavar="OCTAL", help="Rights that new files do not get.")
]
Reactor = Annotated[
    str | None,
    typer.Option(
        "--reactor",
        "-r",
        metavar="NAME",
        help="The event loop: asyncio, uvloop; for Twisted: epoll, poll, select.",
    ),
]
OriginalName = Annotated[bool, typer.Option("--originalname", help="Leave the name of the process alone.")]
Debug = Annotated[bool, typer.Option("--debug", "-b", help="Stop in the debugger on a failure and SIGUSR2.")]
Spew = Annotated[bool, typer.Option("--spew", help="Write each line of Python to stderr before it runs.")]
Profile = Annotated[
    str | None, typer.Option("--profile", "-p", metavar="FILE", help="Write a profile of the run there.")
]
Profiler = Annotated[
    str | None, typer.Option("--profiler", metavar="NAME", help="cprofile (the default) or profile.")
]
Savestats = Annotated[bool, typer.Option("--savestats", help="Write the profile for pstats, not as a text.")]


def _show_version(wanted: bool) -> None:  # noqa: FBT001 (Typer calls it so)
    if wanted:
        import svcctl  # noqa: PLC0415 (kept out of --help)

        typer.echo(f"svcctl {svcctl.__version__}")
        raise typer.Exit


def _show_reactors(wanted: bool) -> None:  # noqa: FBT001 (Typer calls it so)
    if wanted:
        from svcctl.operations.run import reactors  # noqa: PLC0415 (kept out of --help)

        typer.echo("\n".join(reactors()))
        raise typer.Exit


HelpReactors = Annotated[
    bool,
    typer.Option(
        "--help-reactors", callback=_show_reactors, is_eager=True, help="List the event loops and exit."
    ),
]
Version = Annotated[
    bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
]


def run(  # noqa: PLR0913 (each is an option of the command)
    context: typer.Context,
    app: App = None,
    *,
    daemonize: Daemonize = False,
    python: Python = None,
    file: File = None,
    source: Source = None,
    encrypted: Encrypted = False,
    passphrase: Passphrase = None,
    save: Save = None,
    checkpoint: Checkpoint = None,
    logfile: Logfile = None,
    log_rotate: LogRotate = None,
    log_keep: LogKeep = None,
    log_compress: LogCompress = False,
    logger: Logger = None,
    syslog: Syslog = False,
    prefix: Prefix = None,
    log_level: LogLevel = "info",
    log_format: LogFormat = "auto",
    pidfile: Pidfile = None,
    control: Control = None,
    rundir: Rundir = None,
    chroot: Chroot = None,
    uid: Uid = None,
    gid: Gid = None,
    euid: Euid = False,
    umask: Umask = None,
    reactor: Reactor = None,
    originalname: OriginalName = False,
    debug: Debug = False,
    spew: Spew = False,
    profile: Profile = None,
    profiler: Profiler = None,
    savestats: Savestats = False,
    _help_reactors: HelpReactors = False,
    _version: Version = False,
) -> int:
    """Run APP until it is stopped (Ctrl-C), or in the background."""
    return _run(context, {name: value for name, value in locals().items() if name != "context"})


def _run(context: typer.Context, given: dict[str, object]) -> int:
    from svcctl.operations import run as operations  # noqa: PLC0415 (kept out of --help)
    from svcctl.runtime.options import RunOptions, make  # noqa: PLC0415 (the same)

    application, kind = _application(given)
    known = {name: value for name, value in given.items() if name in RunOptions._fields}
    how = make({**known, "kind": kind or None, "arguments": arguments.given(context)})
    level, form = str(given["log_level"]), str(given["log_format"])
    if not given["daemonize"]:
        return operations.run(application, how, log_level=level, log_format=form)
    started = operations.run_daemon(application, how, log_level=level, log_format=form)
    typer.echo(started.pid)
    return 0


def _application(given: dict[str, object]) -> tuple[str, str]:
    """Return what is to be run, and what its file holds; empty if that is seen by its name."""
    from svcctl.errors import UsageError  # noqa: PLC0415 (kept out of --help)

    kinds = {"app": "", "python": "python", "file": "saved", "source": "source"}
    found = [(str(given[name]), kind) for name, kind in kinds.items() if given[name] is not None]
    if len(found) == 1 and found[0][0]:
        return found[0]
    several = "several applications are named" if len(found) > 1 else "no application is named"
    raise UsageError(several, hint="give one of APP, --python, --file and --source: svcctl run --help")
