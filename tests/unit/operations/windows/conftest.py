"""A machine that runs Windows, and applications that need no file."""

from __future__ import annotations

import ntpath
import sys
from typing import Any

import pytest

from svcctl.host import varlink
from svcctl.loading import target
from svcctl.loading.target import Target
from svcctl.operations import live
from svcctl.operations.windows import describing
from tests.fakes.describing import FakeDescribe
from tests.fakes.windows import PYTHON, FakeWindows


@pytest.fixture
def described(monkeypatch: pytest.MonkeyPatch) -> FakeDescribe:
    """Let every application be what this fake says."""
    fake = FakeDescribe()
    monkeypatch.setattr(describing, "describe", fake)
    return fake


def answer(pipe: str, method: str, parameters: object = None, **_limits: object) -> dict[str, Any]:
    """Stand in for an application whose tree is one server."""
    if parameters == {"path": "/nothing"}:
        raise varlink.VarlinkError("io.svcctl.Control.NotFound", {"nearest": ["echo/tcp"]})
    assert pipe == "\\\\.\\pipe\\svcctl-echo"
    assert method.startswith("io.svcctl.Control.")
    application = {"phase": "ready", "ready": 1, "total": 1, "waiting": ""}
    server = {"path": "echo/tcp", "kind": "stream-server", "state": "ready", "held": False, "restarts": 0}
    service = {
        **server,
        "failures": 0,
        "listeners": [{"endpoint": "tcp:8007"}],
        "connections": {"accepted": 3},
    }
    return {"application": application, "services": [service]}


@pytest.fixture
def windows(described: FakeDescribe, monkeypatch: pytest.MonkeyPatch) -> FakeWindows:
    """Give a machine that runs Windows, and let paths be its."""
    assert described is not None
    resolve = target.resolve
    monkeypatch.setattr(
        target, "resolve", lambda text: Target("tac", text) if "\\" in text else resolve(text)
    )
    monkeypatch.setattr(describing, "whole_path", ntpath.abspath)
    monkeypatch.setattr(sys, "executable", PYTHON)
    monkeypatch.setattr(live, "usage_of", lambda _: None)
    monkeypatch.setattr(varlink, "call", answer)
    return FakeWindows()
