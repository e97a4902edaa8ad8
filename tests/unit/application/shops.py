"""A small tree of services that come after each other."""

from __future__ import annotations

from svcctl.application.service import MultiService
from svcctl.application.tree.record import Record, record_of
from tests.unit.application.timed import Timed


def child(root: MultiService, name: str) -> Record:
    """Return the record of a child."""
    return record_of(root.getServiceNamed(name))


def shop(log: list[str]) -> MultiService:
    """Return three services, each after the one before, and one that stands alone."""
    root = MultiService()
    root.setName("shop")
    for name, after in (("web", ["cache"]), ("beside", ()), ("cache", ["db"]), ("db", ())):
        root.addService(Timed(log, name, after))
    return root
