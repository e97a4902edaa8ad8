"""What came of the hooks of Twisted's services, whoever called them.

Twisted's collections call the hooks of what is in them, in their own way, and drop what these return. So each
service has its hooks replaced, in the object itself, by functions that call them and keep what came of it.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import Callable
from types import CoroutineType
from typing import Any

from twisted.internet.defer import Deferred, ensureDeferred
from twisted.python.failure import Failure

from svcctl.application.tree.budget import frames_of

START, STOP, BIND = "startService", "stopService", "privilegedStartService"


class Call:
    """One call of a hook.

    Attributes:
        error: What it raised, or what its Deferred failed with.
        done: It has returned, and its Deferred has fired.
        told: Gets the error at once.
    """

    told: Callable[[BaseException], None] | None = None

    def __init__(self) -> None:
        self.error: BaseException | None = None
        self.done = False
        self._deferred: Any = None
        self._began: Any = None
        self._waiting: list[asyncio.Future[None]] = []

    def make(self, hook: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 (whatever a hook takes and returns)
        """Call the hook and return what it returns; what has to be awaited becomes a Deferred."""
        self._began = hook
        try:
            result = hook(*args, **kwargs)
        except BaseException as error:
            self._settle(error)
            raise
        if isinstance(result, CoroutineType):
            self._began = result
            result = ensureDeferred(result)  # nobody of Twisted's own would await it
        if isinstance(result, Deferred):
            self._deferred = result.addBoth(self._fired)
        else:
            self._settle(None)
        return result

    def _fired(self, result: Any) -> Any:  # noqa: ANN401 (whatever a Deferred brings)
        self._settle(result.value if isinstance(result, Failure) else None)
        return result

    def _settle(self, error: BaseException | None) -> None:
        self.error, self.done = error, True
        if error is not None and self.told is not None:
            self.told(error)
        for each in self._waiting:
            if not each.done():
                each.set_result(None)

    def following(self) -> Any:  # noqa: ANN401 (a Deferred)
        """Return a Deferred that fires when it is done, whatever came of it; ``None`` if it is."""
        if self._deferred is None or self.done:
            return None
        following = Deferred()
        self._deferred.addBoth(lambda result: (result, following.callback(None))[0])
        return following

    def stands_at(self) -> str:
        """Return where it is waited for: the frames of a coroutine, innermost first, else the hook that was called."""
        if isinstance(self._began, CoroutineType):
            return frames_of(self._began)
        code = getattr(inspect.unwrap(self._began), "__code__", None)
        return f"{code.co_filename}:{code.co_firstlineno} in {code.co_qualname}" if code else ""

    async def end(self) -> None:
        """Wait until it is done.

        Raises:
            BaseException: What it raised, or what its Deferred failed with.
        """
        if not self.done:
            future = asyncio.get_running_loop().create_future()
            self._waiting.append(future)
            await future
        if self._deferred is not None:
            self._deferred.addErrback(lambda _: None)  # it is told here, so Twisted need not tell it again
        if self.error is not None:
            raise self.error


def replace(service: Any, name: str, function: Callable[..., Any]) -> None:  # noqa: ANN401 (any class of Twisted's)
    """Put a function in the place of a method of one object; it is called with the method and its arguments.

    An object that takes no attributes keeps its method.
    """
    method = getattr(service, name, None)
    if callable(method) and hasattr(service, "__dict__"):
        service.__dict__[name] = functools.partial(function, method)
