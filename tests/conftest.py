"""What all tests share."""

from __future__ import annotations

import gc
import logging
import os
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from svcctl.application.persisting import places
from tests.dealing import deal

# How long a busy machine takes to make an example up says nothing about what is tested.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")

IN_CI = os.environ.get("CI") == "true"
_KEY = Path(places.own_folder(), places.OWN_KEY)
_KEY_WAS_THERE = _KEY.exists()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let the workers begin with what takes long, so that none of them waits for another in the end."""
    if workers := int(getattr(config, "workerinput", {}).get("workercount", 0)):
        items[:] = deal(items, workers)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Make a skipped test a failed one in CI: there, every test has to run."""
    report = yield
    if IN_CI and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, which counts as a failure in CI: {_reason(report.longrepr)}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Make a skipped module a failed one in CI."""
    report = yield
    if IN_CI and report.skipped:
        report.outcome = "failed"
        report.longrepr = f"skipped, which counts as a failure in CI: {_reason(report.longrepr)}"
    return report


@pytest.fixture(autouse=True, scope="module")
def _collections_of_garbage_take_little() -> None:
    """Leave all that is there already out of those for which tests ask: what they consist of, and what is kept of others."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _the_log_is_as_it_was() -> Iterator[None]:
    """Undo what a test that sets the log up, as a process of its own would, leaves to the others of its worker."""
    level, handlers = logging.root.level, logging.root.handlers[:]
    yield
    logging.root.setLevel(level)
    logging.root.handlers[:] = handlers


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown() -> None:
    """Refuse that a test makes the key of the machine, with which real applications would be saved."""
    assert _KEY_WAS_THERE or not _KEY.exists(), f"a test has made {_KEY}: give it a state folder of its own"


def _reason(longrepr: object) -> object:
    """Return why a test was skipped."""
    return longrepr[2] if isinstance(longrepr, tuple) else longrepr
