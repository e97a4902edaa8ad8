"""Twisted's reactor on the loop of the runner."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from svcctl.testing.unit import Limits
from tests.contract.twisted.conftest import Run, plain

Ending = Callable[[str], tuple[int | None, str, list[str]]]


def test_the_reactor_is_that_of_asyncio_and_runs_on_the_loop_of_the_process(twisted_app: Run) -> None:
    """Whoever imported it, and whenever: what is Twisted's and what is asyncio's run in one loop."""
    source = """
import asyncio
class Both(service.Service):
    def startService(self):
        say(type(reactor).__name__, asyncio.get_running_loop() is reactor._asyncioEventloop)
        return defer.Deferred.fromFuture(asyncio.ensure_future(asyncio.sleep(0)))
add(Both())
"""
    with twisted_app(source) as init:
        assert init.stdout == "Reactor True\n"


def test_a_file_may_install_the_reactor_of_asyncio_itself(twisted_app: Run, tmp_path: Path) -> None:
    """Its loop is the one that is run."""
    (tmp_path / "before.py").write_text(
        "import asyncio\nfrom twisted.internet import asyncioreactor\n"
        "loop = asyncio.new_event_loop()\nasyncioreactor.install(loop)\n"
    )
    source = """
import before
class Ours(service.Service):
    def startService(self):
        say(asyncio.get_running_loop() is before.loop)
add(Ours())
"""
    (tmp_path / "shop.py").write_text("")
    with twisted_app(source, head="import asyncio, before\n") as init:
        assert init.stdout == "True\n"
        assert init.stop().code == 0


def test_a_file_that_takes_that_for_a_reactor_that_is_there_goes_on(twisted_app: Run) -> None:
    """As it would under a twistd with another reactor."""
    source = """
from twisted.internet import error, selectreactor
try:
    selectreactor.install()
except error.ReactorAlreadyInstalledError:
    say("there is one")
"""
    with twisted_app(source) as init:
        assert init.stdout == "there is one\n"


def test_running_the_reactor_while_the_file_is_loaded_is_refused(failing: Ending) -> None:
    """It would never come back."""
    status, log, _ = failing("reactor.run()")
    assert status == 65
    assert "reactor.run() is not for an application that svcctl runs" in log
    assert "shop.tac" in log


def test_its_stop_is_that_of_the_application(failing: Ending) -> None:
    """In order, with status 0."""
    status, log, said = failing("add(Loud('a')); reactor.callLater(0, reactor.stop)")
    assert (status, said) == (0, ["start a", "stop a"])
    assert "application is stopped" in log


def test_the_events_of_start_and_stop_come_as_under_twistd(failing: Ending) -> None:
    """Those of the shutdown around the stop of the services, each waited for."""
    status, _, said = failing("""
class Shop(Loud):
    def startService(self):
        Loud.startService(self)
        say("running", reactor.running)
add(Shop("a", None, lambda: task.deferLater(reactor, 0.05, say, "stopped a")))
for event in ("startup", "shutdown"):
    for phase in ("before", "during", "after"):
        reactor.addSystemEventTrigger(phase, event, say, phase, event)
reactor.addSystemEventTrigger("before", "shutdown", lambda: task.deferLater(reactor, 0.1, say, "waited for"))
reactor.callLater(0.1, reactor.stop)
""")
    assert status == 0
    assert said == [
        "start a", "running False", "before startup", "during startup", "after startup",
        "before shutdown", "stop a", "stopped a", "waited for", "during shutdown", "after shutdown",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "way",
    [
        "reactor.callLater(0, sys.exit, 7)",
        "reactor.callFromThread(sys.exit, 7)",
        "threads.deferToThread(sys.exit, 7)",
    ],
)
def test_sys_exit_ends_the_process_with_its_status(failing: Ending, way: str) -> None:
    """Twisted would log it and go on."""
    status, log, said = failing(f"add(Loud('a')); reactor.callWhenRunning(lambda: {way})")
    assert (status, said) == (7, ["start a", "stop a"])
    assert "Traceback" not in log


def test_threads_programs_and_names_work(failing: Ending) -> None:
    """The pool of threads, the end of programs, and the resolver."""
    status, log, said = failing("""
