"""The fake init of ``svcctl.testing`` as the project's own tests want it: no entry waits, and no socket has a name."""

from __future__ import annotations

import signal
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from svcctl.testing import init

#: Seconds after which a test gives up on a process. Never waited for when all is well.
PATIENCE = 30.0


class Main(NamedTuple):
    """The process that was started."""

    pid: int


class FakeInit:
    """One supervised process, started at once.

    Args:
        command: Its argument list.
        folder: Working directory; its stdout and stderr are files there.
        environ: Variables on top of those that an init system sets. ``LISTEN_PID`` and ``WATCHDOG_PID`` may be
            ``self``.
        sockets: Sockets to hand over from descriptor 3 on; their names are a variable's business.
        notify: Whether it gets a ``$NOTIFY_SOCKET``.

    Attributes:
        service: It, under the public fake init.
        process: The process.
    """

    def __init__(
        self,
        command: Sequence[str],
        folder: Path,
        environ: Mapping[str, str] | None = None,
        sockets: Sequence[socket.socket] = (),
        *,
        notify: bool = True,
    ) -> None:
        self.folder = folder
        self.service = init.FakeInit(
            command,
            folder=folder,
            environment={"PYTHONDONTWRITEBYTECODE": "1", "LISTEN_FDNAMES": None, **(environ or {})},
            sockets=[("given", each) for each in sockets],
            notify=notify,
            survivors=True,
            patience=PATIENCE,
        )
        try:
            self.service.start(block=False)
        except BaseException:
            self.service.close()
            raise
        self.process = Main(self.service.pid)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.service.close()

    @property
    def stderr(self) -> str:
        """What it has written to stderr so far."""
        return self.service.stderr

    @property
    def messages(self) -> list[dict[str, str]]:
        """The fields of its messages so far."""
        return [message.fields for message in self.service.messages]

    def wait_for(self, key: str, value: str | None = None) -> dict[str, str]:
        """Return the next message with a field; fail if the process ends first or takes too long."""
        return self.service.wait_for(key, value).fields

    def wait_for_log(self, text: str) -> None:
        """Return when stderr holds a text."""
        self.service.wait_for_output(text)

    def kill(self, number: signal.Signals) -> None:
        """Send a signal."""
        self.service.signal(number)

    def wait(self) -> int:
        """Return the exit status once it has ended."""
        code = self.service.wait().code
        assert code is not None, self.service.transcript
        return code

    def stop(self) -> int:
        """Ask it to end, and return its exit status."""
        self.kill(signal.SIGTERM)
        return self.wait()

    def sent(self, key: str) -> list[str]:
        """Return the values of a field over all messages so far."""
        return self.service.sent(key)
