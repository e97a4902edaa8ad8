"""What can be wrong with an application of Twisted's, told with its own frames."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.contract.twisted.conftest import Run

if TYPE_CHECKING:
    from svcctl.testing.init import Maker


@pytest.mark.parametrize(
    "line",
    [
        "from twisted.internet import hyperspace",
        "import twisted.hyperspace",
        "from twisted.internet.endpoints import hyperspaceFromString",
        "from twisted.internet import endpoints; endpoints.hyperspaceFromString(None)",
    ],
)
def test_a_file_for_a_newer_twisted_is_told_which_one_there_is(
    fake_init: Maker, tmp_path: Path, line: str
) -> None:
    """Whichever way it asks for what is not there."""
    file = tmp_path / "shop.tac"
    file.write_text(f"from twisted.application import service\n{line}\n")
    with fake_init(file, folder=tmp_path, block=False) as init:
        assert init.wait().code == 65
        assert f"{file}, line 2: " in init.stderr
        assert f'File "{file}", line 2, in <module>' in init.stderr
        assert (
            f"hint: it may want another version of Twisted: {version('twisted')} is installed" in init.stderr
        )


def test_a_dependency_that_is_missing_is_named(fake_init: Maker, tmp_path: Path) -> None:
    """It is wanted by a module beside the file."""
    (tmp_path / "till.py").write_text("import hyperspace\n")
    file = tmp_path / "shop.tac"
    file.write_text("from twisted.application import service\nimport till\n")
    with fake_init(file, folder=tmp_path, block=False) as init:
        assert init.wait().code == 65
        assert f"{file}, line 2: ModuleNotFoundError: No module named 'hyperspace'" in init.stderr
        assert f'File "{tmp_path}/till.py", line 1, in <module>' in init.stderr
        assert "does not find it: install it for that interpreter" in init.stderr


EARLY = """
class Deep:
    def startService(self):
        say(type(reactor).__name__)
        Loud.startService(self)
class Shop(Deep, Loud):
    pass
add(Shop("shop"))
add(strports.service("systemd:domain=UNIX:name=shop", factory))
"""


def test_a_reactor_that_was_there_before_the_file_is_taken_over(twisted_app: Run, tmp_path: Path) -> None:
    """Something in its environment has imported it, so it is the one that Twisted chooses."""
    (tmp_path / "sitecustomize.py").write_text("from twisted.internet import reactor\n")
    environment = {"PYTHONPATH": str(tmp_path)}
    with twisted_app(EARLY, environment=environment, sockets={"shop": f"unix:{tmp_path}/shop.sock"}) as init:
        assert init.stdout == "EPollReactor\nstart shop\n"
        with init.connect("shop") as client:
            client.sendall(b"hello")
            assert client.recv(5) == b"hello"
        assert init.stop().code == 0
    with twisted_app(EARLY, "--reactor=poll", environment=environment, block=False) as init:
        assert init.wait().code == 65
        assert "it installs EPollReactor, and --reactor asks for poll" in init.stderr


@pytest.mark.parametrize(
    ("start", "place"),
    [
        ("def startService(self):\n        return defer.Deferred()", "Stuck.startService"),
        (
            "async def startService(self): await self.opened()\n    async def opened(self): await defer.Deferred()",
            "Stuck.opened",
        ),
    ],
    ids=["Deferred", "coroutine"],
)
def test_a_deferred_that_never_fires_is_told_with_its_place(twisted_app: Run, start: str, place: str) -> None:
    """Who is waited for, and where in the file; until somebody gives up."""
    head = "import svcctl.runtime.runner as runner, svcctl.runtime.patience as patience\nrunner.PATIENCE = 0.1\npatience.INTERVAL = 0.1\n"
    source = f"add(Loud('a'))\nclass Stuck(service.Service):\n    name = 'stuck'\n    {start}\nadd(Stuck())"
    with twisted_app(source, head=head, block=False) as init:
        init.wait_until(lambda: "start goes on" in init.stderr, "what the log says of it")
        line = next(each for each in init.stderr.splitlines() if "start goes on" in each)
        failed, _, waiting = line.partition(" s, waiting at ")
        assert "shop/stuck failed to start: it was not ready within 0." in failed
        assert waiting.startswith(f"{init.folder}/shop.tac:")
        assert f" in {place}" in waiting
        assert "interop" not in waiting
        assert init.stop().code == 0
        assert init.stdout.splitlines() == ["start a", "stop a"]
