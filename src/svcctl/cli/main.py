"""Puts the commands together and turns what they raise into messages and statuses."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterable
from typing import Annotated, Any

import typer

import svcctl
from svcctl.cli import errors
from svcctl.cli.arguments import PluginCommand
from svcctl.cli.commands import Commands

#: Where each command is: a module beside this one, and a function in it; for ``credential``, a group.
COMMANDS = {
    "run": "run:run",
    "install": "install:install",
    "uninstall": "uninstall:uninstall",
    "upgrade": "upgrade:upgrade",
    "rollback": "upgrade:rollback",
    "list": "list_:list_installed",
    "describe": "describe:describe",
    "check": "check:check",
    "simulate": "simulate:simulate",
    "make": "make:make",
    "deb": "deb:deb",
    "generate": "generate:app",
    "plugins": "plugins:plugins",
    "convert": "convert:convert",
    "status": "status:status",
    "explain": "explain:explain",
    "diff": "diff:diff",
    "top": "top:top",
    "logs": "logs:logs",
    "credential": "credential:app",
    "enable": "control:enable",
    "disable": "control:disable",
    "start": "control:start",
    "stop": "control:stop",
    "restart": "control:restart",
    "reload": "control:reload",
    "kill": "kill:kill",
    "tap2deb": "tap2deb:tap2deb",
    "twistd": "twistd:twistd",
}
#: Those whose APP may be a plug-in, with arguments of its own.
_TAKE_PLUGINS = {"run", "install", "describe", "check", "simulate", "make", "deb"}
#: Those that read all of their options themselves, by the rules of the program that they stand for.
_IMPERSONATE: dict[str, dict[str, Any]] = {
    "tap2deb": {"ignore_unknown_options": True, "help_option_names": []},
    "twistd": {
        "ignore_unknown_options": True,
        "allow_interspersed_args": False,
        "help_option_names": [],
    },
}

_EPILOG = (
    "APP is a path (with a suffix or a slash), module:attribute, or a plug-in. Results go to stdout, everything "
    "else to stderr. Exit statuses follow sysexits.h. With SVCCTL_TRACEBACK=1 in the environment an internal error shows "
    "its traceback."
)


def _show_version(wanted: bool) -> None:  # noqa: FBT001 (Typer calls it so)
    if wanted:
        typer.echo(f"svcctl {svcctl.__version__}")
        raise typer.Exit


def _options(
    *,
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit."),
    ] = False,
) -> None:
    pass


def application(names: Iterable[str] = COMMANDS) -> Commands:
    """Return the command line with the commands of these names; the modules of the others are not loaded."""
    app = Commands(
        name="svcctl",
        help="Run, install and control Python network applications as services of the operating system.",
        epilog=_EPILOG,
        # Plain text is stable, and importing Rich takes longer than all the rest.
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_options)
    for name in names:
        _add(app, name)
    return app


def _add(app: Commands, name: str) -> None:
    module, _, place = COMMANDS[name].partition(":")
    found: Any = getattr(importlib.import_module(f"svcctl.cli.{module}"), place)
    if isinstance(found, Commands):
        app.add_typer(found, name=name)
        return
    kind = PluginCommand if name in _TAKE_PLUGINS else None
    app.command(name, cls=kind, context_settings=_IMPERSONATE.get(name))(found)


def run_command(arguments: list[str]) -> int:
    """Run the command line with its arguments and return the status to exit with.

    Everything that goes wrong is told on stderr, in one line and a hint. This is the only place for it.
    """
    named = [name for name in arguments[:1] if name in COMMANDS]
    try:
        app = application(named or COMMANDS)
        status = app(args=arguments or ["--help"], prog_name="svcctl", standalone_mode=False)
        sys.stdout.flush()
    except BrokenPipeError:
        return _reader_went_away()
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else 0
    except (KeyboardInterrupt, typer.Abort):
        return errors.INTERRUPTED
    except Exception as error:  # noqa: BLE001 (the last resort: nothing may reach the user as a traceback)
        return errors.report(error)
    return status if isinstance(status, int) else 0


def _reader_went_away() -> int:
    # Python flushes stdout once more when it ends, and would complain then.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return errors.READER_GONE
