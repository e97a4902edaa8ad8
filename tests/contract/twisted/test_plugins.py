"""The plug-ins that twistd runs, run here."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.request import urlopen

import pytest

from tests.unit.application.test_client import free_port

if TYPE_CHECKING:
    from svcctl.testing.init import Maker

DROPIN = """
import sys
from twisted.application import service
from twisted.plugin import IPlugin
from twisted.python import usage
from zope.interface import implementer

class Options(usage.Options):
    longdesc = "Opens the shop."
    optParameters = [["till", "t", "drawer", "where the coins are"]]
    def postOptions(self):
        if self["till"] == "broken":
            raise usage.UsageError("the till is broken")
        if self["till"] == "gone":
            print("no till")
            sys.exit(1)
        self.parent["gid"] = 0

class Shop(service.Service):
    def startService(self):
        print("till", self.till, flush=True)

@implementer(service.IServiceMaker, IPlugin)
class Maker:
    tapname, description, options = "shop", "A shop.", Options
    def makeService(self, options):
        shop = Shop()
        shop.till = options["till"]
        if shop.till == "late":
            1 / 0
        return shop

maker = Maker()
"""


@pytest.fixture
def shop(tmp_path: Path) -> dict[str, str]:
    """Return the environment in which there is a plug-in ``shop``."""
    folder = tmp_path / "path" / "twisted" / "plugins"
    folder.mkdir(parents=True)
    (folder / "shop_dropin.py").write_text(DROPIN)
    return {"PYTHONPATH": str(tmp_path / "path"), "PYTHONDONTWRITEBYTECODE": "1"}


def svcctl(*arguments: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run the command."""
    command = [sys.executable, "-P", "-m", "svcctl", *arguments]
    path = {"PATH": "/usr/bin:/bin"}
    return subprocess.run(
        command, env=path | environment, capture_output=True, text=True, check=False, timeout=60
    )


def test_a_plugin_of_twisted_itself_serves(fake_init: Maker, tmp_path: Path) -> None:
    """The web server, with a folder, on a port."""
    (tmp_path / "page.txt").write_text("welcome")
    port = free_port()
    arguments = ("--path", str(tmp_path), "--listen", f"tcp:{port}:interface=127.0.0.1")
    with fake_init("twisted:web", *arguments) as init:
        with urlopen(f"http://127.0.0.1:{port}/page.txt", timeout=10) as page:
            assert page.read() == b"welcome"
        assert init.stop().code == 0


def test_a_plugin_gets_its_options(fake_init: Maker, shop: dict[str, str]) -> None:
    """And may look at, and change, those of twistd around them."""
    with fake_init("twisted:shop", "--till", "box", environment=shop) as init:
        assert init.stdout == "till box\n"
        assert init.stop().code == 0


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (
            ("--tilt", "1"),
            64,
            "option --tilt not recognized\nhint: svcctl run twisted:shop --help shows the options",
        ),
        (("--till", "broken"), 64, "the till is broken"),
        (("--till", "gone"), 64, "no till"),
    ],
)
def test_wrong_arguments_are_told(
    shop: dict[str, str], arguments: tuple[str, ...], status: int, said: str
) -> None:
    """Whether the options are Twisted's or the plug-in's own code refuses them."""
    done = svcctl("run", "twisted:shop", *arguments, environment=shop)
    assert (done.returncode, done.stdout) == (status, "")
    assert said in done.stderr


def test_the_help_of_a_plugin_is_its_own(shop: dict[str, str]) -> None:
    """As its options have it."""
    done = svcctl("run", "twisted:shop", "--help", environment=shop)
    assert done.returncode == 0
    assert "where the coins are [default: drawer]" in done.stdout


def test_a_plugin_that_raises_is_told_with_its_own_frames(fake_init: Maker, shop: dict[str, str]) -> None:
    """The name, the distribution or module, and the line."""
    with fake_init("twisted:shop", "--till", "late", environment=shop, block=False) as init:
        assert init.wait().code == 65
        assert "the plug-in 'twisted:shop' of twisted" in init.stderr.casefold()
        assert "ZeroDivisionError: division by zero" in init.stderr
        assert "shop_dropin.py" in init.stderr


def test_one_that_is_not_there_is_told_with_the_nearest(shop: dict[str, str]) -> None:
    """As for those of svcctl."""
    done = svcctl("run", "twisted:shap", environment=shop)
    assert done.returncode == 64
    assert "there is no plug-in 'twisted:shap'\nhint: did you mean twisted:shop?" in done.stderr


def test_all_of_them_are_listed(shop: dict[str, str]) -> None:
    """After those of svcctl."""
    done = svcctl("plugins", environment=shop)
    lines = done.stdout.splitlines()
    assert lines[0].split("\t")[0] == "echo"
    assert [line.split("\t")[2] for line in lines if line.startswith("twisted:shop\t")] == ["A shop."]


def test_one_of_them_is_shown_with_its_options(shop: dict[str, str]) -> None:
    """Each with its letter and its default."""
    done = svcctl("plugins", "twisted:shop", environment=shop)
    assert done.returncode == 0
    assert "--till" in done.stdout
    assert "where the coins are" in done.stdout
    assert "Opens the shop." in done.stdout
