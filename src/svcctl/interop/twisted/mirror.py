"""Twisted's services as services of ours, one each.

Twisted's own code calls the hooks: the runner those of the outermost service, which calls the others, in its order
and way. What stands for a service here reports what came of it: it is ready when its own Deferred has fired, it
fails with its own path, and what never started is not stopped.
"""

from __future__ import annotations

import contextlib
import functools
import logging
from collections.abc import Callable, Coroutine, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from svcctl.application.service import MultiService, Service
from svcctl.errors import StartError
from svcctl.interop.twisted import describing, mending, mixing, watching
from svcctl.interop.twisted.calls import BIND, START, STOP, Call, replace
from svcctl.interop.twisted.reactor import binding

if TYPE_CHECKING:
    from svcctl.endpoints.clients import ClientEndpoint
    from svcctl.endpoints.values import Endpoint

_log = logging.getLogger(__name__)

#: Where a service of Twisted's keeps what stands for it.
_KEY = "_svcctl_mirror"


class Mirror(Service):
    """Stands for one of Twisted's services.

    Args:
        real: The service.

    Attributes:
        calls: The calls of its hooks that nobody has asked about yet.
        listening: What came of its endpoint's ``listen``; ``None`` if that was not called.
    """

    listening: Call | None = None
    #: It has been started once, so that it may be started alone.
    _known = False
    #: It counts as started, so it has to be stopped.
    _up = False
    #: What it declared to have failed with before it counted as started.
    _early: BaseException | None = None

    def __init__(self, real: Any) -> None:  # noqa: ANN401 (services of Twisted's need no common class)
        self.real = real
        self.name = None if real.name is None else str(real.name)
        self.kind = describing.kind_of(real)
        self.calls: dict[str, Call] = {}
        self._begun = bool(real.running)
        self._last_start: Call | None = None
        self._last_stop = Call()
        mending.mend(real)
        self._hooks = {name: getattr(real, name) for name in (BIND, START, STOP)}
        for name in self._hooks:
            replace(real, name, functools.partial(self._called, name))
        vars(real)[_KEY] = self
        watching.watch(self)

    def _called(self, name: str, hook: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 (whatever a hook takes and returns)
        """Call a hook of the service, whoever asks for it; what is up is not started, and what is not is not stopped."""
        if name == START and self._last_start is not None:
            return self._last_start.following()
        if name == STOP and not self._begun:
            return self._last_stop.following()
        call = self.calls[name] = Call()
        if name == START:
            self._begun, self._early, self._last_start = True, None, call
            self.calls.pop(STOP, None)
        elif name == STOP:
            self._begun, self._last_start, self._last_stop = False, None, call
            self.calls.pop(START, None)
        with binding(described=name == BIND and bool(self.listening_on())):
            return call.make(hook, *args, **kwargs)

    def _taken(self, name: str) -> Call | None:
        """Return the call of a hook: the one that was made by what the service is in, else one that is made now.

        Returns:
            ``None`` if whatever it is in has chosen not to call it.
        """
        call = self.calls.pop(name, None)
        if call is not None or (isinstance(self.parent, Mirror) and not (self._known or name == STOP)):
            return call
        with contextlib.suppress(Exception):  # the call has it
            self._called(name, self._hooks[name])
        return self.calls.pop(name, None)

    def privilegedStartService(self) -> None:
        """Bind it.

        Raises:
            BaseException: What it raised, or why it cannot listen.
        """
        error = self._bound()
        if error is not None:
            raise describing.told(error) from error

    def _bound(self) -> BaseException | None:
        """Bind it, and return why that failed, as far as it is known yet."""
        calls = (self._taken(BIND), self.listening)
        return next((call.error for call in calls if call is not None and call.error is not None), None)

    def startService(self) -> Coroutine[Any, Any, None] | None:
        """Start it."""
        call = self._taken(START)
        self._known, self._up = True, call is not None
        if call is None:
            return None
        return self._joined(call) if self.restart == "temporary" else self._started(call)

    async def _joined(self, call: Call) -> None:
        """Start it where others have added it to what runs: they are told of its failure, and deal with it."""
        try:
            await self._started(call)
        except Exception as error:  # noqa: BLE001 (services may raise anything)
            self._up = False
            _log.error("service failed to start", exc_info=error, extra={"svcctl_path": self.path})
            self.finish()

    async def _started(self, call: Call) -> None:
        try:
            await call.end()
            if self.listening is not None:
                await self.listening.end()
        except Exception as error:
            told = describing.told(error)
            if told is error:
                raise
            raise told from error
        if self._early is not None:
            raise self._early

    def _svcctl_stands_at(self) -> str:
        """Return where it is waited for while it starts."""
        calls = (self._last_start, self.listening)
        return next((call.stands_at() for call in calls if call is not None and not call.done), "")

    def failed(self, error: BaseException) -> None:
        """Take note that it has failed by itself."""
        if START in self.calls:
            self._early = error
        else:
            self.fail(error)

    def stopService(self) -> Coroutine[Any, Any, None] | None:
        """Stop it, if it has ever started."""
        if not self._up:
            return None
        self._up = False
        call = self._taken(STOP)
        return None if call is None else call.end()

    async def halt(self) -> None:
        """Stop it although it does not count as started; what goes wrong is logged."""
        try:
            call = self._taken(STOP)
            if call is not None:
                await call.end()
        except Exception:  # noqa: BLE001 (services may raise anything)
            _log.exception("stop failed while a start was undone", extra={"svcctl_path": self.path})

    def release(self) -> None:
        """Close what it listens on although it never started."""
        if watching.is_bound(self.real):
            self._hooks[STOP]()

    def listening_on(self) -> Sequence[Endpoint]:
        """Return where it listens, for its description."""
        return describing.listening_on(self.real)

    def connecting_to(self) -> Sequence[ClientEndpoint]:
        """Return where it connects, for its description."""
        return describing.connecting_to(self.real)

    def calling(self) -> Sequence[tuple[float, Callable[..., Any]]]:
        """Return what it calls periodically, for its description."""
        return describing.calling(self.real)


class MirrorCollection(MultiService, Mirror):
    """Stands for one of Twisted's services that holds others; has what stands for these."""

    def __init__(self, real: Any) -> None:  # noqa: ANN401 (services of Twisted's need no common class)
        MultiService.__init__(self)
        Mirror.__init__(self, real)
        replace(real, "addService", self._added)
        replace(real, "removeService", self._removed)
        mixing.with_guests(real)
        for each in real:
            self.addService(mirror_of(each))

    def _added(self, add: Callable[..., Any], service: Any) -> Any:  # noqa: ANN401 (whatever Twisted's returns)
        if isinstance(service, Service):
            service = mixing.guest_of(service)
        mirror = mirror_of(service)  # first: its hooks may be called at once
        result = add(service)
        if any(each is service for each in self.real):
            # Where it returns something, whoever has added it is told; once all is up, nobody waits for it.
            if isinstance(mirror, Mirror):
                mirror.restart = "temporary" if self.running or result is not None else "permanent"
            self.addService(mirror)
        return result

    def _removed(self, remove: Callable[..., Any], service: Any) -> Any:  # noqa: ANN401 (the same)
        service = next((each for each in self.real if getattr(each, "ours", None) is service), service)
        if all(each is not service for each in self.real):
            raise ValueError(
                f"{service!r} is not in this collection"
            )  # Twisted would first forget who has its name
        result = remove(service)
        if service.name == "":  # which Twisted takes for none
            self.real.namedServices.pop("", None)
        mirror = mirror_of(service)
        if mirror.parent is self:
            self.removeService(mirror)
            mirror.parent = None
        return result

    def privilegedStartService(self) -> None:
        """Bind it; an error of something in it is left to what stands for that.

        Raises:
            BaseException: What it raised itself.
        """
        error = self._bound()
        if error is not None and self._failing(BIND, error) is None:
            raise describing.told(error) from error

    def startService(self) -> Coroutine[Any, Any, None] | None:
        """Start it, and with it all that it holds."""
        return Mirror.startService(self)

    async def _started(self, call: Call) -> None:
        try:
            await super()._started(call)
        except Exception as error:
            failing = self._failing(START, error)
            await self.undo()
            if failing is None:
                raise
            raise StartError(failing.path, "start", describing.told(error)) from error

    async def undo(self) -> None:
        """Stop what has started in it, in reverse: it has not started itself, so nobody else would."""
        for each in reversed(self.services):
            if not isinstance(each, Mirror):
                continue
            call = each.calls.get(START)
            if call is not None and call.error is None:
                await each.halt()
            elif isinstance(each, MirrorCollection):
                await each.undo()

    def _failing(self, name: str, error: BaseException) -> Mirror | None:
        """Return what an error of a hook comes from, if that is in this collection."""
        found = None
        for each in self.below():
            call = each.calls.get(name)
            theirs = getattr(getattr(error, "subFailure", None), "value", error)
            if call is not None and call.error is not None and (call.error is error or call.error is theirs):
                found = each
        return found

    def below(self) -> Iterator[Mirror]:
        """Yield what stands for the services in it and below them."""
        for each in self.services:
            if isinstance(each, Mirror):
                yield each
                if isinstance(each, MirrorCollection):
                    yield from each.below()

    def stopService(self) -> Coroutine[Any, Any, None] | None:
        """Stop it, if it has ever started, and with it all that it holds."""
        return Mirror.stopService(self)


def mirror_of(real: Any) -> Any:  # noqa: ANN401 (a service of ours is returned as it is)
    """Return what stands for a service of Twisted's: always the same."""
    if isinstance(real, mixing.Guest):
        return real.ours
    found = vars(real).get(_KEY)
    if found is not None:
        return found
    base = MirrorCollection if describing.is_collection(real) else Mirror
    return _class_of(type(real), base)(real)  # type: ignore[arg-type]  # classes are hashable


@functools.cache
def _class_of(kind: type, base: type[Mirror]) -> type[Mirror]:
    """Return a class by the name of the real one: paths and descriptions have it."""
    return type(kind.__name__, (base,), {"__module__": kind.__module__, "__qualname__": kind.__qualname__})
