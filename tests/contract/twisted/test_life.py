"""How services of Twisted's start and stop here, and what becomes of those that do not."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from signal import SIGTERM

import pytest

from tests.contract.twisted.conftest import Run

Ending = Callable[[str], tuple[int | None, str, list[str]]]


def test_an_application_of_twisted_serves_and_stops(twisted_app: Run) -> None:
    """Its hooks are called in Twisted's order, its ports answer when it is ready, and it ends with status 0."""
    with twisted_app(
        "add(Loud('a')); add(strports.service('unix:shop.sock', factory)); add(Loud('b'))"
    ) as init:
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(init.folder / "shop.sock"))
            client.sendall(b"hello")
            assert client.recv(10) == b"hello"
        assert init.stop().code == 0
        assert init.stdout.split("\n")[:4] == ["start a", "start b", "stop b", "stop a"]


def test_a_deferred_of_a_start_is_waited_for(twisted_app: Run) -> None:
    """Services of collections in collections, too: readiness is true."""
    source = """
inner = add(service.MultiService())
def slowly():
    d = task.deferLater(reactor, 0.1, say, "done")
    return d
add(Loud("slow", slowly), inner)
add(Loud("next"))
reactor.addSystemEventTrigger("after", "startup", say, "running")
"""
    with twisted_app(source) as init:
        assert init.stdout.splitlines() == ["start slow", "start next", "running", "done"]


def test_a_coroutine_of_a_start_is_run(twisted_app: Run) -> None:
    """Twisted would drop it."""
    source = """
class Modern(service.Service):
    async def startService(self):
        await task.deferLater(reactor, 0, lambda: None)
        say("started")
    async def stopService(self):
        await task.deferLater(reactor, 0, lambda: None)
        say("stopped")
add(Modern())
"""
    with twisted_app(source) as init:
        assert init.stdout == "started\n"
        assert init.stop().code == 0
        assert init.stdout == "started\nstopped\n"


@pytest.mark.parametrize(
    ("broken", "path", "reason"),
    [
        ("Loud('b', lambda: 1 / 0)", "shop/m/b", "ZeroDivisionError: division by zero"),
        ("Loud('b', lambda: defer.fail(ValueError('no')))", "shop/m/b", "ValueError: no"),
        (
            "Loud('b', lambda: task.deferLater(reactor, 0, int, 'x'))",
            "shop/m/b",
            "ValueError: invalid literal",
        ),
        ("internet.TimerService(9, lambda: 1 / 0)", "shop/m/TimerService[1]", "ZeroDivisionError"),
    ],
    ids=["raises", "fails", "fails later", "timer"],
)
def test_a_failed_start_is_undone_and_named(failing: Ending, broken: str, path: str, reason: str) -> None:
    """What had started is stopped, once; what had not is not."""
    status, log, said = failing(f"""
m = service.MultiService(); m.setName("m"); add(m)
add(Loud("a"), m)
add({broken}, m)
""")
    assert status == 70
    assert f"{path} failed to start: {reason}" in log
    assert said.count("start a") == said.count("stop a") == 1
    assert said.count("stop b") <= said.count("start b")


def test_what_was_not_reached_by_a_failed_start_is_not_stopped(failing: Ending) -> None:
    """Those behind the one that raised never started."""
    _, _, said = failing("add(Loud('a')); add(Loud('b', lambda: 1 / 0)); add(Loud('c'))")
    assert said == ["start a", "start b", "stop a"]


def test_an_error_of_a_collection_itself_is_its_own(failing: Ending) -> None:
    """And what had started in it is stopped."""
    status, log, said = failing("""
class Shop(service.MultiService):
    name = "m"
    def startService(self):
        service.MultiService.startService(self)
        raise KeyError("till")
m = add(Shop())
add(Loud("a"), m)
""")
    assert status == 70
    assert "shop/m failed to start: KeyError: 'till'" in log
    assert said == ["start a", "stop a"]


@pytest.mark.parametrize(
    "server",
    [
        "internet.TCPServer(port, factory, interface='127.0.0.1')",
        "strports.service(f'tcp:{port}:interface=127.0.0.1', factory)",
        "internet.StreamServerEndpointService(endpoints.TCP4ServerEndpoint(reactor, port, interface='127.0.0.1'), factory)",
    ],
    ids=["server", "strports", "endpoint"],
)
def test_a_port_in_use_is_a_failed_start(failing: Ending, server: str) -> None:
    """Whichever class opens it, it is told like every other such port here, with the same status."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        status, log, said = failing(f"port = {port}\nadd(Loud('a')); m = {server}; m.setName('m'); add(m)")
    assert status == 69
    assert (
        f"shop/m failed to bind: cannot listen on tcp:{port}:interface=127.0.0.1: Address already in use"
        in log
    )
    assert "hint: something listens there already" in log
    assert said == []


def test_an_endpoint_that_fails_late_is_a_failed_start(failing: Ending) -> None:
    """Its Deferred is waited for, although Twisted only logs what comes of it."""
    status, log, said = failing("""
