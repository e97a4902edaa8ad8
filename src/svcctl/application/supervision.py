"""Restarting what has failed, with limits: the strategies of Erlang's supervisors.

Example:
    >>> from svcctl.application.service import MultiService
    >>> workers = MultiService(supervision=Supervision("rest_for_one", restarts=3, within=30))
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections import deque
from collections.abc import Callable
from typing import Any

from svcctl.application.backoff import backoffPolicy
from svcctl.application.events import RestartLimitReached, RestartScheduled
from svcctl.application.tree.failing import TEMPORARY, fail, kind_of
from svcctl.application.tree.outcome import leaving, starting
from svcctl.application.tree.record import (
    RESTING,
    RUNNING,
    Record,
    State,
    announce,
    children_of,
    is_at_rest,
    is_ending,
    move,
    path_of,
    settle,
    settled,
    starts_alone,
    unchanging,
)
from svcctl.errors import DependencyError, LifecycleError, RestartLimitError, StartError, UsageError
from svcctl.value import Value

_log = logging.getLogger(__name__)

STRATEGIES = ("one_for_one", "one_for_all", "rest_for_one")


def _jitter() -> float:
    return random.uniform(0.0, 0.1)  # noqa: S311 (it spreads load and keeps no secret)


class Supervision(Value):
    """How a collection deals with the failure of a child. Source: Erlang/OTP's ``supervisor``.

    A child is ``permanent`` (restarted whenever it ends), ``transient`` (restarted when it fails) or ``temporary``
    (never restarted, and its failure is nobody's): its attribute ``restart``.

    Attributes:
        strategy: What is restarted: ``one_for_one`` the child that failed; ``one_for_all`` all children;
            ``rest_for_one`` it and those that started after it, in an ordered collection those that come after it.
        restarts: So many restarts are allowed ...
        within: ... in so many seconds; one more, and the collection itself has failed. Older ones are forgotten,
            also by the back-off.
        backoff: Seconds to wait before the n-th restart of a child within that time.

    Raises:
        UsageError: A value is none of these.
    """

    strategy: str = "one_for_one"
    restarts: int = 5
    within: float = 60.0
    backoff: Callable[[int], float] = backoffPolicy(0.1, 30.0, 2.0, _jitter)

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 (type checkers see the fields instead)
        super().__init__(*args, **kwargs)
        if self.strategy not in STRATEGIES:
            raise UsageError(f"{self.strategy!r} is no strategy", hint=f"give one of {', '.join(STRATEGIES)}")
        if not _is_number(self.restarts, int) or self.restarts < 0:
            raise UsageError(
                f"{self.restarts!r} is no number of restarts", hint="give a whole number from 0 up"
            )
        if not _is_number(self.within, int | float) or not self.within > 0:
            raise UsageError(f"{self.within!r} is no time", hint="give a number of seconds above 0")
        if not callable(self.backoff):
            raise UsageError(f"{self.backoff!r} cannot be called", hint="give backoffPolicy(...)")


def _is_number(value: object, kind: Any) -> bool:  # noqa: ANN401 (a type or a union of types)
    return isinstance(value, kind) and not isinstance(value, bool)


def supervisor_of(record: Record) -> Supervisor:
    """Return what restarts the children of a collection, made when it is needed for the first time."""
    if record.supervisor is None:
        record.supervisor = Supervisor(record)
    return record.supervisor


class Supervisor:
    """Restarts the children of one collection, from the first failure until the collection stops.

    Args:
        record: The collection.
    """

    def __init__(self, record: Record) -> None:
        self.record = record
        self.policy: Supervision = record.service.supervision
        self._history: deque[tuple[float, Record]] = deque()
        self._repairs: dict[Record, _Repair] = {}

    def failed(self, child: Record, error: BaseException) -> None:
        """Restart a child that has failed, and those that go with it; or fail, if that was too often."""
        now = asyncio.get_running_loop().time()
        while self._history and self._history[0][0] <= now - self.policy.within:
            self._history.popleft()
        self._history.append((now, child))
        if len(self._history) > self.policy.restarts:
            self._give_up(error)
            return
        unit = child if self.policy.strategy == "one_for_one" else self.record
        repair = self._repairs.get(unit)
        if repair is None:
            repair = self._repairs[unit] = _Repair(self)
            repair.task = asyncio.get_running_loop().create_task(self._mend(unit, repair))
            repair.task.add_done_callback(repair.ended)
        repair.join(child, error)

    def attempt(self, child: Record) -> int:
        """Return how many times a child has failed of late."""
        return sum(1 for _, each in self._history if each is child)

    def mends(self, child: Record) -> bool:
        """Tell whether a child is down, or about to be, and will be started again."""
        return any(child in repair.falling for repair in self._repairs.values())

    def tries(self, child: Record) -> bool:
        """Tell whether a child is being started again, or has failed to and will be soon."""
        return any(child in repair.falling or repair.starts is child for repair in self._repairs.values())

    def knows(self, child: Record) -> bool:
        """Tell whether a child has failed and that has not been dealt with."""
        return any(child in repair.broken for repair in self._repairs.values())

    def dismiss(self, child: Record) -> None:
        """Forget the restart of a child that leaves the collection."""
        own = self._repairs.pop(child, None)
        if own is not None and own.task is not None:
            own.task.cancel()
        for repair in self._repairs.values():
            repair.broken.pop(child, None)
            repair.falling.discard(child)

    def halt(self) -> set[asyncio.Task[None]]:
        """End all restarts; return what to wait for."""
        repairs, self._repairs = self._repairs, {}
        tasks = {repair.task for repair in repairs.values() if repair.task is not None}
        for task in tasks:
            task.cancel()
        return tasks

    def _give_up(self, error: BaseException) -> None:
        record, policy = self.record, self.policy
        self._history.clear()
        self.halt()
        announce(record, RestartLimitReached(path_of(record), policy.restarts, policy.within, error))
        limit = RestartLimitError(policy.restarts, policy.within, error)
        for child in children_of(record):
            if child.state is State.BACKING_OFF:
                move(child, State.FAILED, limit)
        fail(record, limit)

    async def _mend(self, unit: Record, repair: _Repair) -> None:
        try:
            await repair.run()
        except Exception as error:  # noqa: BLE001 (a fault of ours must not leave a service down unseen)
            fail(self.record, error)
        finally:
            if self._repairs.get(unit) is repair:
                del self._repairs[unit]


class _Repair:
    """The restart of children that belong together.

    Args:
        supervisor: Whose children they are.

    Attributes:
        broken: Those that have failed and why; more may join while it goes on.
        falling: Those that are down, or about to be, until they are started again.
        task: What does it.
        starts: The one that it starts at this moment.
    """

    def __init__(self, supervisor: Supervisor) -> None:
        self.broken: dict[Record, BaseException] = {}
        self.falling: set[Record] = set()
        self.task: asyncio.Task[None] | None = None
        self._supervisor = supervisor
        self._record = supervisor.record
        self._down: set[Record] = set()
        self._visited: set[Record] = set()
        self.starts: Record | None = None

    def join(self, child: Record, error: BaseException) -> None:
        """Take up another failure; what goes down with it need not be started any further."""
        self.broken[child] = error
        self._visited.discard(child)  # it may have been on its way up then
        victims = self._victims()
        self.falling.update(victims)
        starts = self.starts
        if starts is not None and starts is not child and starts.start_task is not None and starts in victims:
            starts.start_task.cancel()

    def ended(self, _task: asyncio.Task[None]) -> None:
        """Let those look again who wait for what has not been started."""
        for child in self.falling | self._down:
            settle(child)

    async def run(self) -> None:
        """Stop what is to be restarted, wait, and start it, until all of it is up."""
        await unchanging(self._record)
        while (self.broken or self._owes()) and self._goes_on():
            self._visited.clear()
            while victims := [each for each in reversed(self._victims()) if each not in self._visited]:
                self._visited.update(victims)
                self.falling.update(victims)
                for child in victims:
                    if await self._stopped(child):
                        self._down.add(child)
                    else:
                        self._is_done(child)
            for child in self.falling.difference(self._down, self.broken):
                self.falling.discard(child)  # the order has changed, and it stays up
                settle(child)
            await self._back_off()
            for child in [each for each in self._in_order() if each in self._down]:
                if self.broken or not self._goes_on() or not await self._started(child):
                    break
                self._is_done(child)

    def _owes(self) -> bool:  # whose failure it was may have left meanwhile
        return any(each.parent is self._record for each in self._down)

    def _has_left(self, child: Record) -> bool:
        return child.parent is not self._record or child.ended

    def _is_done(self, child: Record) -> None:
        self._down.discard(child)
        if child not in self.broken:
            self.falling.discard(child)

    def _goes_on(self) -> bool:
        return self._record.state in RUNNING and not is_ending(self._record)

    def _victims(self) -> list[Record]:
        children = self._in_order()
        strategy = self._supervisor.policy.strategy
        if strategy == "one_for_all":
            return children if self.broken else []
        if strategy == "one_for_one":
            return [each for each in children if each in self.broken]
        victims: list[Record] = []
        for each in children:
            after = any(one in victims for one in each.follows) if self._record.ordered else bool(victims)
            if each in self.broken or after:
                victims.append(each)
        return victims

    def _in_order(self) -> list[Record]:
        if not self._record.ordered:
            return children_of(self._record)
        from svcctl.application.tree.graph import in_order  # noqa: PLC0415 (only for ordered collections)

        return in_order(self._record)

    async def _stopped(self, child: Record) -> bool:
        """Stop a child; tell whether it has to be started again."""
        if child.parent is not self._record or (starts_alone(child) and child.state in RESTING):
            return False  # it has left, or was added just now and waits for others before it starts
        if is_at_rest(child) or _waits(child):
            return child in self.broken or child in self._down
        error = self.broken.get(child)
        stop = leaving(child, None, failure=error)
        child.ended = child.ended or (child not in self.broken and kind_of(child) == TEMPORARY)
        try:
            await stop
        except LifecycleError:  # somebody else stops it, or has removed it
            self.broken.pop(child, None)
            return False
        except ExceptionGroup as group:
            _log.error("stop failed before a restart", exc_info=group, extra={"svcctl_path": path_of(child)})
        return not child.ended

    async def _back_off(self) -> None:
        delay = 0.0
        for child, error in self.broken.items():
            if (
                child.parent is not self._record
                or child.start_task is not None
                or child.stop_task is not None
            ):
                continue
            attempt = self._supervisor.attempt(child)
            seconds = self._supervisor.policy.backoff(attempt)
            delay = max(delay, seconds)
            move(child, State.BACKING_OFF, error)
            announce(child, RestartScheduled(path_of(child), attempt, seconds, error))
            _log.warning(
                "service failed and is restarted",
                exc_info=error,
                extra={"svcctl_path": path_of(child), "svcctl_attempt": attempt, "svcctl_seconds": seconds},
            )
        self.broken.clear()
        await asyncio.sleep(delay)

    async def _started(self, child: Record) -> bool:
        """Start a child; tell whether that is done with."""
        await settled(child)
        if self.broken:
            return False  # somebody has failed meanwhile, perhaps this one: all begins again
        if child.parent is not self._record or child.state in RUNNING or child.ended or not self._goes_on():
            return True
        self.starts = child
        self.falling.discard(child)
        try:
            await starting(child)
        except (StartError, DependencyError) as error:
            if self._has_left(child):
                return True  # it has left, so this is no failure of the collection any more
            self._supervisor.failed(child, error)
            return False
        except LifecycleError:  # whoever has removed or stopped it knows; else others have failed meanwhile
            return self._has_left(child) or child.stop_task is not None
        finally:
            self.starts = None
        return True


def _waits(child: Record) -> bool:
    return child.state is State.BACKING_OFF and child.start_task is None and child.stop_task is None
