"""What tests of the log's outputs share."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from svcctl.runtime import logs


@pytest.fixture(autouse=True)
def unchanged(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Put the configuration of logging back as it was."""
    root = logging.getLogger()
    kept = root.handlers, root.level
    root.handlers = []
    monkeypatch.setattr(logs, "_output", logs.Reopen())
    with warnings.catch_warnings():
        yield
    for handler in root.handlers:
        handler.close()
    root.handlers = kept[0]
    root.setLevel(kept[1])
    logging.captureWarnings(capture=False)


def lines(path: Path) -> list[str]:
    """Return the lines of a log file without their times."""
    return [line.split(" ", 2)[2] for line in path.read_text().splitlines()]
