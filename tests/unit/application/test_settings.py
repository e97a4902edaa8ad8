"""Settings: fields of all types from variables, with every mistake told at once."""

from __future__ import annotations

import enum
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar, Literal

import pytest

from svcctl.application.describing import asked
from svcctl.application.observing import opening
from svcctl.application.service import Application
from svcctl.application.settings import Duration, Secret, Settings, SettingsError, Size
from svcctl.errors import EX_CONFIG, UsageError
from svcctl.manifest.model import Origin, Setting

ORIGIN = Origin(kind="tac", digest="0" * 64)


class Level(enum.Enum):
    """Two members."""

    LOW = 1
    HIGH = 2


class Shop(Settings, prefix="SHOP_"):
    """One field of each type."""

    known: ClassVar[int] = 0
    name: str = "shop"
    port: int = 8080
    ratio: float = 0.5
    debug: bool = False
    mode: Literal["fast", "safe"] = "fast"
    level: Level = Level.LOW
    hosts: list[str] = ["localhost"]  # noqa: RUF012 (each instance gets its own)
    ports: tuple[int, ...] = ()
    data: Path = Path("/srv/shop")
    timeout: Duration = 30.0
    cache: Size = 1024
    limit: int | None = None
    token: Secret = "none"  # type: ignore[assignment]  # noqa: S105 (a default is written as a text)


