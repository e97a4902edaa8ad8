"""Twisted's applications as applications of ours."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from twisted.application import service

from svcctl.application.interfaces import IPersistable, IProcess, IService, IServiceCollection
from svcctl.application.service import Application
from svcctl.interop.twisted import describing, logs, node
from svcctl.interop.twisted.calls import STOP, Call
from svcctl.interop.twisted.mirror import Mirror, MirrorCollection, mirror_of


class TwistedRoot(MirrorCollection):
    """Stands for the root of an application of Twisted's, and has the reactor start and stop with it.

    As twistd does it, the reactor starts when every ``startService`` has been called, and the stop of the services
    is one of the things that are done before its shutdown.
    """

    def __init__(self, real: Any, reactor: node.TwistedReactor) -> None:  # noqa: ANN401 (Twisted's services need no common class)
        super().__init__(real)
        self._reactor = reactor
        self.addService(reactor)
        self.services.insert(0, self.services.pop())

    def privilegedStartService(self) -> None:
        """Begin the log and bind everything."""
        self._reactor.prepare()
        super().privilegedStartService()

    def startService(self) -> Coroutine[Any, Any, None] | None:
        """Start everything, and the reactor."""
        starting = super().startService()
        self._reactor.reactor.addSystemEventTrigger("before", "shutdown", self._stop_all)
        self._reactor.reactor.begin()
        return starting

    async def _started(self, call: Call) -> None:
        try:
            await super()._started(call)
        except BaseException:
            self._up = False
            await self._reactor.stopService()
            raise

    def _stop_all(self) -> None:
        if self._up:
            self._called(STOP, self._hooks[STOP])

    def stopService(self) -> Coroutine[Any, Any, None] | None:
        """Begin the shutdown, of which the stop of all services is a part."""
        self._reactor.fire()
        return super().stopService()


def adapted(candidate: object) -> Application | None:
    """Return an application of ours that runs one of Twisted's; ``None`` if it is none.

    Raises:
        ApplicationLoadError: It cannot be run.
    """
    root = service.IService(candidate, None)
    if root is None:
        return None
    process = service.IProcess(candidate, None)
    name = str(getattr(root, "name", None) or "twisted")
    application = Application(name, getattr(process, "uid", None), getattr(process, "gid", None))
    application.setComponent(IPersistable, None)  # its services run changed, and would be saved so
    ours: Any = application.getComponent(IProcess)
    ours.processName = getattr(process, "processName", None)
    reactor = node.TwistedReactor(node.needed(), logs.observer_of(candidate))
    if describing.is_collection(root):
        mirror = TwistedRoot(root, reactor)
        _take_over(application, mirror)
        opaque = any(each.kind == "opaque" for each in mirror.below())
    else:
        mirror, opaque = mirror_of(root), True
        application.getComponent(IServiceCollection).addService(reactor)
        application.getComponent(IServiceCollection).addService(mirror)
    if opaque:  # its code may connect to somebody, and could not say so without being changed
        application.needs["network"] = "outbound"
    return application


def _take_over(application: Application, root: Mirror) -> None:
    root.name = application.name
    root.stop_timeout = application.stop_timeout
    for interface in (IService, IServiceCollection):
        application.setComponent(interface, root)
