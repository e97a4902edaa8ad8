"""The runner on trees that hang, are restarted, or fail too often, under a fake init system."""

from __future__ import annotations

from pathlib import Path

from svcctl.errors import EX_DATAERR, EX_OK, EX_SOFTWARE, EX_TEMPFAIL
from tests.contract.running import notes, supervise

HANGING = """
application.start_timeout = 0.5
class Database(Service):
    name = "db"
    async def startService(self):
        await self.connect()
    async def connect(self):
        await asyncio.Event().wait()
class Web(Service):
    name = "web"
    after = ["db"]
Web().setServiceParent(application)
Database().setServiceParent(application)
"""

HANGING_BOUND = """
application.start_timeout = 0.5
class Port(Service):
    name = "port"
    async def privilegedStartService(self):
        await asyncio.Event().wait()
Port().setServiceParent(application)
"""

HANGING_LATE = """
from svcctl.application.service import MultiService
application.start_timeout = 0.5
branch = MultiService()
branch.setName("branch")
branch.setServiceParent(application)
class Late(Service):
    name = "late"
    async def startService(self):
        await asyncio.Event().wait()
class Adding(Service):
    def startService(self):
        branch.addService(Late())
Adding().setServiceParent(application)
"""

WORKER = """
from svcctl.application.service import IService
from svcctl.application.supervision import Supervision
IService(application).supervision = Supervision(restarts=RESTARTS, within=600.0, backoff=lambda n: 0.3)
class Worker(Service):
    name = "worker"
    def startService(self):
        note("start")
        asyncio.get_running_loop().call_later(0.2, self.work)
    def work(self):
        if len(open("notes").readlines()) <= FAILURES:
            self.fail(ConnectionRefusedError(111, "nobody there"))
        else:
            note("works")
Worker().setServiceParent(application)
"""


def worker(failures: int, restarts: int) -> str:
    """Return an application whose worker fails so often, of so many times it may."""
    return WORKER.replace("FAILURES", str(failures)).replace("RESTARTS", str(restarts))


def test_a_start_that_hangs_is_given_up_and_names_whom_everybody_waits_for(tmp_path: Path) -> None:
    """In STATUS, in the log, and with the line at which it stands."""
    with supervise(tmp_path, HANGING) as init:
        assert init.wait() == EX_TEMPFAIL
        *waiting, last = init.sent("STATUS")
        assert "0/3 ready, waiting for shop/db" in waiting
        assert last.startswith("shop/db failed to start: it was not ready within 0.")
        assert "shop.tac:" in last
        assert "in Database.connect" in last
        assert "svcctl/application/" not in last
        assert init.sent("READY") == []
        assert "shop/db failed to start" in init.stderr


def test_a_service_that_is_never_bound_ends_the_start_too(tmp_path: Path) -> None:
    """Before anything else begins, and after the init system was asked for the time to undo it."""
    with supervise(tmp_path, HANGING_BOUND) as init:
        assert init.wait() == EX_TEMPFAIL
        *waiting, last = init.sent("STATUS")
        assert "0/2 ready, waiting for shop/port" in waiting
        assert last.startswith("shop/port failed to bind: it was not ready within 0.")
        assert "in Port.privilegedStartService" in last
        assert len(init.sent("EXTEND_TIMEOUT_USEC")) == 1
        assert init.sent("READY") == []


def test_a_start_that_waits_for_ever_for_who_came_late_is_given_up_too(tmp_path: Path) -> None:
    """The tree is ready but for that, and nobody is told that it is."""
    with supervise(tmp_path, HANGING_LATE) as init:
        assert init.wait() == EX_TEMPFAIL
        *waiting, last = init.sent("STATUS")
        assert "3/4 ready, waiting for shop/branch/late" in waiting
        assert last.startswith("shop/branch/late failed to start: it was not ready within 0.")
        assert "in Late.startService" in last
        assert init.sent("READY") == []


def test_a_service_that_fails_is_restarted_and_the_status_tells(tmp_path: Path) -> None:
    """The process goes on."""
    with supervise(tmp_path, worker(failures=2, restarts=5)) as init:
        init.wait_for("READY", "1")
        init.wait_for("STATUS", "1/2 ready, waiting for shop/worker")
        init.wait_for("STATUS", "2/2 ready")
        init.wait_for("STATUS", "1/2 ready, waiting for shop/worker")
        init.wait_for("STATUS", "2/2 ready")
        assert init.stop() == EX_OK
        assert init.sent("READY") == ["1"]
        assert "service failed and is restarted" in init.stderr


def test_a_service_that_fails_too_often_ends_the_process(tmp_path: Path) -> None:
    """With the status of its last error, after an orderly stop."""
    with supervise(tmp_path, worker(failures=99, restarts=2)) as init:
        init.wait_for("READY", "1")
        assert init.wait() == EX_SOFTWARE
        reason = "ConnectionRefusedError: [Errno 111] nobody there"
        assert init.sent("STATUS")[-1] == f"shop failed: more than 2 restarts within 600 s: {reason}"
        assert init.sent("STOPPING") == ["1"]
        assert init.sent("ERRNO")[-1] == "111"


def test_wrong_dependencies_are_a_fault_of_the_file(tmp_path: Path) -> None:
    """All of them are named, and nothing has been bound."""
    tac = """
for name, after in (("a", ["b"]), ("b", ["a"]), ("c", ["d"])):
    each = Named(name)
    each.after = after
"""
    with supervise(tmp_path, tac) as init:
        assert init.wait() == EX_DATAERR
        assert notes(tmp_path) == []
        assert "shop/c: comes after 'd', which is not there" in init.stderr
        assert "shop/a: comes after itself: shop/a, after shop/b, after shop/a" in init.stderr
