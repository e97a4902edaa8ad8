"""Who is restarted with whom, when, and how often."""

from __future__ import annotations

import asyncio
from typing import Any, NamedTuple

from svcctl.application import lifecycle
from svcctl.application.events import RestartLimitReached, RestartScheduled
from svcctl.application.service import MultiService
from svcctl.application.tree.record import RUNNING, State
from svcctl.errors import DependencyError
from tests.property.supervised_world import Node, Probe, World, has_ended, is_temporary, state_of, strategy_of


class Failure(NamedTuple):
    """A failure in a collection that the observers were told of: when, whose, and why."""

    time: float
    service: Any
    error: BaseException | None


class Restarts:
    """Watches the children of collections that are up.

    Attributes:
        owed: For each that has failed: who has to be stopped before any of them is started again.
        due: When those who have failed may be started again.
        alone: Who was added to a collection that is up, and starts at once, whatever is restarted around it.
        changed: The collections where somebody was removed, or an order has changed, while others stop because of it.
        failures: Of the children of each collection, since its last start.
        unseen: The collections of whose failures not all have been told.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.owed: dict[Node, list[Node]] = {}
        self.due: dict[Node, float] = {}
        self.alone: set[Node] = set()
        self.changed: set[MultiService] = set()
        self.failures: dict[MultiService, list[Failure]] = {}
        self.unseen: set[MultiService] = set()
        world.watch(self.observe)

    def join(self, probe: Probe) -> None:
        """Put a service into its collection."""
        self.alone.add(probe)
        sequences, follows = self.world.sequences, self.world.follows
        self.world.join(probe)
        self.changed |= sequences ^ self.world.sequences
        if follows != self.world.follows:
            self.changed.add(self.world.root)

    def leaves(self, probe: Probe) -> None:
        """Expect nothing any more of a service that was removed, nor of others because of it."""
        self._forget(probe)
        self.changed.add(probe.home)

    def _forget(self, service: Node) -> None:
        self.owed.pop(service, None)
        self.due.pop(service, None)
        self.alone.discard(service)
        for debts in self.owed.values():
            if service in debts:
                debts.remove(service)

    def observe(self, event: Any, service: Node) -> None:  # noqa: ANN401 (events of several kinds, the same)
        """Follow what the driver tells."""
        now = asyncio.get_running_loop().time()
        if isinstance(event, RestartScheduled):
            self.alone.discard(service)
            self.due[service] = now + event.delay
            self._check_limit(event, service)
        elif isinstance(event, RestartLimitReached):
            self._check_end(event, service, now)
            self._begin_anew(service)
        elif isinstance(event, lifecycle.Transition):
            if event.after in (State.STARTING, State.STOPPING) and isinstance(service, MultiService):
                self._begin_anew(service)
                self.failures[service] = []
                self.unseen.discard(service)
            if event.after is State.FAILED and service is not self.world.root:
                self._fails(service, event, now)
            elif service is not self.world.root and state_of(service.parent) in RUNNING:
                self._moves(service, event, now)

    def _begin_anew(self, collection: MultiService) -> None:
        self.changed.discard(collection)
        for each in collection:
            self._forget(each)

    def _moves(self, service: Node, event: lifecycle.Transition, now: float) -> None:
        if event.after is State.STARTING:
            self._starts(service, now)
        elif event.after is State.READY and not any(each in self.owed for each in service.parent):
            self.alone.discard(service)  # nobody around it is restarted at this moment
        elif event.after is State.STOPPING:
            self._stops(service, event.before)

    def _fails(self, service: Node, event: lifecycle.Transition, now: float) -> None:
        home = service.parent
        seen = self.failures.setdefault(home, [])
        if is_temporary(service) or any(each.error is event.error for each in seen):
            return  # nobody else is touched, or it is the end of a stop because of that failure
        if service in self.world.back:
            return  # it is the failure of its last stay
        seen.append(Failure(now, service, event.error))
        if home.supervision is not None and state_of(home) in RUNNING:
            self.owed[service] = [
                each for each in self.victims(service) if state_of(each) in RUNNING and each not in self.alone
            ]
            if (
                event.before in RUNNING and service not in self.alone
            ):  # else its start has failed, or it came late
                self.owed[service].append(service)
        elif home.supervision is None and home.parent is not None and state_of(home) is State.STARTING:
            self.unseen.add(home.parent)  # its collection has failed, too, which it is told when it is ready

    def _starts(self, service: Node, now: float) -> None:
        """Check whether a service may be started again now."""
        due = self.due.pop(service, 0.0)
        self.owed.pop(service, None)
        if service in self.alone:
            return
        if due > now + 0.001:
            self.world.wrong.append(f"{service.name} is started again too early")
        home = service.parent
        # Of a start that fails the supervisor hears a little later than observers.
        known = {each.service for each in self.failures.get(home, []) if each.time < now}
        for culprit, debts in self.owed.items():
            if culprit not in known:
                continue
            together = [culprit, *self.victims(culprit)]  # by now: somebody may have changed the order
            left = [each for each in debts if service in together and each in together]
            self.world.wrong += [
                f"{service.name} is started again before {each.name} has been stopped" for each in left
            ]
        if home in self.world.sequences - self.changed and strategy_of(home) != "one_for_one":
            before = [each for each in list(home)[: list(home).index(service)] if each not in self.alone]
            late = [each for each in before if state_of(each) not in RUNNING and not has_ended(each)]
            self.world.wrong += [f"{service.name} is started again before {each.name}" for each in late]

    def _stops(self, service: Node, before: State) -> None:
        """Check whether a service may be stopped now, alone or with others."""
        home = service.parent
        if service not in self.world.back:
            self.alone.discard(service)  # from now on it goes with the others
        after = self.followers(service)
        together = [debts for debts in self.owed.values() if service in debts]
        for debts in together:
            debts.remove(service)
        if has_ended(service):
            return  # who ends does so alone
        if home not in self.changed:
            late = [each for debts in together for each in debts if each in after and self.world.is_up(each)]
            self.world.wrong += [f"{service.name} stops before {each.name}" for each in late]
        if before not in RUNNING or service in self.world.back:
            return  # it is down already, or this is the end of its last stay
        culprits = [each for each in home if service in self.victims(each) and self._is_broken(each)]
        if culprits or home in self.unseen:
            return
        if home not in self.changed or strategy_of(home) in ("", "one_for_one"):
            self.world.wrong.append(f"{service.name} is stopped for no reason")

    def _is_broken(self, service: Node) -> bool:
        """Tell whether a service is down and is to be started again."""
        return state_of(service) not in RUNNING and not has_ended(service)

    def victims(self, service: Node) -> list[Node]:
        """Return who goes down when a service has failed."""
        home = service.parent
        if home is None or strategy_of(home) in ("", "one_for_one"):
            return []
        if strategy_of(home) == "one_for_all":
            return [each for each in home if each is not service]
        return self.followers(service)

    def followers(self, service: Node) -> list[Node]:
        """Return the siblings that come after a service, directly or not."""
        home = service.parent
        if home in self.world.sequences:
            return list(home)[list(home).index(service) + 1 :]
        found = [service]
        for each in found:
            found += [one for one in home if one not in found and each in self.world.beside(one)]
        return found[1:]

    def _check_limit(self, event: RestartScheduled, service: Node) -> None:
        home = service.parent
        if state_of(home) is State.FAILED:
            self.world.wrong.append(f"{event.path} is restarted after its collection has given up")
        if home.supervision is None or is_temporary(service):
            self.world.wrong.append(f"{event.path} is restarted")
            return
        if isinstance(event.error, DependencyError):  # its start was refused
            self.unseen.add(home)
        mine = [each for each in self.failures.get(home, []) if each.service is service]
        if home in self.unseen:
            return
        if not mine:
            self.world.wrong.append(f"{event.path} is restarted and has not failed")
            return
        # Of failures at the same time nobody knows which one the supervisor hears of first.
        recent = [each for each in self._recent(home, mine[-1].time) if each.time < mine[-1].time]
        if len(recent) + 1 > home.supervision.restarts:
            self.world.wrong.append(f"{event.path} is restarted after {recent}")

    def _check_end(self, event: RestartLimitReached, collection: MultiService, now: float) -> None:
        failures = self._recent(collection, now)
        # A start that is refused is a failure, too, and nobody is told of it before its restart.
        refused = isinstance(event.error, DependencyError) or self.world.back.intersection(collection)
        if not refused and collection not in self.unseen | self.changed and len(failures) <= event.restarts:
            self.world.wrong.append(f"{event.path} gives up after {failures}")

    def _recent(self, collection: MultiService, now: float) -> list[Failure]:
        begin = now - collection.supervision.within if collection.supervision is not None else now
        return [each for each in self.failures.get(collection, []) if begin < each.time <= now]
