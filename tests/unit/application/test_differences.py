"""What differs from the framework and belongs to no single part of the tree."""

from __future__ import annotations

import asyncio
import inspect
import re
from pathlib import Path

import pytest

from svcctl.application import endpoints, lifecycle
from svcctl.application.service import MultiService
from svcctl.endpoints.values import Unix
from tests.unit.application.trees import Noted, Plain, tree

PAGE = Path(__file__).parents[3] / "docs/reference/differences.md"


class Hooked(Noted):
    """A service with all the hooks that the framework does not have."""

    def drain(self) -> None:
        """Finish."""
        self.log.append(f"drain {self.name}")

    def reload(self) -> None:
        """Read the settings again."""
        self.log.append(f"reload {self.name}")


def test_methods_called_drain_reload_and_release_are_hooks() -> None:
    """Whoever has such a method for something else finds it called."""
    log: list[str] = []
    started = tree(Hooked(log, "db"))
    bound = tree(Hooked(log, "web"))

    async def main() -> None:
        await lifecycle.start(started)
        await lifecycle.reload(started)
        await lifecycle.stop(started, 1.0)
        await lifecycle.bind(bound)
        await lifecycle.stop(bound, 1.0)

    asyncio.run(main())
    assert log == ["bind db", "start db", "reload db", "drain db", "stop db", "bind web", "release web"]


def test_names_that_services_have_here_and_had_not_there() -> None:
    """Each public one stands in the list of differences; a subclass that means something else by it would be hurt."""
    framework = {
        *("name", "parent", "running", "setName", "setServiceParent", "disownServiceParent"),
        *("privilegedStartService", "startService", "stopService"),
        *("services", "namedServices", "addService", "removeService", "getServiceNamed"),
    }
    ours = {name for name, _ in inspect.getmembers(MultiService) if not name.startswith("_")} - framework
    (row,) = [line for line in PAGE.read_text().splitlines() if "are the application's own" in line]
    assert set(re.findall(r"`(\w+)`", row.split("|")[1])) == ours


def test_a_collection_sets_the_parent_of_what_is_added_to_it() -> None:
    """However it gets there, and whatever its class."""
    root = tree()
    service = Plain()
    root.addService(service)
    assert service.parent is root
    root.removeService(service)
    assert service.parent is None


def test_what_removing_returns_can_always_be_awaited() -> None:
    """Of a running child, and of one that never ran."""
    log: list[str] = []
    running, idle = Noted(log, "running"), Noted(log, "idle")

    async def main() -> None:
        root = tree(running)
        await lifecycle.start(root)
        await root.removeService(running)
        assert log[-1] == "stop running"
        await lifecycle.stop(root, 1.0)
        root.addService(idle)
        await idle.disownServiceParent()

    asyncio.run(main())
    assert "stop idle" not in log


@pytest.mark.parametrize("path", ["/run/a", "/run/a:b", "/run/mode=600", "/run/a\\b:=", "mode=600:x"])
def test_any_text_can_be_quoted_for_a_description(path: str) -> None:
    """And is read back as it was."""
    assert endpoints.serverFromString(None, f"unix:{endpoints.quoteStringArgument(path)}") == Unix(path)
