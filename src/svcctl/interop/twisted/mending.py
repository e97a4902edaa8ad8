"""What Twisted's own services leave undone: stops that are over before anything has stopped, and what they say of it.

It is mended in the objects, before anything else calls their hooks.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import Any

from twisted.application import internet
from twisted.internet.defer import Deferred, DeferredList

from svcctl.interop.twisted import describing
from svcctl.interop.twisted.calls import START, STOP, replace


def mend(real: Any) -> None:  # noqa: ANN401 (services of Twisted's need no common class)
    """Mend one of Twisted's services."""
    procmon = sys.modules.get("twisted.runner.procmon")  # else it is none of those
    if isinstance(real, internet.StreamServerEndpointService):
        replace(real, STOP, functools.partial(_listen_again, real))
    elif isinstance(real, internet.CooperatorService):
        replace(real, START, functools.partial(_say, real, 1))
        replace(real, STOP, functools.partial(_say, real, 0))
    elif procmon is not None and isinstance(real, procmon.ProcessMonitor):
        replace(real, STOP, functools.partial(_end_programs, real))
    elif describing.kind_of(real) == "stream-client" and not isinstance(real, internet.ClientService):
        replace(real, STOP, functools.partial(_disconnect, real))


def _listen_again(real: Any, stop: Callable[[], Any]) -> Any:  # noqa: ANN401 (the same, and a Deferred)
    """Stop it, and have its next start listen."""

    def forget(result: Any) -> Any:  # noqa: ANN401 (whatever a Deferred brings)
        real._waitingForPort = None  # noqa: SLF001 (its start looks at that)
        return result

    return stop().addBoth(forget)


def _say(real: Any, running: int, hook: Callable[[], Any]) -> Any:  # noqa: ANN401 (the same)
    """Have it say whether it runs."""
    result = hook()
    real.running = running
    return result


def _end_programs(real: Any, stop: Callable[[], Any]) -> Any:  # noqa: ANN401 (the same)
    """Stop it, and wait until its programs have ended, or have been killed."""
    ended = [_after(each, "processEnded") for each in real.protocols.values()]
    stop()
    return DeferredList(ended)


def _disconnect(real: Any, stop: Callable[[], Any]) -> Any:  # noqa: ANN401 (the same)
    """Stop it, and wait until its connection is gone."""
    connector = getattr(real, "_connection", None)
    state = getattr(connector, "state", "disconnected")
    ends = {"connected": "connectionLost", "connecting": "connectionFailed"}
    ended = _after(connector, ends[state]) if state in ends else None
    stop()
    return ended


def _after(holder: Any, name: str) -> Any:  # noqa: ANN401 (the same)
    """Return a Deferred that fires when a method of an object has been called."""
    called = Deferred()

    def call(method: Callable[..., Any], *args: Any) -> Any:  # noqa: ANN401 (Twisted's own signature)
        result = method(*args)
        if not called.called:
            called.callback(None)
        return result

    replace(holder, name, call)
    return called
