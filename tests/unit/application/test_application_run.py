"""Applications that are run by the program that has made them."""

from __future__ import annotations

import grp
import logging
import os
import pwd
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from svcctl.application import reactor, sob
from svcctl.application.log import ILogObserver
from svcctl.application.protocol import Factory
from svcctl.application.service import Application, IProcess, IService, Service
from svcctl.application.wire import Echo
from svcctl.errors import (
    ApplicationLoadError,
    LifecycleError,
    PermissionDeniedError,
    ServiceFailedError,
    StartError,
)
from svcctl.loading.tac import load_tac
from tests.fakes import loop as jumping
from tests.unit.application.reacting import LOOPBACK, fresh_reactor  # noqa: F401 (a fixture)

SCRIPT = """
import sys
from svcctl.application.protocol import Factory, Protocol
from svcctl.application.service import Application, Service

class Shown(Service):
    starts = 0
    def startService(self):
        self.starts += 1
        print("serves", self.starts, flush=True)
    def stopService(self):
        print("stopped", flush=True)

application = Application("shop")
Shown().setServiceParent(application)
{end}
print("end", flush=True)
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder that state is saved to."""
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "own"))
    return tmp_path


def saved(folder: Path) -> list[str]:
    """Return the files that applications were saved to."""
    return sorted(each.name for each in folder.glob("*.tap"))


def stopping() -> Application:
    """Return an application that stops as soon as it is up."""
    reactor.callWhenRunning(reactor.stop)
    return Application("shop")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_a_signal_and_is_saved(folder: Path, number: int) -> None:
    """run() returns when everything has stopped; what is said of it is said on stderr."""
    script = folder / "script.py"
    script.write_text(SCRIPT.format(end="application.run()"))
    with subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == "serves 1\n"
        process.send_signal(number)
        assert process.stdout.read() == "stopped\nend\n"
        path = folder / "shop-shutdown.tap"
        assert process.stderr.read() == f"Saving shop application to {path}...\nSaved.\n"
    assert process.returncode == 0
    assert saved(folder) == ["shop-shutdown.tap"]


def test_what_it_has_saved_is_loaded_without_being_run_again(folder: Path) -> None:
    """The program is executed for its classes, up to where it would run."""
    script = folder / "script.py"
    script.write_text(SCRIPT.format(end="application.run()"))
    with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.terminate()
    load = "from svcctl.application import service, sob; import sys; app = sob.load(sys.argv[1], 'pickle')"
    show = "print(service.IService(app)[0].starts)"
    done = subprocess.run(
        [sys.executable, "-P", "-c", f"{load}; {show}", str(folder / "shop-shutdown.tap")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "1\n"


def test_it_is_not_saved_if_that_is_not_wanted(folder: Path) -> None:
    """It can be run again, too."""
    stopping().run(save=False)
    assert saved(folder) == []
    application = stopping()
    application.run(save=False, installSignalHandlers=False)
    application.run()
    assert saved(folder) == ["shop-shutdown.tap"]


def test_a_stderr_that_is_closed_costs_no_state(folder: Path) -> None:
    """Nobody hears of it; it is saved all the same."""
    program = (
        "import sys; from svcctl.application.service import Application; Application('shop').save('start')"
    )
    subprocess.run(["/bin/sh", "-c", 'exec "$0" -c "$1" 2>&-', sys.executable, program], check=True)
    assert saved(folder) == ["shop-start.tap"]


def test_what_could_not_start_is_not_saved(folder: Path) -> None:
    """The reason is raised."""
    with socket.create_server((LOOPBACK, 0)) as other:
        application = Application("shop")
        application.listenTCP(other.getsockname()[1], Factory.forProtocol(Echo), interface=LOOPBACK)
        with pytest.raises(StartError, match=r"shop/TCPServer\[0\] failed to bind: cannot listen on"):
            application.run()
    assert saved(folder) == []


def test_what_fails_later_is_raised_and_saved(folder: Path) -> None:
    """When all has stopped."""
    application = Application("shop")
    service = Service()
    service.setServiceParent(application)
    reactor.callWhenRunning(service.fail, ValueError("no"))
    with pytest.raises(ServiceFailedError, match="failed: ValueError: no"):
        application.run()
    assert saved(folder) == ["shop-shutdown.tap"]


def test_it_is_refused_where_a_loop_runs() -> None:
    """It is svcctl that runs it."""

    async def main() -> None:
        with pytest.raises(LifecycleError, match="runs already") as caught:
            Application("shop").run()
        assert "leave run() out" in caught.value.hint

    jumping.run(main())


def test_it_is_refused_where_a_tac_is_loaded(folder: Path) -> None:
    """The same."""
    tac = folder / "shop.tac"
    tac.write_text(SCRIPT.format(end="application.run()"))
    with pytest.raises(ApplicationLoadError, match=r"application.run\(\) in a .tac would start it"):
        load_tac(str(tac))


OTHER = 1 if os.geteuid() == 0 else 0


@pytest.mark.parametrize(
    "wanted",
    [
        {"uid": os.geteuid() + 1},
        {"uid": pwd.getpwuid(OTHER).pw_name},
        {"uid": "nosuch"},
        {"gid": os.getegid() + 1},
        {"gid": grp.getgrgid(OTHER).gr_name},
        {"gid": "nosuch"},
    ],
    ids=str,
)
def test_it_does_not_serve_with_rights_that_it_is_to_give_up(wanted: dict[str, Any]) -> None:
    """Only svcctl run changes users."""
    with pytest.raises(PermissionDeniedError, match=f"{next(iter(wanted.values()))}, which application.run"):
        Application("shop", **wanted).run()


@pytest.mark.parametrize("named", [True, False])
def test_the_present_user_is_one_that_it_may_be_for(folder: Path, *, named: bool) -> None:
    """By number and by name."""
    application = stopping()
    process: Any = IProcess(application)  # type: ignore[misc,call-arg]  # the interface adapts
    process.uid, process.gid = os.geteuid(), os.getegid()
    if named:
        process.uid = pwd.getpwuid(process.uid).pw_name
        process.gid = grp.getgrgid(process.gid).gr_name
    application.run()
    assert saved(folder) == ["shop-shutdown.tap"]


def test_its_log_observer_gets_the_log() -> None:
    """As long as it runs."""
    events: list[dict[str, Any]] = []
    application = stopping()
    application.setComponent(ILogObserver, events.append)
    reactor.callWhenRunning(logging.getLogger("shop").error, "sold out")
    application.run(save=False)
    logging.getLogger("shop").error("closed")
    assert [each["message"] for each in events if each["system"] == "shop"] == [("sold out",)]


def test_what_is_no_log_observer_is_refused() -> None:
    """Before anything starts."""
    application = Application("shop")
    application.setComponent(ILogObserver, 5)
    with pytest.raises(ApplicationLoadError, match="is no log observer: 5"):
        application.run()


def test_what_it_saves_goes_on(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The state as it was when all had stopped."""
    application = stopping()
    service = Service()
    service.setServiceParent(application)
    monkeypatch.setattr(Service, "sold", 0, raising=False)
    reactor.callWhenRunning(setattr, service, "sold", 7)
    application.run()
    loaded = sob.load(str(folder / "shop-shutdown.tap"), "pickle")
    root: Any = IService(loaded)  # type: ignore[misc,call-arg]  # the interface adapts
    assert root[-1].sold == 7
    assert root[-1].running is False
