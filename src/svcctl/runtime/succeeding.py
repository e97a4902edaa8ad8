"""Takes over from the process that has started this one: the new process's side of an upgrade.

Until it is the main process, everything that is meant for the init system goes to the other process, and the init
system's store is left alone. :mod:`svcctl.runtime.upgrading` is the other side.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import Callable, MutableMapping
from typing import TYPE_CHECKING, Any

from svcctl.runtime.activation import FIRST
from svcctl.runtime.machine import StopRequested
from svcctl.runtime.notify import SEND_LIMIT, UPGRADE, VARIABLE
from svcctl.runtime.receiver import LONGEST, parse
from svcctl.runtime.succession import Promoted

if TYPE_CHECKING:
    from svcctl.runtime.runner import Process

_log = logging.getLogger(__name__)

#: Fields of the message that makes this process the main one; init systems ignore them.
MAIN = "X_SVCCTL_MAIN"
RELOAD = "X_SVCCTL_RELOAD"

_HIGHEST = 10  # digits of a descriptor

_link: socket.socket | None = None
_waiting: list[Callable[[], object]] = []


def predecessor(environ: MutableMapping[str, str]) -> socket.socket | None:
    """Return the connection to the process that this one takes over from, and remove the variables that name it.

    Returns:
        ``None``, which is logged, if the variable names no such connection.
    """
    global _link  # noqa: PLW0603 (the descriptor is the process's)
    text = environ.pop(UPGRADE)
    environ.pop(VARIABLE, None)  # it is the other process's
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= _HIGHEST else -1
    try:
        connection = _connection(number)
        _link = connection.dup()
    except (OSError, OverflowError) as error:
        _log.error("%s is not used", UPGRADE, extra={"svcctl_value": text[:80], "svcctl_error": str(error)})
        return None
    connection.settimeout(SEND_LIMIT)
    return connection


def _connection(number: int) -> socket.socket:
    if number < FIRST:
        raise OSError("it is no descriptor")
    os.set_inheritable(number, False)  # noqa: FBT003 (the standard library's signature)
    connection = socket.socket(fileno=number)
    if (connection.family, connection.type) == (socket.AF_UNIX, socket.SOCK_SEQPACKET):
        return connection
    connection.detach()
    raise OSError("it is no connection to another process of the application")


def begin(process: Process) -> None:
    """Wait for the word that this process is the main one; to be called when the tree is up."""
    if _link is not None:
        process.loop.add_reader(_link, _read, process, _link)


def when_main(process: Process, callback: Callable[[], object]) -> None:
    """Call something once this process is the main one: now, unless it is still to take over."""
    if process.notifier.provisional:
        _waiting.append(callback)
    else:
        callback()


def _read(process: Process, link: socket.socket) -> None:
    try:
        data = link.recv(LONGEST)
    except BlockingIOError:
        return
    except OSError:
        data = b""
    fields = parse(data)
    if not data:
        process.loop.remove_reader(link)
        link.close()
        _alone(process)
    elif fields.get(MAIN) == "1" and process.notifier.provisional:
        _become_main(process, fields)


def _alone(process: Process) -> None:
    """Take note that the other process has ended."""
    if process.notifier.provisional:
        _log.error("the process to take over from has ended before it said so")
        process.feed(StopRequested("nobody to take over from", 0))
    elif isinstance(process.driver, _Patient):
        process.driver.gone.set()


def _become_main(process: Process, fields: dict[str, str]) -> None:
    try:
        connection = _connect(fields.get(VARIABLE, ""))
    except OSError as error:
        _log.error("cannot reach the init system", extra={"svcctl_error": str(error)})
        connection = None
    process.notifier.turn_to(connection)
    process.driver = _Patient(process.driver)
    if process.store is not None:
        process.store.become_main()
    process.feed(Promoted(fields.get(RELOAD) == "1"))
    if process.watchdog_limit is not None:
        process.notifier.send(
            "WATCHDOG=1"
        )  # the next one may be as far away as the last one of the other process
    _log.info("this process is the main process now")
    for callback in _waiting:
        callback()
    _waiting.clear()


def _connect(address: str) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        connection.connect(f"\0{address[1:]}" if address.startswith("@") else address)
    except OSError:
        connection.close()
        raise
    connection.settimeout(SEND_LIMIT)
    return connection


class _Patient:
    """A driver that ends when the process before this one has ended, too: the init system would kill it.

    Args:
        driver: What does the work.

    Attributes:
        gone: Set when the other process has ended.
    """

    def __init__(self, driver: Any) -> None:  # noqa: ANN401 (a module, or what replaces it)
        self.gone = asyncio.Event()
        self._driver = driver

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 (whatever the driver has)
        return getattr(self._driver, name)

    async def stop(self, root: Any, budget: float) -> None:  # noqa: ANN401 (services need no common class)
        """Stop the tree, then wait for the other process; both within the budget, in seconds."""
        loop = asyncio.get_running_loop()
        end = loop.time() + budget
        await self._driver.stop(root, budget)
        if not self.gone.is_set():
            _log.info("waiting for the process before this one, which still answers")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(end):
                    await self.gone.wait()
