"""A machine that runs Windows, and applications that need no file."""

from __future__ import annotations

import ntpath
import sys

import pytest

from svcctl.loading import target
from svcctl.loading.target import Target
from svcctl.operations.windows import describing
from tests.fakes.describing import FakeDescribe
from tests.fakes.windows import PYTHON, FakeWindows


@pytest.fixture
def described(monkeypatch: pytest.MonkeyPatch) -> FakeDescribe:
    """Let every application be what this fake says."""
    fake = FakeDescribe()
    monkeypatch.setattr(describing, "describe", fake)
    return fake


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
    return FakeWindows()
