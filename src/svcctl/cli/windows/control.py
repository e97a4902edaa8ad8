"""``svcctl enable``, ``disable``, ``start``, ``stop``, ``restart`` and ``reload`` on Windows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from svcctl.cli.windows import present

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


def enable(name: present.Name) -> None:
    """Start an installed application with Windows."""
    _control("enable", name)


def disable(name: present.Name) -> None:
    """Do not start an installed application with Windows."""
    _control("disable", name)


def start(name: present.Name) -> None:
    """Start an installed application. Returns when it serves."""
    _control("start", name)


def stop(name: present.Name) -> None:
    """Stop an installed application. Returns when it has stopped."""
    _control("stop", name)


def restart(name: present.Name) -> None:
    """Stop an installed application and start it again. Returns when it serves."""
    _control("restart", name)


def reload(name: present.Name) -> None:
    """Have a running application read its settings again."""
    _control("reload", name)


def _control(verb: Verb, name: str) -> None:
    from svcctl.host.windows.machine import here  # noqa: PLC0415 (kept out of --help)
    from svcctl.operations.windows.control import control  # noqa: PLC0415 (the same)

    result = control(verb, name, here())
    but = f", but failed on the way: svcctl status {result.name} says why" if result.failed else ""
    present.say(f"{result.name} {_DONE[verb]}{but}")
