"""Programs that run only in the imagination: the stand-in for :class:`svcctl.application.processes.child.Child`.

``tests/unit/application/test_child.py`` holds it to what real processes do.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from svcctl.application.processes.programs import Program


class FakeChild:
    """A run of a program that ends when the test says so, or when it is signalled.

    What it does depends on the program: ``missing`` cannot be started, ``stubborn`` ignores SIGTERM, ``brief`` ends
    at once, ``leaving`` does, too, and leaves something behind that ignores SIGTERM; others run until they are told
    to end.
    """

    def __init__(
        self, name: str, program: Program, exited: Callable[[int], None], gone: Callable[[], None]
    ) -> None:
        self.name = name
        self.program = program
        self.signals: list[str] = []
        self.alive = True
        self._exited = exited
        self._gone = gone
        self._what = program.args[0]
        if self._what == "missing":
            raise FileNotFoundError(2, "No such file or directory", "missing")
        if self._what in {"brief", "leaving"}:
            self.exit()

    def exit(self, status: int = 0) -> None:
        """End."""
        asyncio.get_running_loop().call_soon(self._end, status)

    def terminate(self) -> None:
        """Take note of a SIGTERM, and do what the program does then."""
        self.signals.append("TERM")
        if self.alive and self._what != "stubborn":
            self.exit(-15)

    def kill(self) -> None:
        """Take note of a SIGKILL, which ends everything."""
        self.signals.append("KILL")
        if self.alive:
            self.exit(-9)
        elif self._what == "leaving":
            asyncio.get_running_loop().call_soon(self._gone)

    def _end(self, status: int) -> None:
        if self.alive:
            self.alive = False
            self._exited(status)
            if self._what != "leaving":
                self._gone()


class Children:
    """Starts them, and keeps them.

    Attributes:
        all: Every run so far.
        error: What the next start raises instead, whatever the program.
    """

    def __init__(self) -> None:
        self.all: list[FakeChild] = []
        self.error: Exception | None = None
        self.attempts = 0

    def __call__(
        self, name: str, program: Program, exited: Callable[[int], None], gone: Callable[[], None]
    ) -> FakeChild:
        """Start one."""
        self.attempts += 1
        if self.error is not None:
            raise self.error
        child = FakeChild(name, program, exited, gone)
        self.all.append(child)
        return child

    @property
    def alive(self) -> list[str]:
        """The names of those that run, in the order in which they were started."""
        return [child.name for child in self.all if child.alive]
