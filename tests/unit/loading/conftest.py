"""Distributions that bring entry points along."""

from __future__ import annotations

from tests.unit.endpoints.conftest import install

__all__ = ["install"]
