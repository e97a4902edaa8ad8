"""``svcctl enable``, ``disable``, ``start``, ``stop`` and ``restart``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from svcctl.cli import options, present

if TYPE_CHECKING:
    from svcctl.operations.control import Verb

_DONE: dict[Verb, str] = {
    "enable": "starts at boot",
    "disable": "no longer starts at boot",
    "start": "is started",
    "stop": "is stopped",
    "restart": "is restarted",
}


def enable(name: options.Name, *, user: options.UserScope = False, root: options.Root = "") -> None:
    """Start an installed application at boot."""
    _control("enable", name, user=user, root=root)


def disable(name: options.Name, *, user: options.UserScope = False, root: options.Root = "") -> None:
    """Do not start an installed application at boot."""
    _control("disable", name, user=user, root=root)


def start(name: options.Name, *, user: options.UserScope = False) -> None:
    """Start an installed application. Returns when it serves."""
    _control("start", name, user=user)


def stop(name: options.Name, *, user: options.UserScope = False) -> None:
    """Stop an installed application. Its sockets close first, so that no client starts it again."""
    _control("stop", name, user=user)


def restart(name: options.Name, *, user: options.UserScope = False) -> None:
    """Restart an installed application. Its sockets stay open, so that no client is refused."""
    _control("restart", name, user=user)


def _control(verb: Verb, name: str, *, user: bool, root: str = "") -> None:
    from svcctl.operations.control import control  # noqa: PLC0415 (kept out of --help)

    result = control(verb, name, scope="user" if user else "system", root=root)
    failed = verb == "stop" and result.state == "failed"
    but = f", but failed on the way: svcctl status {result.name} says why" if failed else ""
    present.say(f"{result.name} {_DONE[verb]}{but}")
