"""The examples in docstrings do what they show."""

from __future__ import annotations

import doctest
import importlib
import os
import pkgutil
from unittest.mock import patch

import pytest

import svcctl

#: These need systemd-python, or Windows, to be imported at all, and have no examples.
WITHOUT = {
    "svcctl.application.processes.held",
    "svcctl.loading.confined",
    "svcctl.runtime.journal",
    "svcctl.windows.jobs",
    "svcctl.windows.pipes",
    "svcctl.windows.security",
    *(f"svcctl.host.windows.{name}" for name in ("calls", "folders", "pipes", "registry", "services")),
    *(
        f"svcctl.runtime.windows.{name}"
        for name in ("calls", "child", "console", "control", "events", "host", "inside", "notifier")
    ),
}

MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(svcctl.__path__, "svcctl.")
    if module.name not in WITHOUT and not module.name.endswith("__main__")
)


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_hold(name: str) -> None:
    """Each is run as it stands; the variables that it sets are gone afterwards."""
    with patch.dict(os.environ):
        result = doctest.testmod(importlib.import_module(name), optionflags=doctest.ELLIPSIS)
    assert result.failed == 0


def test_there_are_examples() -> None:
    """Else the test above would hold of nothing."""
    finder = doctest.DocTestFinder(exclude_empty=True)
    found = [test for name in MODULES for test in finder.find(importlib.import_module(name)) if test.examples]
    assert len(found) > 20
