"""What a service is configured with beyond its creation: each setting as the level and the structure that set it."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from typing import NamedTuple

from svcctl.host.windows.structures import (
    Action,
    DelayedStart,
    Description,
    FailureActions,
    FailureFlag,
    Preshutdown,
    SidType,
)
from svcctl.plan.windows import WindowsService

_RESTART = 1
_UNRESTRICTED = 1


class Setting(NamedTuple):
    """One call of ``ChangeServiceConfig2W``.

    Attributes:
        level: Which setting it is.
        what: Its name for people.
        value: The structure.
    """

    level: int
    what: str
    value: ctypes.Structure


def settings(service: WindowsService) -> Iterator[Setting]:
    """Yield every setting of a service, also those that are as Windows has them by default."""
    yield Setting(1, "the description", Description(service.description))
    actions = (Action * len(service.recovery))(
        *(Action(_RESTART if each.restart else 0, each.after_ms) for each in service.recovery)
    )
    # An empty text removes what was there; NULL would leave it.
    recovery = FailureActions(service.recovery_reset_s, "", "", len(actions), actions)
    yield Setting(2, "the recovery actions", recovery)
    if service.start != "manual":
        yield Setting(3, "the delayed start", DelayedStart(service.start == "delayed"))
    yield Setting(4, "recovery after errors", FailureFlag(1))
    yield Setting(5, "the type of its SID", SidType(_UNRESTRICTED))
    yield Setting(7, "the limit at shutdown", Preshutdown(service.preshutdown_ms))


def multi_string(texts: tuple[str, ...]) -> str:
    """Return texts as one, each ended by a NUL; the last NUL of all is added by whoever passes it on."""
    return "".join(f"{text}\0" for text in texts)
