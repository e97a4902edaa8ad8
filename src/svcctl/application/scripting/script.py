"""Running a tree from a script, without a ``.tac`` and without ``svcctl``."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from functools import partial
from types import FrameType
from typing import Any

from svcctl.application import lifecycle
from svcctl.application.interfaces import IService
from svcctl.application.reacting.delayed import running_loop
from svcctl.application.reacting.service import attach
from svcctl.application.service import Application
from svcctl.errors import LifecycleError, ServiceFailedError

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class ReactorStopped(SystemExit):
    """Somebody called ``reactor.stop()``; it leaves the loop like any other wish to exit."""


class Script:
    """A tree, its loop, and who wants it to end.

    Args:
        application: Whose tree it is.
        call: What the script calls to run it, for messages.
        signals: Whether SIGINT and SIGTERM end it; they cannot, except in the main thread.

    Attributes:
        served: Whether all of it was ready at some time.
    """

    def __init__(self, application: Application, call: str, *, signals: bool) -> None:
        self.application = application
        self.call = call
        self.served = False
        self.root: Any = IService(application)  # type: ignore[misc,call-arg]  # the interface adapts
        self.signals = _SIGNALS if signals and threading.current_thread() is threading.main_thread() else ()
        self.ending: asyncio.Future[None] | None = None
        self.stopping: asyncio.Task[None] | None = None

    def run(self) -> None:
        """Run until somebody asks for the end.

        Raises:
            StartError: What was asked for could not be started.
            ServiceFailedError: Something failed later.
            ExceptionGroup: Something failed while it stopped.
            LifecycleError: The loop runs already, or a ``.tac`` is being loaded.
            SystemExit: Some code asked for the end of the process; everything has been stopped before.
        """
        if running_loop() is not None:
            raise LifecycleError(
                "the loop runs already", hint="svcctl runs what it has loaded; leave run() out"
            )
        if _is_loading():
            raise LifecycleError(
                f"{self.call} in a .tac would start it while it is loaded",
                hint="leave run() out: svcctl runs what it has loaded",
            )
        previous = {each: signal.getsignal(each) for each in self.signals}
        asked: BaseException | None = None
        try:
            with asyncio.Runner() as runner:
                loop = runner.get_loop()
                for each in self.signals:
                    loop.add_signal_handler(each, self._end)
                main = loop.create_task(self._main())
                while not main.done():
                    try:
                        loop.run_until_complete(main)
                    except (SystemExit, KeyboardInterrupt) as error:
                        asked = asked or error
                        self._end()
                main.result()
        finally:
            for each, handler in previous.items():
                signal.signal(each, handler)
        if asked is not None and not isinstance(asked, ReactorStopped):
            raise asked

    def _end(self) -> None:
        """End the start or the wait for an end; asked again, the patience of the stop."""
        if self.stopping is not None:
            self.stopping.cancel()
        elif self.ending is not None and not self.ending.done():
            self.ending.set_result(None)

    async def _main(self) -> None:
        loop = asyncio.get_running_loop()
        failure: asyncio.Future[ServiceFailedError] = loop.create_future()
        lifecycle.on_failure(self.root, partial(_note, failure))
        attach(self.root)
        self.ending = loop.create_future()
        start = loop.create_task(lifecycle.start(self.root))
        await _either(start, self.ending)
        if not start.done():
            start.cancel()
            await asyncio.wait({start})
        if start.cancelled():
            return
        start.result()
        self.served = True
        await _either(failure, self.ending)
        self.stopping = loop.create_task(lifecycle.stop(self.root, self.application.stop_timeout))
        await asyncio.wait({self.stopping})
        if failure.done():
            raise failure.result()
        if not self.stopping.cancelled():
            self.stopping.result()


def nameless() -> Application:
    """Return an application for what a script asks of the reactor, called like the script."""
    name = os.path.basename(sys.argv[0]) if sys.argv else ""  # noqa: PTH119 (a name, not a file to be read)
    return Application(name.removesuffix(".py") or "reactor")


def _is_loading() -> bool:
    """Tell whether a ``.tac``, which is a module of that name, is what calls."""
    frame: FrameType | None = sys._getframe()  # noqa: SLF001 (who has loaded one before is none of its callers)
    while frame is not None:
        if frame.f_globals.get("__name__") == "__tac__":
            return True
        frame = frame.f_back
    return False


async def _either(*those: asyncio.Future[Any]) -> None:
    await asyncio.wait(those, return_when=asyncio.FIRST_COMPLETED)


def _note(failure: asyncio.Future[ServiceFailedError], error: ServiceFailedError) -> None:
    if not failure.done():
        failure.set_result(error)
