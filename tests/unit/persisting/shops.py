"""Applications to be saved."""

from __future__ import annotations

import asyncio
from typing import Any

from svcctl.application import cooperator, internet, lifecycle, procmon, strports, task, wire
from svcctl.application.protocol import DatagramProtocol, Factory, Protocol
from svcctl.application.service import Application, IService, MultiService, Service
from svcctl.application.supervision import Supervision

STYLES = ("pickle", "source")


class OneTimeKey(Protocol):
    """Hands out the next key to whoever connects."""

    def connectionMade(self) -> None:
        """Send it and hang up."""
        self.transport.write(f"{self.factory.next_key()}\n".encode())
        self.transport.loseConnection()


class OneTimeKeyFactory(Factory):
    """Knows the next key."""

    protocol = OneTimeKey

    def __init__(self) -> None:
        self.nextkey = 0

    def next_key(self) -> int:
        """Return a key that nobody has got yet."""
        self.nextkey += 1
        return self.nextkey - 1


class Holder(Service):
    """Holds what it is given."""

    def __init__(self, **held: object) -> None:
        self.__dict__.update(held)


class Datagrams(DatagramProtocol):
    """Takes datagrams."""


async def call(*given: object) -> None:
    """Do nothing with what is given."""


def otk(address: str = "otk.sock") -> Application:
    """Return the application that hands out keys, at the path of a socket."""
    application = Application("otk")
    server = internet.UNIXServer(address, OneTimeKeyFactory())
    server.setName("keys")
    server.setServiceParent(application)
    return application


def keys_of(application: Application) -> OneTimeKeyFactory:
    """Return the factory of that application."""
    factory = root_of(application).getServiceNamed("keys").factory
    assert isinstance(factory, OneTimeKeyFactory)
    return factory


def whole() -> Application:
    """Return an application with a service of every kind that listens on this machine or on nothing."""
    application = Application("shop", uid="www", description="Sells", needs={"network": "outbound"})
    inner = MultiService(supervision=Supervision("one_for_one", restarts=3, within=5.0))
    inner.setName("inner")
    inner.setServiceParent(application)
    monitor = procmon.ProcessMonitor()
    monitor.addProcess("sleeper", ["/bin/sleep", "100"])
    services: dict[str, Any] = {
        "keys": internet.TCPServer(0, OneTimeKeyFactory(), interface="127.0.0.1"),
        "echo": strports.service("tcp:0:interface=127.0.0.1", Factory.forProtocol(wire.Echo)),
        "udp": internet.UDPServer(0, Datagrams(), interface="127.0.0.1"),
        "timer": internet.TimerService(1000, call, "a", 1),
        "task": task.TaskService(asyncio.sleep, 1000),
        "work": cooperator.CooperatorService(),
        "programs": monitor,
    }
    for name, service in services.items():
        service.setName(name)
        service.setServiceParent(inner)
    inner.services[-1].after = ("keys",)
    return application


def root_of(application: Application) -> Any:  # noqa: ANN401 (the root of the tree)
    """Return the root of an application's tree."""
    return IService(application)  # type: ignore[misc,call-arg]  # the interface adapts


def paths_of(service: Any) -> list[tuple[str, str]]:  # noqa: ANN401 (a service of any class)
    """Return path and class of a service and of all below it, in order."""
    found = [(service.path, type(service).__qualname__)]
    for child in service if isinstance(service, MultiService) else ():
        found += paths_of(child)
    return found


async def ask(address: str) -> str:
    """Return what the server of keys says to a client."""
    reader, writer = await asyncio.open_unix_connection(address)
    said = await reader.read()
    writer.close()
    return said.decode().strip()


def asked(application: Application, address: str, times: int) -> list[str]:
    """Start the application, ask for keys, stop it, and return them."""

    async def main() -> list[str]:
        root = root_of(application)
        await lifecycle.start(root)
        try:
            return [await ask(address) for _ in range(times)]
        finally:
            await lifecycle.stop(root, 5.0)

    return asyncio.run(main())
