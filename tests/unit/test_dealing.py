"""The order in which workers are given the tests."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.dealing import deal

LONG = [f"systemd/test_{module}.py" for module in "abcd"]
SHORT = [f"unit/test_{module}.py" for module in "abcde"]


def module(request: pytest.FixtureRequest, path: str, *marks: str) -> list[pytest.Item]:
    """Return two tests of a module, for a release each."""
    made: list[pytest.Item] = []
    for release in ("bookworm", "trixie"):
        item = pytest.Function.from_parent(request.node.parent, name=f"test[{release}]", callobj=lambda: None)
        item.path = Path(path)
        vars(item)["callspec"] = SimpleNamespace(params={"suite": release})
        for mark in marks:
            item.add_marker(mark)
        made.append(item)
    return made


def test_each_share_begins_with_what_takes_long_of_one_release(request: pytest.FixtureRequest) -> None:
    """A module's tests stay side by side, and none is lost."""
    items = [test for path in SHORT for test in module(request, path)]
    items += [test for path in LONG for test in module(request, path, "systemd")]
    dealt = deal(items, 4)
    assert sorted(map(id, dealt)) == sorted(map(id, items))
    shares = [
        [(test.path.name, test.name) for test in dealt[start:end]]
        for start, end in ((0, 4), (4, 8), (8, 13), (13, 18))
    ]  # as worksteal cuts 18
    assert [share[:2] for share in shares] == [
        [("test_a.py", "test[bookworm]"), ("test_c.py", "test[bookworm]")],
        [("test_a.py", "test[trixie]"), ("test_c.py", "test[trixie]")],
        [("test_b.py", "test[bookworm]"), ("test_d.py", "test[bookworm]")],
        [("test_b.py", "test[trixie]"), ("test_d.py", "test[trixie]")],
    ]
    assert all("unit" in test.path.parts for test in (*dealt[2:4], *dealt[6:8], *dealt[10:13], *dealt[15:]))


@pytest.mark.parametrize("workers", [1, 3, 8])
def test_with_any_number_of_workers_no_test_is_lost(request: pytest.FixtureRequest, workers: int) -> None:
    """Also with more of them than there are tests for."""
    items = [test for path in LONG for test in module(request, path, "debian")]
    assert sorted(map(id, deal(items, workers))) == sorted(map(id, items))
