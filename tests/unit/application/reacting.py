"""Trees that use the reactor, for its tests."""

from __future__ import annotations

from typing import Any

import pytest

from svcctl.application import lifecycle
from svcctl.application.reacting import service as reactor_service
from svcctl.application.service import Application, IService, MultiService, Service

LOOPBACK = "127.0.0.1"


@pytest.fixture(autouse=True)
def fresh_reactor(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget what others asked of the reactor, and leave nothing behind: it is one for the process."""
    monkeypatch.setattr(reactor_service, "_pending", None)
    monkeypatch.setattr(reactor_service, "_roots", [])
    monkeypatch.setattr(reactor_service, "_loop", None)


def application(*services: Service) -> MultiService:
    """Return the root of an application."""
    root: Any = IService(Application("app"))  # type: ignore[misc,call-arg]  # the interface adapts
    for service in services:
        service.setServiceParent(root)
    assert isinstance(root, MultiService)
    return root


async def start(root: MultiService) -> MultiService:
    """Bind and start a tree as a process does."""
    reactor_service.attach(root)
    await lifecycle.bind(root)
    await lifecycle.start(root)
    return root