class Late:
    def listen(self, factory):
        return task.deferLater(reactor, 0, lambda: 1 / 0)
add(Loud("a"))
add(internet.StreamServerEndpointService(Late(), factory))
""")
    assert status == 70
    assert "shop/StreamServerEndpointService[2] failed to start: ZeroDivisionError" in log
    assert said == ["start a", "stop a"]


def test_a_stop_that_never_ends_is_cut_off_and_named(twisted_app: Run) -> None:
    """The others are stopped, and the process ends."""
    source = "add(Loud('a')); add(Loud('stuck', None, defer.Deferred)); add(Loud('b'))"
    with twisted_app(source) as init:
        init.signal(SIGTERM)
        init.wait_until(lambda: "stop a" in init.stdout, "the stop of all")
        init.signal(SIGTERM)  # the second one cuts the patience short
        ended = init.wait()
        assert ended.code == 70
        assert "shop/stuck did not stop within" in init.stderr
        assert init.stdout.splitlines()[3:] == ["stop b", "stop stuck", "stop a"]


def test_errors_of_a_stop_are_told_together(twisted_app: Run) -> None:
    """Each with its path; all services are visited."""
    source = """
add(Loud("a", None, lambda: 1 / 0))
add(Loud("b", None, lambda: defer.fail(ValueError("till"))))
add(Loud("c"))
"""
    with twisted_app(source) as init:
        assert init.stop().code == 70
        assert "shop/a failed to stop: ZeroDivisionError: division by zero" in init.stderr
        assert "shop/b failed to stop: ValueError: till" in init.stderr
        assert init.stdout.splitlines()[3:] == ["stop c", "stop b", "stop a"]


def test_a_timer_that_fails_later_ends_the_process(failing: Ending) -> None:
    """It would be dead without anybody's notice."""
    status, log, said = failing("""
calls = []
def call():
    calls.append(0)
    return 1 / (3 - len(calls))
add(Loud("a")); add(internet.TimerService(0.01, call))
""")
    assert status == 70
    assert "shop/TimerService[2] failed: ZeroDivisionError" in log
    assert said == ["start a", "stop a"]


def test_services_come_and_go_while_it_runs(twisted_app: Run) -> None:
    """Whoever adds one to what runs has it started, once, and it is in the tree."""
    source = """
m = service.MultiService(); m.setName("m"); add(m)
class Boss(Loud):
    def startService(self):
        Loud.startService(self)
        add(Loud("early"), m)
        reactor.callLater(0, self.later)
    @defer.inlineCallbacks
    def later(self):
        late = add(Loud("late"), m)
        yield late.disownServiceParent()
        add(late, m)
        say("running", late.running)
add(Boss("boss"))
"""
    with twisted_app(source) as init:
        init.wait_until(lambda: "running 1" in init.stdout, "the last line")
        assert init.stop().code == 0
        said = init.stdout.splitlines()
        assert said == [
            "start boss", "start early", "start late", "stop late", "start late", "running 1",
            "stop boss", "stop late", "stop early",
        ]  # fmt: skip


def test_the_failure_of_what_was_added_later_is_that_of_whoever_added_it(twisted_app: Run) -> None:
    """It gets the failure, as it would under twistd; the rest goes on."""
    source = """
class Boss(service.MultiService):
    def addService(self, child):
        service.MultiService.addService(self, child)
        return child.result
m = add(Boss())
class Weak(service.Service):
    def startService(self):
        self.result = defer.fail(ValueError("weak"))
        return self.result
def later():
    weak = Weak()
    weak.setServiceParent(m)
    weak.result.addErrback(lambda why: say("told", why.value))
reactor.callWhenRunning(later)
"""
    with twisted_app(source) as init:
        init.wait_until(lambda: "told weak" in init.stdout, "what was told")
        assert init.stop().code == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes somebody else")
def test_privileges_are_given_up_between_binding_and_starting(twisted_app: Run) -> None:
    """For the user and group of the application, as twistd does it."""
    source = """
application = service.Application("shop", uid=65534, gid=65534)
class Shop(service.Service):
    def privilegedStartService(self):
        say("bind", os.getuid())
    def startService(self):
        say("start", os.getuid(), os.getgid())
Shop().setServiceParent(application)
"""
    with twisted_app(source) as init:
        assert init.stdout == "bind 0\nstart 65534 65534\n"
