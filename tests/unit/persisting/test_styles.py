from __future__ import annotations

import copy
import pickle
from collections.abc import Iterator
from typing import Any

import pytest

from svcctl.application import sob, styles
from svcctl.application.service import Service
from svcctl.errors import SavedStateError
from tests.unit.persisting.shops import STYLES


class Plain:
    """What a class was before it had versions."""

    def __init__(self, **held: object) -> None:
        self.__dict__.update(held)


class Keys(styles.Versioned):
    """Of version 2 when the test does not say otherwise."""

    persistenceVersion = 2
    persistenceForgets = ("cache",)

    def __init__(self, **held: object) -> None:
        self.log: list[str] = []
        self.__dict__.update(held)

    def upgradeToVersion1(self) -> None:
        """Note it."""
        self.log = [*self.__dict__.get("log", []), "1"]

    def upgradeToVersion2(self) -> None:
        """Note it."""
        self.log.append("2")


class MoreKeys(Keys):
    """Has versions of its own, beside those of its base."""

    persistenceVersion = 1

    def upgradeToVersion1(self) -> None:
        """Note it."""
        self.log.append("more 1")


class KeyService(Service, styles.Versioned):
    """Stands behind a class that says itself what its state is."""

    persistenceVersion = 1

    def upgradeToVersion1(self) -> None:
        """Note it."""
        self.upgraded = True


class Slotted(styles.Versioned):
    """Has slots beside its attributes."""

    __slots__ = ("slot",)
    slot: int
    persistenceVersion = 1


class OwnState(styles.Versioned):
    """Says itself what its state is, and takes it."""

    persistenceVersion = 1
    state: Any = None

    def __getstate__(self) -> Any:  # noqa: ANN401 (anything)
        """Return something that is no dictionary."""
        return ["own"]

    def __setstate__(self, state: Any) -> None:  # noqa: ANN401 (anything)
        """Take it."""
        self.state = state

    def upgradeToVersion1(self) -> None:
        """Note it."""
        self.state = [*self.state, 1]


@pytest.fixture(autouse=True)
def _nothing_pending() -> Iterator[None]:
    yield
    assert not styles._pending


def again(value: Any) -> Any:  # noqa: ANN401 (any object)
    """Return what is loaded when an object has been pickled."""
    return pickle.loads(pickle.dumps(value))  # noqa: S301 (made a moment ago)


