"""Services, collections and the application: names, parents, copies and aspects."""

from __future__ import annotations

import asyncio
import copy
import pickle
import sys
from typing import Any

import pytest

from svcctl.application import lifecycle
from svcctl.application.service import (
    Application,
    IProcess,
    IService,
    IServiceCollection,
    MultiService,
    Process,
    Service,
)
from svcctl.errors import (
    DuplicateNameError,
    NotChildError,
    ParentError,
    ServiceNotFoundError,
)
from tests.fakes.loop import run
from tests.unit.application.trees import Noted, Plain, tree


def test_a_service_has_no_name_no_parent_and_does_not_run_at_first() -> None:
    """The attributes of the framework's interface are there without `__init__` being called."""
    service = Service()
    assert (service.name, service.parent, service.running) == (None, None, False)


def test_running_is_read_only() -> None:
    """D20: the driver owns it."""
    with pytest.raises(AttributeError):
        Service().running = True  # type: ignore[misc]  # the point of the test


def test_a_service_with_a_parent_cannot_be_renamed() -> None:
    """Its collection knows it by its old name."""
    service = Service()
    service.setName("web")
    service.setServiceParent(tree())
    with pytest.raises(ParentError, match="root/web cannot be renamed to 'db'"):
        service.setName("db")
    with pytest.raises(RuntimeError):
        service.setName("db")
    assert service.name == "web"


def test_a_service_finds_its_parent_and_the_parent_finds_it() -> None:
    """By position, by name, by iteration."""
    child = Service()
    child.setName("child")
    root = MultiService()
    child.setServiceParent(root)
    assert child.parent is root
    assert list(root) == [child]
    assert root.services == [child]
    assert root.namedServices == {"child": child}
    assert root.getServiceNamed("child") is child
    assert root[0] is child
    assert len(root) == 1


def test_a_collection_without_children_is_true() -> None:
    """`if service:` asks whether there is one, not whether it has children."""
    assert MultiService()
    assert len(MultiService()) == 0


def test_an_application_can_be_the_parent() -> None:
    """Its root is meant."""
    application = Application("web")
    child = Service()
    child.setServiceParent(application)
    assert child.parent is IServiceCollection(application)  # type: ignore[misc,call-arg]  # the interface adapts


def test_what_is_no_collection_cannot_be_the_parent() -> None:
    """The error says what it lacks; the service keeps no half state."""
    service = Service()
    with pytest.raises(TypeError, match="Service object is no IServiceCollection: it lacks getServiceNamed"):
        service.setServiceParent(Service())
    assert service.parent is None


def test_a_parented_service_is_not_moved_silently() -> None:
    """D6: a second parent is an error, and everything stays as it is."""
    first, second = tree(), tree()
    child = Service()
    child.setName("child")
    child.setServiceParent(first)
    with pytest.raises(ParentError, match="root/child has a parent already") as caught:
        child.setServiceParent(second)
    assert "disownServiceParent" in caught.value.hint
    assert child.parent is first
    assert list(first) == [child]
    assert list(second) == []


def test_a_child_is_not_added_twice() -> None:
    """Not even to the same collection."""
    child = Service()
    root = tree(child)
    with pytest.raises(ParentError, match="is in that collection already"):
        root.addService(child)
    assert list(root) == [child]


def test_a_tree_cannot_contain_itself() -> None:
    """Whatever walks the tree would never end."""
    inner = tree(name="inner")
    outer = tree(inner, name="outer")
    with pytest.raises(ParentError, match="outer cannot be below itself"):
        inner.addService(outer)
    with pytest.raises(ParentError, match="cannot be below itself"):
        outer.addService(outer)
    assert list(inner) == []
    assert outer.parent is None


def test_a_duplicate_name_leaves_both_as_they_were() -> None:
    """D6: the child has no parent, and disowning it takes no other child's name away."""
    first = Noted([], "db")
    root = tree(first)
    second = Noted([], "db")
    with pytest.raises(DuplicateNameError, match="root has a service named 'db' already"):
        second.setServiceParent(root)
    assert second.parent is None
    with pytest.raises(ParentError, match="it has none"):
        second.disownServiceParent()
    assert list(root) == [first]
    assert root.getServiceNamed("db") is first


def test_an_orphan_cannot_leave_its_parent() -> None:
    """D22: a documented error."""
    with pytest.raises(ParentError, match=r"Service\[0\] cannot leave its parent: it has none"):
        Service().disownServiceParent()


