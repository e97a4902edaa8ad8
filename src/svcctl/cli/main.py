"""Puts the commands together and turns what they raise into messages and statuses."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

import svcctl
from svcctl.cli import (
    check,
    control,
    convert,
    credential,
    deb,
    describe,
    diff,
    errors,
    explain,
    install,
    kill,
    list_,
    logs,
    make,
    plugins,
    run,
    simulate,
    status,
    tap2deb,
    top,
    twistd,
    uninstall,
    upgrade,
)
from svcctl.cli.arguments import PluginCommand
from svcctl.cli.commands import Commands

_EPILOG = (
    "APP is a path (with a suffix or a slash), module:attribute, or a plug-in. Results go to stdout, everything "
    "else to stderr. Exit statuses follow sysexits.h. With SVCCTL_TRACEBACK=1 in the environment an internal error shows "
    "its traceback."
)

app = Commands(
    name="svcctl",
    help="Run, install and control Python network applications as services of the operating system.",
    epilog=_EPILOG,
    # Plain text is stable, and importing Rich takes longer than all the rest.
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("run", cls=PluginCommand)(run.run)
app.command("install", cls=PluginCommand)(install.install)
app.command("uninstall")(uninstall.uninstall)
app.command("upgrade")(upgrade.upgrade)
app.command("rollback")(upgrade.rollback)
app.command("list")(list_.list_installed)
app.command("describe", cls=PluginCommand)(describe.describe)
app.command("check", cls=PluginCommand)(check.check)
app.command("simulate", cls=PluginCommand)(simulate.simulate)
app.command("make", cls=PluginCommand)(make.make)
app.command("deb", cls=PluginCommand)(deb.deb)
app.command("plugins")(plugins.plugins)
app.command("convert")(convert.convert)
app.command("status")(status.status)
app.command("explain")(explain.explain)
app.command("diff")(diff.diff)
app.command("top")(top.top)
app.command("logs")(logs.logs)
app.add_typer(credential.app, name="credential")
app.command("enable")(control.enable)
app.command("disable")(control.disable)
app.command("start")(control.start)
app.command("stop")(control.stop)
app.command("restart")(control.restart)
app.command("reload")(control.reload)
app.command("kill")(kill.kill)
app.command("tap2deb", context_settings=tap2deb.SETTINGS)(tap2deb.tap2deb)
app.command("twistd", context_settings=twistd.SETTINGS)(twistd.twistd)


def _show_version(wanted: bool) -> None:  # noqa: FBT001 (Typer calls it so)
    if wanted:
        typer.echo(f"svcctl {svcctl.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    *,
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit."),
    ] = False,
) -> None:
    pass


def run_command(arguments: list[str]) -> int:
    """Run the command line with its arguments and return the status to exit with.

    Everything that goes wrong is told on stderr, in one line and a hint. This is the only place for it.
    """
    try:
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
