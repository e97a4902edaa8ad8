"""Functions of a ``.tac`` called ``check_reload``, ``reload`` and ``revert_reload``."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from svcctl.application import lifecycle, sob
from svcctl.application.service import Application, IService
from svcctl.errors import ReloadError
from svcctl.loading.tac import MODULE_NAME, load_tac
from svcctl.manifest.model import Origin

HEAD = """
from svcctl.application.service import Application, Service
log = []
application = Application("shop")
class Part(Service):
    name = "part"
    def check_reload(self):
        log.append("part checks")
    def reload(self):
        log.append("part reloads")
        if "bad" in log:
            raise ValueError("bad")
Part().setServiceParent(application)
"""
HOOKS = """
def check_reload():
    log.append("check")
async def reload():
    log.append("reload")
def revert_reload():
    log.append("revert")
"""


@pytest.fixture(autouse=True)
def _interpreter_as_before() -> Iterator[None]:
    """Take back what loading leaves behind on purpose."""
    path = sys.path[:]
    yield
    sys.path[:] = path
    sys.modules.pop(MODULE_NAME, None)


def load(folder: Path, source: str) -> Application:
    """Load a file of this text."""
    file = folder / "shop.tac"
    file.write_text(source)
    return load_tac(str(file))


def reloaded(application: Application, *, bad: bool = False) -> list[str]:
    """Start, reload and stop an application; return what its hooks wrote down."""
    log: list[str] = sys.modules[MODULE_NAME].__dict__["log"]

    async def main() -> None:
        await lifecycle.start(application)
        if bad:
            log.append("bad")
            with pytest.raises(ReloadError):
                await lifecycle.reload(application)
        else:
            await lifecycle.reload(application)
        await lifecycle.stop(application)

    asyncio.run(main())
    return log


def test_they_come_before_those_of_the_services(tmp_path: Path) -> None:
    """Plain or asynchronous."""
    application = load(tmp_path, HEAD + HOOKS)
    assert reloaded(application) == ["check", "part checks", "reload", "part reloads"]


def test_a_service_that_fails_takes_the_application_back(tmp_path: Path) -> None:
    """As it would any other that had reloaded."""
    application = load(tmp_path, HEAD + HOOKS)
    assert reloaded(application, bad=True)[-1] == "revert"


@pytest.mark.parametrize(
    "named",
    [
        "reload = 30",
        "check_reload = True; reload = None",
        "from importlib import reload",
        "def reload(module): raise AssertionError",
        "class reload:\n    def __init__(self, what): raise AssertionError",
    ],
)
def test_what_only_has_the_name_is_left_alone(tmp_path: Path, named: str) -> None:
    """Values, and functions that want arguments."""
    application = load(tmp_path, f"{HEAD}\n{named}\n")
    assert reloaded(application) == ["part checks", "part reloads"]


@pytest.mark.parametrize("hooks", ["", "reload = 1", HOOKS], ids=["none", "value", "hooks"])
def test_the_manifest_says_that_the_application_reloads(tmp_path: Path, hooks: str) -> None:
    """Also if none of its services does."""
    bare = 'from svcctl.application.service import Application\nlog = []\napplication = Application("shop")\n'
    manifest = load(tmp_path, bare + hooks).describe(Origin(kind="tac", digest="0" * 64))
    assert manifest.lifecycle.reload is (hooks == HOOKS)


def test_a_saved_application_has_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file that they are in is not loaded with it."""
    monkeypatch.chdir(tmp_path)
    bare = 'from svcctl.application.service import Application\nlog = []\napplication = Application("shop")\n'
    load(tmp_path, bare + HOOKS).save(filename="shop.tap")
    application = sob.load("shop.tap", "pickle")
    root: Any = IService(application)  # type: ignore[misc,call-arg]  # the interface adapts
    assert root.reload is None
