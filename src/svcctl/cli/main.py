"""Puts the commands together and turns what they raise into messages and statuses."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Mapping
from typing import Annotated, Any, NamedTuple

import typer

import svcctl
from svcctl.cli import errors
from svcctl.cli.arguments import PluginCommand
from svcctl.cli.commands import Commands


class _Command(NamedTuple):
    """Where one command is: a module beside this one, and a function in it, or a group of commands.

    Attributes:
        usual: What it does.
        windows: The same on Windows; ``None`` if it has no sense there.
        settings: What Typer is told of it.
    """

    usual: str
    windows: str | None
    settings: Mapping[str, Any] = {}


#: For commands whose APP may be a plug-in, with arguments of its own.
_PLUGIN = {"cls": PluginCommand}
#: For those that read all of their options themselves, by the rules of the program that they stand for.
_AS_TAP2DEB = {"context_settings": {"ignore_unknown_options": True, "help_option_names": []}}
_AS_TWISTD = {"context_settings": {**_AS_TAP2DEB["context_settings"], "allow_interspersed_args": False}}

_COMMANDS = {
    "run": _Command("run:run", "windows.run:run", _PLUGIN),
    "install": _Command("install:install", "windows.install:install", _PLUGIN),
    "uninstall": _Command("uninstall:uninstall", "windows.uninstall:uninstall"),
    "upgrade": _Command("upgrade:upgrade", None),
    "rollback": _Command("upgrade:rollback", None),
    "list": _Command("list_:list_installed", "windows.looking:list_installed"),
    "describe": _Command("describe:describe", "describe:describe", _PLUGIN),
    "check": _Command("check:check", None, _PLUGIN),
    "simulate": _Command("simulate:simulate", None, _PLUGIN),
    "make": _Command("make:make", "make:make", _PLUGIN),
    "deb": _Command("deb:deb", None, _PLUGIN),
    "generate": _Command("generate:app", "generate:app"),
    "plugins": _Command("plugins:plugins", "plugins:plugins"),
    "convert": _Command("convert:convert", "convert:convert"),
    "status": _Command("status:status", "windows.looking:show_status"),
    "explain": _Command("explain:explain", None),
    "diff": _Command("diff:diff", None),
    "top": _Command("top:top", "windows.looking:show_top"),
    "logs": _Command("logs:logs", "windows.looking:show_logs"),
    "credential": _Command("credential:app", None),
    "enable": _Command("control:enable", "windows.control:enable"),
    "disable": _Command("control:disable", "windows.control:disable"),
    "start": _Command("control:start", "windows.control:start"),
    "stop": _Command("control:stop", "windows.control:stop"),
    "restart": _Command("control:restart", "windows.control:restart"),
    "reload": _Command("control:reload", "windows.control:reload"),
    "kill": _Command("kill:kill", None),
    "tap2deb": _Command("tap2deb:tap2deb", None, _AS_TAP2DEB),
    "twistd": _Command("twistd:twistd", None, _AS_TWISTD),
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


def application(only: str = "", *, windows: bool = os.name == "nt") -> Commands:
    """Return the command line.

    Args:
        only: Name of the one command that it is to have: the modules of the others are not loaded. If there is none of
            that name, it has all.
        windows: It is for a machine that runs Windows.
    """
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
    places = {name: each.windows if windows else each.usual for name, each in _COMMANDS.items()}
    for name in [only] if places.get(only) else places:
        if place := places[name]:
            _add(app, name, place, _COMMANDS[name].settings)
    return app


def _add(app: Commands, name: str, place: str, settings: Mapping[str, Any]) -> None:
    module, _, function = place.partition(":")
    found: Any = getattr(importlib.import_module(f"svcctl.cli.{module}"), function)
    if isinstance(found, Commands):
        app.add_typer(found, name=name)
    else:
        app.command(name, **settings)(found)


def run_command(arguments: list[str]) -> int:
    """Run the command line with its arguments and return the status to exit with.

    Everything that goes wrong is told on stderr, in one line and a hint. This is the only place for it.
    """
    _open_what_is_closed()
    try:
        app = application(*arguments[:1])
        status = app(args=arguments or ["--help"], prog_name="svcctl", standalone_mode=False)
        sys.stdout.flush()
    except BrokenPipeError:
        _give_up_stdout()
        return errors.READER_GONE
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else 0
    except (KeyboardInterrupt, typer.Abort):
        return errors.INTERRUPTED
    except Exception as error:  # noqa: BLE001 (the last resort: nothing may reach the user as a traceback)
        status = errors.report(error)
        if isinstance(error, OSError) and status == errors.NO_ROOM:
            _give_up_stdout()
        return status
    return status if isinstance(status, int) else 0


def _open_what_is_closed() -> None:
    """Have the three standard descriptors, so that no file and no socket gets the number of one and is written to."""
    opened = os.open(os.devnull, os.O_RDWR)
    while opened <= 2:  # noqa: PLR2004 (stderr)
        os.set_inheritable(opened, True)  # noqa: FBT003 (its second argument has no name)
        opened = os.open(os.devnull, os.O_RDWR)
    os.close(opened)
    sys.stdout = sys.stdout or open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 (until the end)
    sys.stderr = sys.stderr or open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 (the same)


def _give_up_stdout() -> None:
    # Python flushes stdout once more when it ends, and would complain then.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
