"""What is shown of plug-ins."""

from __future__ import annotations

import pytest

from svcctl.errors import ApplicationLoadError, UsageError
from svcctl.loading.plugins import GROUP
from svcctl.operations.plugins import list_plugins, show_plugin
from tests.unit.endpoints.conftest import Install, install

__all__ = ["install"]


@pytest.fixture(autouse=True)
def _no_twisted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the plug-ins of twistd, of which an environment has as many as it has."""
    monkeypatch.setattr("svcctl.loading.plugins.find_spec", lambda _: None)


CODE = """
from svcctl.application import usage
from svcctl.application.service import ServiceMaker
class Add(usage.Options):
    optFlags = [["dry", "d", "Only say it."]]
class Options(usage.Options):
    optParameters = [["wait", "w", 2.0, "How\\n long.", float, "seconds"]]
    subCommands = [["add", "a", Add, "Adds."]]
class Good:
    description = "Good."
    options = Options
    def makeService(self, options): ...
good = Good()
gone = ServiceMaker("x", "gone_module", "Gone.", "gone")
"""


def test_every_plug_in_is_looked_into() -> None:
    """So that what is listed works."""
    listing = list_plugins()
    assert [each.name for each in listing.plugins] == ["echo", "portforward", "procmon", "socks", "web"]
    assert listing.broken == ()


def test_what_is_broken_is_listed_for_itself(install: Install) -> None:
    """Also what only its use would have shown."""
    install(
        CODE, "onions", GROUP, good="onions_plugin:good", gone="onions_plugin:gone", no="onions_plugin:no"
    )
    listing = list_plugins()
    assert "good" in [each.name for each in listing.plugins]
    assert [(each.name, each.distribution) for each in listing.broken] == [
        ("gone", "onions 1.0"),
        ("no", "onions 1.0"),
    ]
    assert "'gone_module'" in listing.broken[0].reason
    with pytest.raises(ApplicationLoadError, match="gone_module"):
        show_plugin("gone")


def test_a_plug_in_is_shown_with_its_options(install: Install) -> None:
    """As records, and as the text that its help is."""
    install(CODE, "onions", GROUP, good="onions_plugin:good")
    details = show_plugin("good")
    wait = next(each for each in details.options if each.option == "--wait")
    assert (wait.letter, wait.value, wait.default, wait.units) == ("w", True, "2.0", "seconds")
    assert wait.help == "How long."
    (command,) = details.commands
    assert (command.command, command.help) == ("add", "Adds.")
    assert "--dry" in [each.option for each in command.options]
    assert details.usage.startswith("Usage: svcctl run good [options] COMMAND …\nOptions:\n")
    with pytest.raises(UsageError, match="there is no plug-in"):
        show_plugin("absent")
