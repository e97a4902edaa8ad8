"""What users write passes a strict type checker, with our types and without a single `ignore`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ACCEPTED = """
from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from svcctl.application import internet, lifecycle, service, strports
from svcctl.application.lifecycle import Progress, State, Transition
from svcctl.application.protocol import Factory, Protocol
from svcctl.application.wire import Echo


class Plain(service.Service):
    def startService(self) -> None:
        self.count = 0

    def stopService(self) -> None:
        self.count = -1


class Modern(service.Service):
    stop_timeout = 5.0

    async def privilegedStartService(self) -> None:
        await asyncio.sleep(0)

    async def startService(self) -> None:
        await asyncio.sleep(0)

    async def stopService(self) -> None:
        await asyncio.sleep(0)


class CallingUp(service.Service):
    def startService(self) -> Awaitable[None] | None:
        return super().startService()


class Shouting(Protocol):
    def dataReceived(self, data: bytes) -> None:
        self.transport.write(data.upper())


class Foreign:
    name: str | None = None
    parent: Any = None
    running = False

    def setName(self, name: str) -> None: ...
    def setServiceParent(self, parent: Any) -> None: ...
    def disownServiceParent(self) -> None: ...
    def privilegedStartService(self) -> None: ...
    def startService(self) -> None: ...
    async def stopService(self) -> None: ...


class Collection:
    def getServiceNamed(self, name: str) -> Any:
        raise KeyError(name)

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def addService(self, service: Any) -> None: ...
    def removeService(self, service: Any) -> None: ...


a_service: service.IService = Foreign()
another: service.IService = Modern()
a_collection: service.IServiceCollection = Collection()
another_collection: service.IServiceCollection = service.MultiService()


async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(await reader.read())


application = service.Application("shop", "www", 33, needs={"network": "outbound"}, stop_timeout=5)
Plain().setServiceParent(application)
internet.TCPServer(80, Factory.forProtocol(Echo), interface="127.0.0.1").setServiceParent(application)
internet.TimerService(1.5, print, "tick").setServiceParent(application)
strports.service("tcp:80", handler).setServiceParent(application)


def observe(transition: Transition) -> None:
    if transition.after is State.FAILED:
        print(transition.path, transition.error)


async def main() -> Progress:
    lifecycle.watch(application, observe)
    await lifecycle.start(application)
    await service.MultiService().addService(Modern())
    await lifecycle.stop(application, budget=5.0)
    return lifecycle.progress(application)
"""

REFUSED = {
    "name": "service.Application(42)",
    "hook": "class Wrong(service.Service):\n    def startService(self, now: bool) -> None: ...",
    "running": "service.Service().running = True",
    "timeout": 'service.Application("shop", stop_timeout="5")',
}


def check(folder: Path, program: str) -> str:
    """Return what mypy says of a program of somebody who uses the package."""
    (folder / "program.py").write_text(program)
    command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--config-file="]
    command += ["--cache-dir", str(folder / "cache"), "program.py"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False).stdout


def test_what_users_write_is_checked_by_our_types(tmp_path: Path) -> None:
    """Hooks of either kind, objects that inherit nothing, all that examples show; and mistakes are found."""
    assert check(tmp_path, ACCEPTED) == ""
    wrong = "from svcctl.application import service\n" + "\n".join(REFUSED.values())
    found = check(tmp_path, wrong).splitlines()
    assert [line.split(":")[1] for line in found if "error" in line] == ["2", "4", "5", "6"]
