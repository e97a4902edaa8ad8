"""The order in which the services of a tree may start and stop."""

from __future__ import annotations

from typing import Any

from svcctl.application import lifecycle
from svcctl.application.service import MultiService
from svcctl.application.tree.record import CHANGING, RUNNING, State, record_of
from tests.property.supervised_world import Node, Probe, World, has_ended, is_down, is_temporary, state_of


class Order:
    """Watches that nobody starts before what it comes after, and nobody stops before what comes after it.

    Attributes:
        before: For each collection that stops: for each child who came after it when that began.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.before: dict[MultiService, dict[Node, list[Node]]] = {}
        world.watch(self.observe)

    def observe(self, event: Any, service: Node) -> None:  # noqa: ANN401 (an event of any kind, a probe or a collection)
        """Judge a start, a stop or a collection that is ready."""
        if not isinstance(event, lifecycle.Transition):
            return
        if event.after is State.STARTING:
            if service is not self.world.root:
                self.starts(service)
        elif event.after is State.STOPPING:
            if isinstance(service, MultiService):
                self.before[service] = {each: self.followers(each) for each in service}
            if event.before in RUNNING and service is not self.world.root:
                self.stops(service)
        elif event.after is State.READY and isinstance(service, MultiService):
            self.is_whole(service)
        elif event.before in CHANGING and is_down(service) and isinstance(service, Probe) and service.working:
            self.world.wrong.append(f"{service.name} is down, its background is not")

    def starts(self, service: Node) -> None:
        """Check whether a service may be started now, with its collection or later."""
        world, home = self.world, service.parent
        if State.STOPPING in (state_of(home), state_of(world.root)) and state_of(home) is not State.STARTING:
            world.wrong.append(f"{service.name} starts while the tree stops")
        if has_ended(service):
            world.wrong.append(f"{service.name} is started again, and it had ended")
        once = state_of(home) is State.STARTING  # then it is enough to have been ready once
        elsewhere = self._elsewhere(service)
        if once and isinstance(service, MultiService):  # who comes after what came late waits for that alone
            elsewhere = [each for each in elsewhere if each not in world.late]
        needed = world.beside(service) + elsewhere
        if once and home in world.lasting:  # what starts already keeps its order
            needed += list(home)[: list(home).index(service)]
        world.wrong += [
            f"{service.name} starts before {each.name}" for each in needed if not self.serves(each, once)
        ]

    def _elsewhere(self, service: Node) -> list[Node]:
        return [
            self.world.at(path)
            for probe in self.world.probes_of(service)
            for path in self.world.across(probe)
        ]

    def serves(self, service: Node, once: bool) -> bool:  # noqa: FBT001 (it has no other argument)
        """Tell whether what comes after a service may start; what has ended for good holds nobody up."""
        ready = state_of(service) in RUNNING or (once and service in self.world.served)
        # That a temporary service ends before it was up, observers hear a little later than those who wait for it.
        ends = is_temporary(service) and record_of(service).ended
        return ready or ends or has_ended(service)

    def followers(self, service: Node) -> list[Node]:
        """Return the siblings that come after a service; also those that have been removed and still stop."""
        home, found = service.parent, []
        if home in self.world.sequences:
            found += list(home)[list(home).index(service) + 1 :]
        if isinstance(service, Probe):
            there = [each for each in self.world.everyone if each.home is home]
            return found + [each for each in there if service.name in (each.after or ())]
        return found + [each for each in home if service in self.world.beside(each)]

    def stops(self, service: Node) -> None:
        """Check whether a service may be stopped with its collection now."""
        if self.world.cut or state_of(service.parent) is not State.STOPPING or has_ended(service):
            return
        # What is added to a collection that stops does not change its order.
        then = self.before[service.parent].get(service, [])
        late = [each for each in self.followers(service) if each in then and self.world.is_up(each)]
        self.world.wrong += [f"{service.name} stops before {each.name}" for each in late]

    def is_whole(self, collection: MultiService) -> None:
        """Check that all children of a collection that has become ready have been ready."""
        world = self.world
        left = [each for each in collection if each not in world.served | world.late]
        world.wrong += [
            f"{collection.name} is ready without {each.name}" for each in left if not has_ended(each)
        ]