@pytest.mark.parametrize("style", STYLES)
def test_loading_brings_objects_up_to_date(style: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Version after version, from the one they were saved with."""
    monkeypatch.setattr(Keys, "persistenceVersion", 1)
    persistent = sob.Persistent([Keys(log=["saved"])], "keys")
    persistent.setStyle(style)
    path = persistent.save()
    monkeypatch.setattr(Keys, "persistenceVersion", 2)
    (keys,) = sob.load(path, style)
    assert vars(keys) == {"log": ["saved", "2"]}


def test_an_object_of_the_present_version_is_left_alone() -> None:
    """Nothing is called, nothing is kept."""
    assert vars(again(Keys(log=["saved"]))) == {"log": ["saved"]}


def test_bases_come_before_what_inherits_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each with versions of its own."""
    monkeypatch.setattr(Keys, "persistenceVersion", 0)
    monkeypatch.setattr(MoreKeys, "persistenceVersion", 0)
    data = pickle.dumps(MoreKeys())
    monkeypatch.setattr(Keys, "persistenceVersion", 2)
    monkeypatch.setattr(MoreKeys, "persistenceVersion", 1)
    loaded = pickle.loads(data)  # noqa: S301 (made a moment ago)
    styles.doUpgrade()
    assert loaded.log == ["1", "2", "more 1"]


def test_a_class_that_had_no_versions_begins_at_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its objects were saved before anybody thought of it."""
    data = pickle.dumps(Plain(key=5))
    monkeypatch.setitem(globals(), "Plain", Keys)
    loaded = pickle.loads(data)  # noqa: S301 (made a moment ago)
    styles.doUpgrade()
    assert vars(loaded) == {"key": 5, "log": ["1", "2"]}


def test_what_a_class_forgets_is_not_saved() -> None:
    """Neither what a base forgets."""
    assert vars(again(MoreKeys(cache=1, other=2))) == {"log": [], "other": 2}


def test_the_place_among_the_bases_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    """A service stays what it is, too: its books are not saved."""
    monkeypatch.setattr(KeyService, "persistenceVersion", 0)
    service = KeyService()
    service.setName("keys")
    assert service.path == "keys"
    data = pickle.dumps(service)
    monkeypatch.setattr(KeyService, "persistenceVersion", 1)
    loaded = pickle.loads(data)  # noqa: S301 (made a moment ago)
    styles.doUpgrade()
    assert vars(loaded) == {"name": "keys", "upgraded": True}


def test_slots_and_own_states_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever shape a state has."""
    slotted = Slotted()
    slotted.slot = 1
    vars(slotted)["attribute"] = 2
    loaded = again(slotted)
    assert (loaded.slot, loaded.attribute) == (1, 2)
    monkeypatch.setattr(OwnState, "persistenceVersion", 0)
    data = pickle.dumps(OwnState())
    monkeypatch.setattr(OwnState, "persistenceVersion", 1)
    own = pickle.loads(data)  # noqa: S301 (made a moment ago)
    styles.doUpgrade()
    assert own.state == ["own", 1]


def test_copies_are_of_the_present_version() -> None:
    """And nothing waits for an upgrade that nobody will ask for."""
    keys = Keys(inner=Keys())
    assert vars(copy.copy(keys)) == vars(keys)
    assert vars(copy.deepcopy(keys))["inner"].log == []


def test_an_upgrade_can_have_another_object_upgraded_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once: also if both need each other, or somebody asks again."""
    first, second = Keys(), Keys()
    first.other, second.other = second, first  # type: ignore[attr-defined]  # the test's own
    monkeypatch.setattr(Keys, "persistenceVersion", 0)
    data = pickle.dumps([first, second])
    monkeypatch.setattr(Keys, "persistenceVersion", 1)
    calls: list[Any] = []

    def upgrade(self: Any) -> None:  # noqa: ANN401 (the object)
        assert styles.requireUpgrade(self.other) is self.other
        calls.append(self)

    monkeypatch.setattr(Keys, "upgradeToVersion1", upgrade)
    loaded = pickle.loads(data)  # noqa: S301 (made a moment ago)
    styles.doUpgrade()
    assert calls == loaded[::-1]
    assert styles.requireUpgrade("anything") == "anything"


def test_what_newer_code_saved_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rather than used as if it were old."""
    monkeypatch.setattr(Keys, "persistenceVersion", 3)
    path = sob.Persistent(Keys(), "keys").save()
    monkeypatch.setattr(Keys, "persistenceVersion", 2)
    with pytest.raises(SavedStateError, match=r"keys\.tap: .*Keys was saved with version 3 .* of version 2"):
        sob.load(path, "pickle")


def test_an_upgrade_that_fails_is_told_with_its_cause(monkeypatch: pytest.MonkeyPatch) -> None:
    """And nothing is left to be upgraded."""
    monkeypatch.setattr(Keys, "persistenceVersion", 1)
    path = sob.Persistent([Keys(), Keys()], "keys").save()
    monkeypatch.setattr(Keys, "persistenceVersion", 2)
    monkeypatch.setattr(Keys, "upgradeToVersion2", lambda _: 1 / 0)
    with pytest.raises(SavedStateError, match="its upgrade raised ZeroDivisionError") as raised:
        sob.load(path, "pickle")
    assert isinstance(raised.value.__cause__, ZeroDivisionError)


class Passing(styles.Ephemeral):
    """What nobody wants to find again."""

    def __init__(self) -> None:
        self.secret = 1


@pytest.mark.parametrize("style", STYLES)
def test_what_is_ephemeral_is_not_saved(style: str) -> None:
    """An empty object stands where it was."""
    persistent = sob.Persistent([Passing()], "passing")
    persistent.setStyle(style)
    (loaded,) = sob.load(persistent.save(), style)
    assert type(loaded) is styles.Ephemeral
    assert vars(loaded) == {}
