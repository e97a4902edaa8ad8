"""``svcctl enable``, ``disable``, ``start``, ``stop``, ``restart`` and ``reload`` on Windows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from svcctl.cli import present
from svcctl.cli.windows.options import Name, installed_names

if TYPE_CHECKING:
    from svcctl.operations.windows.control import Verb

_DONE: dict[Verb, str] = {
    "enable": "starts with Windows",
    "disable": "no longer starts with Windows",
    "start": "is started",
    "stop": "is stopped",
    "restart": "is restarted",
    "reload": "has been told to reload",
}


NameOrService = Annotated[
    str,
    typer.Argument(
        ...,
        metavar="NAME[/SERVICE]",
        help="An installed application; with a path, one service of it while it runs.",
        autocompletion=installed_names,
    ),
]


def enable(name: Name) -> None:
    """Start an installed application with Windows."""
    _control("enable", name)


def disable(name: Name) -> None:
    """Do not start an installed application with Windows."""
    _control("disable", name)


def start(name: NameOrService) -> None:
    """Start an installed application, or one service of it. Returns when it serves."""
    _control("start", name)


def stop(name: NameOrService) -> None:
    """Stop an installed application, or one service of it. Returns when it has stopped."""
    _control("stop", name)


def restart(name: NameOrService) -> None:
    """Stop an installed application, or one service of it, and start it again. Returns when it serves."""
    _control("restart", name)


def reload(name: NameOrService) -> None:
    """Have a running application, or one service of it, read its settings again."""
    _control("reload", name)


def _control(verb: Verb, name: str) -> None:
    from svcctl.host.windows.machine import here  # noqa: PLC0415 (kept out of --help)
    from svcctl.operations.windows.control import act, control  # noqa: PLC0415 (the same)

    application, slash, path = name.partition("/")
    if slash and verb in {"start", "stop", "restart", "reload"}:
        service = act(verb, application, path, here())
        present.say(f"{service.path} {_DONE[verb] if verb != 'reload' else 'is reloaded'}")
        return
    result = control(verb, name, here())
    but = f", but failed on the way: svcctl status {result.name} says why" if result.failed else ""
    present.say(f"{result.name} {_DONE[verb]}{but}")