def test_an_empty_name_is_a_name_like_any_other() -> None:
    """D23: it is taken, found and given back."""
    nameless = Noted([], "")
    root = tree(nameless)
    assert root.getServiceNamed("") is nameless
    with pytest.raises(DuplicateNameError):
        root.addService(Noted([], ""))
    root.removeService(nameless)
    assert root.namedServices == {}
    root.addService(Noted([], ""))


def test_removing_a_stranger_of_the_same_name_changes_nothing() -> None:
    """D23: children are told apart by identity."""
    child = Noted([], "db")
    root = tree(child)
    with pytest.raises(NotChildError, match="is no child of root"):
        root.removeService(Noted([], "db"))
    assert root.getServiceNamed("db") is child
    assert list(root) == [child]


def test_children_that_are_equal_are_told_apart() -> None:
    """Whatever their class thinks of equality."""

    class Same(Service):
        def __eq__(self, other: object) -> bool:
            return True

        def __hash__(self) -> int:
            return 1

    first, second = Same(), Same()
    root = tree(first, second)
    root.removeService(second)
    assert root.services[0] is first


def test_an_unknown_name_is_a_key_error_that_lists_the_known_ones() -> None:
    """Callers of the framework catch KeyError."""
    with pytest.raises(ServiceNotFoundError, match=r"no service named 'bd' \(it has: db\)") as caught:
        tree(Noted([], "db")).getServiceNamed("bd")
    assert isinstance(caught.value, KeyError)
    with pytest.raises(ServiceNotFoundError, match="none has a name"):
        tree().getServiceNamed("db")


def test_what_is_no_service_cannot_be_added() -> None:
    """The error comes where the user's line is, not at the start."""
    root = tree()
    with pytest.raises(TypeError, match="object object is no IService: it lacks name"):
        root.addService(object())
    with pytest.raises(TypeError, match="Application object is no service"):
        root.addService(Application("inner"))
    assert list(root) == []


def test_a_path_is_made_of_names_and_positions() -> None:
    """A slash in a name does not look like two names."""
    leaf = Service()
    inner = tree(Service(), leaf, name="a/b%")
    tree(inner)
    assert leaf.path == "root/a%2Fb%25/Service[1]"


def test_a_copy_of_a_running_service_is_stopped() -> None:
    """A copy shares nothing that belongs to the running process."""

    async def main() -> None:
        service = Noted([], "one")
        await lifecycle.start(service)
        for twin in (copy.copy(service), copy.deepcopy(service), pickle.loads(pickle.dumps(service))):  # noqa: S301 (made a moment ago)
            assert service.running
            assert not twin.running
            assert twin.name == "one"
        await lifecycle.stop(service)

    run(main())


class Careless(Service):
    """A service whose author says what is to be pickled, and forgot about us."""

    def __getstate__(self) -> dict[str, Any]:
        """Return everything."""
        return self.__dict__


@pytest.mark.parametrize("kind", [Careless, Plain])
def test_a_running_service_can_be_pickled_and_copied_whatever_its_class_does(kind: type[Any]) -> None:
    """The driver's books stay out of it although the class knows nothing of them."""

    async def main() -> None:
        service = kind()
        await lifecycle.start(service)
        for twin in (copy.copy(service), copy.deepcopy(service), pickle.loads(pickle.dumps(service))):  # noqa: S301 (made a moment ago)
            assert lifecycle.progress(twin) == (0, 1, "")
            assert lifecycle.progress(service) == (1, 1, "")
        await lifecycle.stop(service)

    run(main())


def test_a_pickled_tree_comes_back_whole_and_stopped() -> None:
    """Names, order and parents are kept."""
    application = Application("shop", uid="www")
    tree(Noted([], "db"), name="inner").setServiceParent(application)
    again = pickle.loads(pickle.dumps(application))  # noqa: S301 (made a moment ago)
    root: Any = IServiceCollection(again)  # type: ignore[misc,call-arg]  # the interface adapts
    inner = root.getServiceNamed("inner")
    assert inner.parent is root
    assert inner.getServiceNamed("db").path == "shop/inner/db"
    assert IProcess(again).uid == "www"  # type: ignore[misc,call-arg]  # the same
    assert not inner.running