class Needy(Settings):
    """Fields that have to be set."""

    dsn: str
    port: int
    mode: Literal["a", "b"]
    hosts: list[str]
    data: Path
    token: Secret


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    yield
    asked.variables.clear()


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        ("name", "", ""),
        ("name", " two words ", " two words "),
        ("port", " -7 ", -7),
        ("ratio", "1e3", 1000.0),
        *(("debug", text, True) for text in ("1", "true", "YES", "On")),
        *(("debug", text, False) for text in ("0", "False", "no", "off")),
        ("mode", "safe", "safe"),
        ("level", "HIGH", Level.HIGH),
        ("hosts", "a, b,c", ["a", "b", "c"]),
        ("hosts", "", []),
        ("ports", "1,2", (1, 2)),
        ("data", "/x", Path("/x")),
        ("timeout", "5min", 300.0),
        ("timeout", "100ms", 0.1),
        ("timeout", "1.5", 1.5),
        ("timeout", "2 h", 7200.0),
        ("cache", "64K", 65536),
        ("cache", "1.5M", 1572864),
        ("limit", "3", 3),
        ("token", "x", "x"),
    ],
)
def test_a_variable_is_read_as_its_field_says(
    field: str, text: str, value: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its name is the prefix and the field's in capitals; all others keep their defaults."""
    monkeypatch.setenv(f"SHOP_{field.upper()}", text)
    assert getattr(Shop(), field) == value
    monkeypatch.delenv(f"SHOP_{field.upper()}")
    assert getattr(Shop(), field) == getattr(Shop, field)


@pytest.mark.parametrize(
    ("field", "text", "expected"),
    [
        ("port", "", "a whole number"),
        ("port", "1_000", "a whole number"),
        ("port", "1.0", "a whole number"),
        ("port", "9" * 5000, "a whole number"),
        ("ratio", "nan", "a number"),
        ("ratio", "inf", "a number"),
        ("debug", "maybe", "true or false"),
        ("mode", "FAST", "one of fast, safe"),
        ("level", "1", "one of LOW, HIGH"),
        ("ports", "1,,2", "a list, separated by commas, of which each is a whole number"),
        ("timeout", "-1", "a time such as 30, 1.5s, 100ms, 5min, 2h or 1d"),
        ("timeout", "1 year", "a time such as 30, 1.5s, 100ms, 5min, 2h or 1d"),
        ("cache", "0.3", "a size such as 4096, 64K, 1M or 2G"),
        ("cache", "1k", "a size such as 4096, 64K, 1M or 2G"),
    ],
)
def test_a_wrong_value_is_told_with_what_is_wanted(
    field: str, text: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And with the variable, as its administrator knows it."""
    monkeypatch.setenv(f"SHOP_{field.upper()}", text)
    with pytest.raises(SettingsError) as caught:
        Shop()
    (problem,) = caught.value.problems
    assert problem == (f"SHOP_{field.upper()}", f"expected {expected}, not {text!r}")
    assert caught.value.exit_status == EX_CONFIG


def test_all_mistakes_are_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that are missing, too; the hint says where to set them."""
    monkeypatch.setenv("PORT", "x")
    monkeypatch.delenv("INVOCATION_ID", raising=False)
    with pytest.raises(SettingsError) as caught:
        Needy()
    assert [each.where for each in caught.value.problems] == ["DSN", "PORT", "MODE", "HOSTS", "DATA", "TOKEN"]
    assert "DSN: is not set: expected a text; PORT: expected a whole number, not 'x'" in str(caught.value)
    assert caught.value.hint == "set them in the environment; for a service, in /etc/default/NAME"


def test_settings_are_fixed_and_compare_and_show_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """They came from outside; to change them, change the environment."""
    monkeypatch.setenv("SHOP_TOKEN", "hunter2")
    shop = Shop()
    with pytest.raises(AttributeError, match="cannot set port"):
        shop.port = 1
    with pytest.raises(AttributeError, match="cannot delete port"):
        del shop.port
    assert (shop == Shop(), shop == Needy) == (True, False)
    assert "token=<secret $SHOP_TOKEN>" in repr(shop)
    assert "hunter2" not in repr(shop)
    monkeypatch.delenv("SHOP_TOKEN")
    assert "token=<secret $SHOP_TOKEN>" in repr(Shop())


def test_a_default_list_is_each_instances_own() -> None:
    """What one does to it, another does not see."""
    Shop().hosts.append("x")
    assert Shop().hosts == ["localhost"]


def test_saved_settings_are_read_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """They belong to the machine, and a secret among them to no file."""
    monkeypatch.setenv("SHOP_TOKEN", "hunter2")
    shop = Shop()
    saved = pickle.dumps((shop, shop.token))
    assert b"hunter2" not in saved
    monkeypatch.setenv("SHOP_TOKEN", "another")
    monkeypatch.setenv("SHOP_PORT", "1")
    again, token = pickle.loads(saved)  # noqa: S301 (saved a moment ago)
    assert (again.port, again.token, token) == (1, "another", "another")


def test_a_description_goes_on_without_what_has_to_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """It says that it is not known; a wrong value that is known is an error all the same."""
    monkeypatch.setattr(opening, "describing", True)
    needy = Needy()
    assert (needy.dsn, needy.port, needy.mode, needy.hosts) == ("<DSN is not set>", 0, "a", [])
    assert (needy.data, repr(needy.token)) == (Path("/nonexistent"), "<secret $TOKEN>")
    monkeypatch.setenv("PORT", "x")
    with pytest.raises(SettingsError, match="PORT: expected a whole number, not 'x'"):
        Needy()


def test_the_manifest_has_names_forms_and_defaults_and_no_values(monkeypatch: pytest.MonkeyPatch) -> None:
    """A default that is secret is none."""
    monkeypatch.setenv("SHOP_PORT", "4711")
    Shop()
    needs = Application("shop", needs={"environment": ["HOME", "SHOP_PORT"]}).describe(ORIGIN).needs
    assert needs.environment[:4] == ("HOME", "SHOP_PORT", "SHOP_NAME", "SHOP_RATIO")
    known = {each.name: each for each in needs.settings}
    assert known["SHOP_PORT"] == Setting(name="SHOP_PORT", expects="a whole number", default="8080")
    assert known["SHOP_HOSTS"].default == "localhost"
    assert known["SHOP_LEVEL"].default == "LOW"
    assert known["SHOP_DEBUG"].default == "false"
    assert known["SHOP_TIMEOUT"].default == "30"
    assert (known["SHOP_LIMIT"].default, known["SHOP_TOKEN"].default) == ("", "")


def test_a_setting_without_a_default_has_none_in_the_manifest(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that whoever installs it sees that it has to be set."""
    monkeypatch.setattr(opening, "describing", True)
    Needy()
    assert {each.default for each in Application("shop").describe(ORIGIN).needs.settings} == {None}


@pytest.mark.parametrize("hint", [dict[str, int], int | str, object, list[Secret], tuple[int, str]])
def test_a_type_that_no_variable_can_hold_is_refused(hint: Any) -> None:  # noqa: ANN401 (an annotation)
    """The error names the field."""
    cls = type("Odd", (Settings,), {"__annotations__": {"field": hint}})
    with pytest.raises(UsageError, match=r"Odd\.field: "):
        cls()


def test_fields_are_inherited_with_their_prefix(monkeypatch: pytest.MonkeyPatch) -> None:
    """A subclass adds its own."""

    class More(Shop):
        extra: int = 1

    monkeypatch.setenv("SHOP_EXTRA", "2")
    assert (More().extra, More().port) == (2, 8080)
