"""What Twisted's own services keep to themselves: that they failed to listen, that their timer has died."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from twisted.application import internet

from svcctl.interop.twisted import describing, logs
from svcctl.interop.twisted.calls import Call, replace

if TYPE_CHECKING:
    from svcctl.interop.twisted.mirror import Mirror


def watch(mirror: Mirror) -> None:
    """Learn what a service would only log."""
    real = mirror.real
    if isinstance(real, internet.StreamServerEndpointService):
        replace(real.endpoint, "listen", functools.partial(_listen, mirror))
    elif isinstance(real, internet.TimerService):
        replace(real, "_failed", functools.partial(_failed, mirror))


def _listen(mirror: Mirror, listen: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 (Twisted's own signature)
    mirror.listening = Call()
    mirror.listening.told = logs.told
    return mirror.listening.make(listen, *args, **kwargs)


def _failed(mirror: Mirror, failed: Callable[[Any], Any], why: Any) -> Any:  # noqa: ANN401 (the same)
    logs.told(why.value)
    result = failed(why)
    mirror.failed(why.value)
    return result


def is_bound(real: Any) -> bool:  # noqa: ANN401 (services of Twisted's need no common class)
    """Tell whether a service has something open that its ``stopService`` closes although it never started."""
    bound = getattr(real, "_port", None) or getattr(real, "_waitingForPort", None)
    return bound is not None and describing.kind_of(real) in ("stream-server", "datagram-server")