from twisted.internet import utils
@defer.inlineCallbacks
def all_of_it():
    say((yield threads.deferToThread(lambda: "thread")))
    say((yield utils.getProcessOutput(sys.executable, ["-c", "print('program')"])).decode().strip())
    say((yield utils.getProcessValue(sys.executable, ["-c", "raise SystemExit(3)"])))
    say((yield reactor.resolve("localhost")))
    reactor.stop()
reactor.callWhenRunning(all_of_it)
""")
    assert (status, said) == (0, ["thread", "program", "3", "127.0.0.1"]), log


def test_handlers_of_signals_that_an_application_sets_are_its_own(twisted_app: Run) -> None:
    """Buildbot reads its configuration again on SIGHUP."""
    source = """
import signal
class Shop(Loud):
    def startService(self):
        Loud.startService(self)
        signal.signal(signal.SIGHUP, lambda *_: reactor.callFromThread(say, "reload"))
add(Shop("a"))
"""
    with twisted_app(source) as init:
        init.signal(signal.SIGHUP)
        init.wait_until(lambda: "reload" in init.stdout, "the handler")
        assert init.stop().code == 0


def test_a_reload_is_that_of_the_file(twisted_app: Run) -> None:
    """Its functions are hooks here, as in every .tac file."""
    with twisted_app("def reload():\n    say('reloaded')") as init:
        init.reload()
        assert init.stdout == "reloaded\n"


def test_its_log_has_severities_names_and_fields(twisted_app: Run) -> None:
    """Also what was logged before it began; failures with their traceback."""
    source = """
from twisted.python import log
shop = Logger("shop.till")
shop.warn("{count} coins", count=3)
log.msg("old words", system="drawer")
def go():
    try:
        1 / 0
    except Exception:
        shop.failure("no coins")
    shop.debug("not shown")
    reactor.stop()
reactor.callWhenRunning(go)
"""
    with twisted_app(source, block=False) as init:
        assert init.wait().code == 0
        log = plain(init.stderr)
    assert "warning shop.till: 3 coins count=3" in log
    assert "info    twisted: old words system=drawer" in log
    assert "critical shop.till: no coins" in log
    assert "ZeroDivisionError: division by zero" in log
    assert "not shown" not in log


OLD = """from twisted.python.log import ILogObserver, FileLogObserver
observer = FileLogObserver(open('shop.log', 'a')).emit
"""
NEW = """from twisted.logger import ILogObserver, textFileLogObserver
observer = textFileLogObserver(open('shop.log', 'a'))
"""


@pytest.mark.parametrize("observer", [OLD, NEW], ids=["old", "new"])
def test_the_log_observer_of_an_application_gets_its_log(twisted_app: Run, observer: str) -> None:
    """The log of the process has only what is said about the process."""
    source = f"{observer}application.setComponent(ILogObserver, observer)\nLogger('till').info('coins')"
    with twisted_app(source) as init:
        assert init.stop().code == 0
        assert "coins" in (init.folder / "shop.log").read_text()
        assert "coins" not in init.stderr
        assert "application is stopped" in init.stderr


def test_the_watchdog_is_fed_by_the_reactor(twisted_app: Run) -> None:
    """A reactor that no longer calls what is due has the process ended, although the loop goes on."""
    source = """
import svcctl.interop.twisted.node as node
node._BEAT = 0.05
node.TwistedReactor.heartbeat_timeout = 0.3
reactor.callLater(0.5, setattr, reactor, "_onTimer", lambda: None)
import asyncio
class Other(service.Service):
    def startService(self):
        self.task = asyncio.ensure_future(asyncio.sleep(600))
add(Other())
"""
    with twisted_app(source, limits=Limits(watchdog=1.0)) as init:
        init.wait_until(lambda: "watchdog:" in init.stderr, "the end")
        assert "TwistedReactor[0]" in init.stderr
