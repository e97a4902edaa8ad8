"""What services say about their order and their restarts, for their description."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeGuard, get_args

from svcctl.application.service import Service
from svcctl.application.tree.graph import Graph
from svcctl.application.tree.record import Record, path_of
from svcctl.errors import Problem
from svcctl.manifest.model import Restart, Strategy, Supervision

#: Seconds; longer times are mistakes, and systemd would take them for infinity.
_LONGEST = 10**9


def after_of(record: Record, graph: Graph, moved: dict[str, str]) -> tuple[str, ...] | None:
    """Return the paths of what a service comes after; those below a service that is described elsewhere, there."""
    stated = graph.stated.get(record)
    if stated is None:
        return None
    paths = [path_of(each) for each in stated]
    for there, here in moved.items():
        paths = [here + path[len(there) :] if path.startswith(f"{there}/") else path for path in paths]
    return tuple(dict.fromkeys(paths))


def restart_of(service: object) -> Restart:
    """Return when a service is to be started again."""
    given: Any = getattr(service, "restart", "permanent")
    # It may mean something else by that name, such as a method.
    return given if given in get_args(Restart) else "permanent"


def supervision_of(service: object) -> Supervision | None:
    """Return what a collection does when a child fails; ``None`` if it says nothing."""
    given = getattr(service, "supervision", None) if isinstance(service, Service) else None
    if given is None:
        return None
    return Supervision(
        strategy=given.strategy, restarts=given.restarts, within_ms=max(1, round(given.within * 1000))
    )


def value_problems(records: list[Record]) -> Iterator[Problem]:
    """Yield what services say about their restarts that nobody could follow."""
    for record in records:
        if not isinstance(record.service, Service):
            continue
        restart: object = record.service.restart
        given = getattr(record.service, "supervision", None)
        if isinstance(restart, str) and restart not in get_args(Restart):
            yield Problem(
                path_of(record), f"restart is {restart!r}: expected one of {', '.join(get_args(Restart))}"
            )
        if given is not None:
            yield from _supervision_problems(path_of(record), given)


def _supervision_problems(path: str, given: Any) -> Iterator[Problem]:  # noqa: ANN401 (it may be anything)
    strategy, restarts, within = (getattr(given, name, None) for name in ("strategy", "restarts", "within"))
    if strategy not in get_args(Strategy):
        known = ", ".join(get_args(Strategy))
        yield Problem(path, f"the strategy of its supervision is {strategy!r}: expected one of {known}")
    if not isinstance(restarts, int) or isinstance(restarts, bool) or restarts < 0:
        yield Problem(path, f"its supervision allows {restarts!r} restarts: expected a number from 0 up")
    if not is_time(within) or not within:
        yield Problem(path, f"its supervision counts within {within!r}: expected seconds above 0")


def is_time(seconds: object) -> TypeGuard[float]:
    """Tell whether this is a sensible number of seconds, from 0 up."""
    return isinstance(seconds, int | float) and not isinstance(seconds, bool) and 0 <= seconds <= _LONGEST
