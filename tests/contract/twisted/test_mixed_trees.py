"""Services of both kinds in one tree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.contract.twisted.conftest import HEAD, Run

if TYPE_CHECKING:
    from pathlib import Path

    from svcctl.testing.init import Maker

#: A service of ours that says what it does.
OURS = """
import asyncio
from svcctl.application import service as ours
class Ours(ours.Service):
    async def startService(self):
        await asyncio.sleep(0)
        say("start", self.name, self.path)
    async def stopService(self):
        await asyncio.sleep(0)
        say("stop", self.name)
"""


def test_a_service_of_ours_lives_in_an_application_of_twisted(twisted_app: Run) -> None:
    """It is awaited, and stopped in its turn; Twisted's own do not notice."""
    source = f"""{OURS}
m = service.MultiService(); m.setName("m"); add(m)
add(Loud("a"), m)
till = Ours(); till.setName("till"); till.setServiceParent(m)
add(Loud("b"), m)
class Asking(Loud):
    def startService(self):
        Loud.startService(self)
        say(m.getServiceNamed("till").path, [each.name for each in m])
add(Asking("c"))
"""
    with twisted_app(source) as init:
        assert init.stop().code == 0
        said = init.stdout.splitlines()
    starts = ["start a", "start b", "start c", "shop/m/till ['a', 'till', 'b']", "start till shop/m/till"]
    assert said[:5] == starts
    assert sorted(said[5:]) == ["stop a", "stop b", "stop c", "stop till"]


def test_services_of_twisted_live_in_an_application_of_ours(fake_init: Maker, tmp_path: Path) -> None:
    """With all they hold; the reactor runs, and both run in one loop."""
    file = tmp_path / "shop.tac"
    file.write_text(
        f"""{HEAD}{OURS}
application = ours.Application("shop")
m = service.MultiService(); m.setName("m"); m.setServiceParent(application)
def done():
    say("done")
    reactor.callLater(0.05, later)
add(Loud("a", lambda: task.deferLater(reactor, 0.05, done)), m)
till = Ours(); till.setName("till"); till.setServiceParent(application)
late = Loud("late")
def later():
    late.setServiceParent(m)
    reactor.callLater(0.05, late.disownServiceParent)
"""
    )
    with fake_init(file, folder=tmp_path) as init:
        init.wait_until(lambda: "stop late" in init.stdout, "the last")
        assert init.stop().code == 0
        assert init.stdout.splitlines() == [
            "start a", "done", "start till shop/till", "start late", "stop late", "stop till", "stop a",
        ]  # fmt: skip


def test_a_failure_of_a_service_of_twisted_is_one_of_the_tree(fake_init: Maker, tmp_path: Path) -> None:
    """And can be mended by a supervision of ours."""
    file = tmp_path / "shop.tac"
    file.write_text(
        f"""{HEAD}
from svcctl.application import service as ours
from svcctl.application.supervision import Supervision
application = ours.Application("shop", supervision=Supervision("one_for_one"))
calls = []
def call():
    calls.append(0)
    say("call", len(calls))
    if len(calls) == 2:
        raise ValueError("once")
    if len(calls) == 4:
        reactor.stop()
internet.TimerService(0.01, call).setServiceParent(application)
"""
    )
    with fake_init(file, folder=tmp_path, block=False) as init:
        assert init.wait().code == 0
        assert init.stdout.splitlines()[:4] == ["call 1", "call 2", "call 3", "call 4"]
