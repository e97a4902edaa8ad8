"""Sees to it that whoever imports Twisted's reactor gets the one that runs on the runner's loop.

It watches the imports of five modules. Nothing is imported because of it, so an application that has no use for the
reactor pays nothing, and one that installs a reactor by itself keeps it.
"""

from __future__ import annotations

import asyncio
import functools
import os
import sys
from collections.abc import Callable
from importlib import import_module
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from importlib.abc import Loader  # brings far more than it is

#: Makes the loop that the reactor of asyncio runs on, where none runs yet.
loop_factory: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop
#: Name of the reactor that has to be the one; empty: asyncio's, or what is installed before that is imported.
wanted = ""

_MAIN, _REACTOR = "twisted.internet.main", "twisted.internet.reactor"
_ENDPOINTS, _SERVICE = "twisted.internet.endpoints", "twisted.application.service"
_LOG_FILE = "twisted.python.logfile"


def begin() -> None:
    """Watch from now on; Twisted's reactor must not have been imported yet, or be one of asyncio's."""
    if not any(isinstance(each, _Watch) for each in sys.meta_path):
        sys.meta_path.insert(0, _Watch())
        for name, change in _CHANGED.items():
            if name in sys.modules:
                change(sys.modules[name])


def choose(reactor: str, loop: Callable[[], asyncio.AbstractEventLoop] | None = None) -> None:
    """Have a certain reactor installed; to be called before anything imports Twisted.

    Args:
        reactor: As :data:`wanted`.
        loop: As :data:`loop_factory`; ``None`` leaves that as it is.
    """
    global loop_factory, wanted
    wanted, loop_factory = reactor, loop or loop_factory
    begin()


def end() -> None:
    """Watch no more."""
    sys.meta_path[:] = [each for each in sys.meta_path if not isinstance(each, _Watch)]


def loop_of_reactor() -> asyncio.AbstractEventLoop | None:
    """Return the loop that the installed reactor runs on; ``None`` if there is none."""
    loop: asyncio.AbstractEventLoop | None = getattr(sys.modules.get(_REACTOR), "_asyncioEventloop", None)
    return loop


def _guard(main: Any) -> None:  # noqa: ANN401 (a module of Twisted's)
    """Have an eye on which reactor is installed."""
    install_reactor = main.installReactor

    def installReactor(reactor: object) -> None:  # noqa: N802 (Twisted's own name)
        from svcctl.interop.twisted.reactor import accepted  # noqa: PLC0415 (when Twisted itself is loaded)

        install_reactor(accepted(reactor, wanted))

    main.installReactor = installReactor


def _hand_over(endpoints: Any) -> None:  # noqa: ANN401 (the same)
    """Have the endpoint ``systemd:`` take the sockets that were handed to the runner, and types be read in any case."""
    from_string = endpoints.serverFromString

    @functools.wraps(from_string)
    def serverFromString(reactor: object, description: str) -> Any:  # noqa: ANN401 (the same)
        kind, colon, rest = description.partition(":")
        try:
            return from_string(reactor, description)
        except ValueError:
            if kind == kind.lower():
                raise
        return from_string(reactor, kind.lower() + colon + rest)  # as Twisted reads those of clients

    def _parseServer(_: object, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401, N802 (Twisted's own)
        from svcctl.interop.twisted.adopting import parse  # noqa: PLC0415 (few use it)

        return parse(*args, **kwargs)

    endpoints._SystemdParser._parseServer = _parseServer  # noqa: SLF001 (there is no other way in)
    endpoints.serverFromString = serverFromString


def _mix(_: object) -> None:
    """Have services of Twisted's and of ours live in one tree."""
    from svcctl.interop.twisted.mixing import open_door  # noqa: PLC0415 (when Twisted itself is loaded)

    open_door()


def _spare(logfile: Any) -> None:  # noqa: ANN401 (the same)
    """Have an application that is loaded only to be described open no log file: it may not, or should not."""
    from svcctl.application.observing import opening  # noqa: PLC0415 (few have log files of their own)

    if not opening.describing:
        return

    def _openFile(self: Any) -> None:  # noqa: ANN401, N802 (Twisted's own)
        self.path, self.closed = os.devnull, False
        self._file = open(os.devnull, "rb+", 0)  # noqa: PTH123, SIM115 (as Twisted's own does)

    logfile.BaseLogFile._openFile = _openFile  # noqa: SLF001 (there is no other way in)


_CHANGED: dict[str, Callable[[Any], None]] = {
    _MAIN: _guard,
    _ENDPOINTS: _hand_over,
    _SERVICE: _mix,
    _LOG_FILE: _spare,
}


class _Watch:
    """A finder of modules that finds none by itself."""

    def find_spec(self, name: str, path: Any = None, _target: object = None) -> ModuleSpec | None:  # noqa: ANN401 (as importlib has it)
        """Return the module's own spec, with a loader that does something more."""
        if name not in _CHANGED and name != _REACTOR:
            return None
        spec = PathFinder.find_spec(name, path)
        if spec is not None and spec.loader is not None:
            spec.loader = _Reactor() if name == _REACTOR else _Changed(spec.loader)  # type: ignore[assignment]  # a loader by its methods
        return spec


class _Changed:
    """Loads a module and changes something in it."""

    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Leave it to the module's own loader."""
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        """Execute the module."""
        self._loader.exec_module(module)
        _CHANGED[module.__name__](module)


class _Reactor:
    """Installs the reactor in place of the one that Twisted would choose."""

    def create_module(self, _: ModuleSpec) -> None:
        """Leave it to Python."""

    def exec_module(self, module: ModuleType) -> None:
        """Put the reactor where the module is expected, as Twisted does it."""
        from svcctl.interop.twisted.reactor import install  # noqa: PLC0415 (Twisted is here now)

        del sys.modules[module.__name__]
        running = _present_loop()
        if wanted and running is None:
            import_module(f"twisted.internet.{wanted}reactor").install()
        else:
            install(running or _new_loop())


def _present_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def _new_loop() -> asyncio.AbstractEventLoop:
    loop = loop_factory()
    asyncio.set_event_loop(loop)  # as Twisted does: what is imported next may ask for it
    return loop
