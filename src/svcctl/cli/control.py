"""``svcctl enable``, ``disable``, ``start``, ``stop``, ``restart`` and ``reload``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from svcctl.cli import options, present
from svcctl.cli.kill import stop_by_file

if TYPE_CHECKING:
    from svcctl.operations.control import Verb

_DONE: dict[Verb, str] = {
    "enable": "starts at boot",
    "disable": "no longer starts at boot",
    "start": "is started",
    "stop": "is stopped",
    "restart": "is restarted",
    "reload": "is reloaded",
}

NameOrService = Annotated[
    str,
    typer.Argument(
        ...,
        metavar="NAME[/SERVICE]",
        help="An installed application, or NAME@INSTANCE; with a path, one service of it while it runs.",
        autocompletion=options.installed_names,
    ),
]


def enable(name: options.Name, *, user: options.UserScope = False, root: options.Root = "") -> None:
    """Start an installed application at boot."""
    _control("enable", name, user=user, root=root)


def disable(name: options.Name, *, user: options.UserScope = False, root: options.Root = "") -> None:
    """Do not start an installed application at boot."""
    _control("disable", name, user=user, root=root)


def start(name: NameOrService, *, user: options.UserScope = False) -> None:
    """Start an installed application, or one service of it. Returns when it serves."""
    _control("start", name, user=user)


def stop(
    name: Annotated[
        str | None,
        typer.Argument(
            ...,
            metavar="NAME[/SERVICE]|PIDFILE",
            help="An installed application, or NAME@INSTANCE, or one service of it while it runs; with / or . at its "
            "beginning, or .pid at its end, a pid file.",
            autocompletion=options.installed_names,
        ),
    ] = None,
    *,
    pidfile: Annotated[
        str | None,
        typer.Option("--pidfile", metavar="FILE", callback=options.not_empty, help="A pid file of any name."),
    ] = None,
    timeout: options.StopTimeout = None,
    user: options.UserScope = False,
) -> None:
    """Stop an installed application, one service of it, or the process of a pid file.

    The sockets of an application close first, so that no client starts it again. A service stays down until it is
    started, or the application is.
    """
    from svcctl.errors import UsageError  # noqa: PLC0415 (kept out of --help)

    if (name is None) == (pidfile is None):
        what = "nothing is named" if name is None else "two things are named"
        raise UsageError(f"{what} to be stopped", hint="give one of NAME, PIDFILE and --pidfile")
    path = pidfile if name is None else name if _is_pid_file(name) else None
    if path is None:
        if timeout is not None:
            raise UsageError(
                "--timeout is for pid files",
                hint="an installed application's limit is the stop_timeout it states",
            )
        _control("stop", str(name), user=user)
        return
    if user:
        raise UsageError("--user is for installed applications", hint="leave it out: a pid file needs none")
    stop_by_file(path, timeout)


def _is_pid_file(text: str) -> bool:
    """Tell a pid file from the name of an application, or of a service, by its text alone.

    No application's name begins with a slash or a dot; one that ends in ``.pid`` is written with ``.service`` behind
    it. For other files there is ``--pidfile``.
    """
    return text.startswith(("/", ".")) or text.endswith(".pid")


def restart(name: NameOrService, *, user: options.UserScope = False) -> None:
    """Restart an installed application, or one service of it.

    The application's sockets stay open, so that no client is refused. What comes after a service is restarted with it.
    """
    _control("restart", name, user=user)


def reload(name: NameOrService, *, user: options.UserScope = False) -> None:
    """Have a running application, or one service of it, read its settings again. Returns when that is done."""
    _control("reload", name, user=user)


def _control(verb: Verb, name: str, *, user: bool, root: str = "") -> None:
    from svcctl.operations.control import control  # noqa: PLC0415 (kept out of --help)

    application, slash, path = name.partition("/")
    if slash and verb in {"start", "stop", "restart", "reload"}:
        from svcctl.operations.live import act  # noqa: PLC0415 (the same)

        service = act(verb, application, path, scope="user" if user else "system")
        present.say(f"{service.path} {_DONE[verb]}")
        return
    result = control(verb, name, scope="user" if user else "system", root=root)
    failed = verb == "stop" and result.state == "failed"
    but = f", but failed on the way: svcctl status {result.name} says why" if failed else ""
    present.say(f"{result.name} {_DONE[verb]}{but}")
