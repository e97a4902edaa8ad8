r"""What the client of a controlled application needs of a connection, with a pipe; only Windows can import it."""

from __future__ import annotations

from typing import Self

import psutil

from svcctl.windows.pipes import Pipe, connect


class PipeConnection:
    """A connection with the methods of a socket that a client uses.

    Args:
        name: Name of the pipe.
        process: The process that has to be the one at the other end, or to have started it; 0 for any.
        limit: Seconds for connecting; ``None``: as long as it takes.

    Raises:
        PermissionError: It is not for us, or another process has made it.
        OSError: There is none.
    """

    def __init__(self, name: str, process: int, limit: float | None) -> None:
        self._limit = limit
        self._pipe: Pipe = connect(name, limit)
        try:
            if process:
                _check(name, self._pipe.server(), process)
        except BaseException:
            self._pipe.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._pipe.close()

    def settimeout(self, limit: float | None) -> None:
        """Wait so many seconds at most from now on."""
        self._limit = limit

    def sendall(self, data: bytes) -> None:
        """Send all of it."""
        self._pipe.write(data, limit=self._limit)

    def recv(self, most: int) -> bytes:
        """Return what has come; nothing at the end."""
        return self._pipe.read(most, limit=self._limit)


def _check(name: str, server: int, process: int) -> None:
    """Refuse a pipe that somebody else has made before the service did."""
    if server == process:
        return
    try:
        if any(each.pid == process for each in psutil.Process(server).parents()):
            return
    except psutil.Error as error:
        raise ConnectionError(f"the process that has {name} has ended") from error
    raise PermissionError(f"{name} is not the service's own: process {server} has made it")
