"""``svcctl run`` on Windows."""

from __future__ import annotations

import copy
import functools
import inspect
from collections.abc import Callable
from typing import Annotated, Any, get_args, get_type_hints

from svcctl.cli import run as usual

#: What a service takes the place of there: whoever gives one is told so.
_ELSEWHERE = ("daemonize", "pidfile", "uid", "gid", "euid", "chroot", "syslog", "save", "checkpoint")


def _hiding(function: Callable[..., Any], names: tuple[str, ...]) -> Callable[..., Any]:
    """Return a command whose help does not show these options."""

    @functools.wraps(function)
    def command(**given: Any) -> Any:  # noqa: ANN401 (whatever the command takes and returns)
        return function(**given)

    hints = get_type_hints(function, include_extras=True)
    for name in names:
        kind, shown = get_args(hints[name])
        option = copy.copy(shown)
        option.hidden = True
        hints[name] = Annotated[kind, option]
    parameters = inspect.signature(function).parameters.values()
    asked = [each.replace(kind=each.KEYWORD_ONLY, annotation=hints[each.name]) for each in parameters]
    command.__annotations__ = {each.name: each.annotation for each in asked}
    vars(command)["__signature__"] = inspect.Signature(asked)
    return command


run = _hiding(usual.run, _ELSEWHERE)