def test_the_aspects_of_an_application() -> None:
    """The root answers for service and collection; the process for the rest."""
    application = Application("shop", uid=1000, gid="www")
    root: Any = IService(application)  # type: ignore[misc,call-arg]  # the interface adapts
    holder: Any = IServiceCollection(application)  # type: ignore[misc,call-arg]  # the same
    assert holder is root
    assert root.name == "shop"
    assert root.parent is None
    process: Any = IProcess(application)  # type: ignore[misc,call-arg]  # the same
    assert (process.processName, process.uid, process.gid) == (None, 1000, "www")


def test_ids_that_are_not_given_are_left_alone() -> None:
    """None, not those of the creator."""
    process: Any = IProcess(Application("shop"))  # type: ignore[misc,call-arg]  # the interface adapts
    assert (process.processName, process.uid, process.gid) == (None, None, None)


def test_an_aspect_can_be_set_and_asked_for() -> None:
    """As for a log observer."""
    application = Application("shop")
    assert application.getComponent("observer") is None
    assert application.getComponent("observer", "default") == "default"
    application.setComponent("observer", print)
    assert application.getComponent("observer") is print
    process = Process(uid=7)
    application.setComponent(IProcess, process)
    assert IProcess(application) is process  # type: ignore[misc,call-arg]  # the interface adapts


def test_a_service_started_by_hand_runs_until_it_is_stopped() -> None:
    """A stand-alone leaf: `await service.startService()`, with or without the author calling up."""

    class Leaf(Service):
        async def startService(self) -> None:
            await asyncio.sleep(0)
            await super().startService()  # type: ignore[misc]  # it returns something to await

    async def main() -> list[bool]:
        leaf = Leaf()
        await leaf.startService()
        states = [leaf.running]
        await leaf.stopService()  # type: ignore[misc]  # the same
        return [*states, leaf.running]

    assert run(main()) == [True, False]


def test_a_collection_started_by_hand_starts_and_stops_its_children() -> None:
    """A stand-alone collection: binding included, in order and in reverse."""
    log: list[str] = []

    async def main() -> None:
        root = tree(Noted(log, "a"), Noted(log, "b"))
        await root.startService()  # type: ignore[misc]  # it returns something to await
        assert root.running
        assert all(child.running for child in root)
        await root.stopService()  # type: ignore[misc]  # the same
        assert not root.running

    run(main())
    assert log == ["bind a", "bind b", "start a", "start b", "stop b", "stop a"]


def test_a_service_started_by_hand_is_not_started_again_by_the_tree() -> None:
    """Nor bound again."""
    log: list[str] = []

    class Leaf(Noted):
        def startService(self) -> None:
            super().startService()
            Service.startService(self)

    async def main() -> None:
        leaf = Leaf(log, "leaf")
        leaf.startService()
        root = tree(leaf)
        await lifecycle.start(root)
        assert leaf.running
        await lifecycle.stop(root)
        assert not leaf.running

    run(main())
    assert log == ["start leaf", "stop leaf"]


def test_a_foreign_service_takes_no_room_once_it_is_gone() -> None:
    """The books of an object live in it, and die with it."""

    async def main() -> int:
        service = Plain("p")
        root = tree(service)
        await lifecycle.start(root)
        assert lifecycle.progress(root) == (2, 2, "")
        await lifecycle.stop(root)
        lifecycle.progress(root)
        await root.removeService(service)
        return sys.getrefcount(service)

    lone = Plain("p")
    assert run(main()) <= sys.getrefcount(lone) + 1  # its own record, which only the collector of cycles sees


def test_an_object_without_room_for_the_books_is_forgotten_when_it_is_gone() -> None:
    """The driver keeps them elsewhere, for as long as it is bound or runs."""
    from svcctl.application.tree import record  # noqa: PLC0415 (its table is looked at)

    class Slotted(Plain):
        __slots__ = ()

    class Bare:
        __slots__ = ("name", "parent", "running")
        privilegedStartService = startService = stopService = lambda _self: None

        def __init__(self) -> None:
            self.name = self.parent = None

    async def main() -> None:
        bare = Bare()
        root = tree(bare, Slotted("s"))
        await lifecycle.start(root)
        assert lifecycle.progress(root) == (3, 3, "")
        await lifecycle.stop(root)
        await root.removeService(bare)

    before = dict(record._slotted)
    run(main())
    assert record._slotted == before
