"""Which worker begins with which tests: those that boot systems, make packages or run Wine come first, and each release's together.

``--dist=worksteal`` cuts the tests into a share for each worker, as equal in number as can be; a worker that has
nothing left takes from the end of another's share. So what takes long stands at the beginning of the shares, and a
worker boots the systems of one release.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator

import pytest

from tests.systemd.trees import SUITES

#: Marks of the tests that take long.
LONG = ("debian", "systemd", "windows")


def deal(items: list[pytest.Item], workers: int) -> list[pytest.Item]:
    """Return tests in the order in which they are cut into shares.

    Args:
        items: All tests, each module's side by side.
        workers: How many shares there will be.
    """
    heads: list[list[pytest.Item]] = [[] for _ in range(workers)]
    for release, group in _groups(item for item in items if _takes_long(item)):
        hands = heads if release is None else heads[release % workers :: len(SUITES)]
        min(hands, key=len).extend(group)
    rest = iter([item for item in items if not _takes_long(item)])
    sizes = ((len(items) + number) // workers for number in range(workers))
    dealt = [
        [*head, *itertools.islice(rest, max(0, size - len(head)))]
        for head, size in zip(heads, sizes, strict=True)
    ]
    return [*itertools.chain.from_iterable(dealt), *rest]


def _takes_long(item: pytest.Item) -> bool:
    return any(item.get_closest_marker(name) for name in LONG)


def _groups(items: Iterable[pytest.Item]) -> Iterator[tuple[int | None, list[pytest.Item]]]:
    """Give what shares fixtures, with the number of its release: a module's tests of that release, or of none."""
    for _, module in itertools.groupby(items, lambda item: item.path):
        tests = [(_release(item), item) for item in module]
        for number in (*range(len(SUITES)), None):
            group = [item for release, item in tests if release == number]
            if group:
                yield number, group


def _release(item: pytest.Item) -> int | None:
    """Return the number of the release that a test is about."""
    given = (
        item.callspec.params.values()
        if isinstance(item, pytest.Function) and hasattr(item, "callspec")
        else ()
    )
    return next((number for number, name in enumerate(SUITES) if name in given), None)
