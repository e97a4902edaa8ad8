"""What each method of the interfaces does."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

import svcctl
from svcctl.application import lifecycle
from svcctl.application.live import metrics, services
from svcctl.application.tree import acting
from svcctl.application.tree.record import Record, path_of
from svcctl.runtime.control.connection import encode
from svcctl.runtime.control.errors import OURS, VARLINK, CallError, error_for, invalid
from svcctl.runtime.control.interfaces import INTERFACES
from svcctl.runtime.logs import LEVELS

if TYPE_CHECKING:
    from svcctl.runtime.control.server import Server

_log = logging.getLogger(__name__)

#: Services, or connections, described before others of the loop have their turn.
_AT_ONCE = 100

#: Levels of a tree at most: no sensible depth is beyond.
_DEEPEST = 1000


def get_info(_server: Server) -> dict[str, Any]:
    """Say who answers."""
    return {
        "vendor": "svcctl",
        "product": "svcctl",
        "version": svcctl.__version__,
        "url": "",
        "interfaces": sorted(INTERFACES),
    }


def get_interface_description(_server: Server, interface: str) -> dict[str, Any]:
    """Return the text of an interface."""
    if interface not in INTERFACES:
        raise CallError(f"{VARLINK}.InterfaceNotFound", interface=interface)
    return {"description": INTERFACES[interface].description}


def get_tree(
    server: Server, path: str = "/", depth: int = _DEEPEST
) -> dict[str, Any] | Coroutine[Any, Any, bytes]:
    """Describe the services at and below a path."""
    if depth < 0:
        raise invalid("depth")
    found = list(services.records(acting.find(server.book.root, path), depth))
    application = _application(server)
    if len(found) > _AT_ONCE:
        return _in_portions(server, found, application)
    return {"application": application, "services": [services.describe(each, server.book) for each in found]}


async def _in_portions(server: Server, found: list[Record], application: dict[str, Any]) -> bytes:
    """Describe many services, without holding up the loop for long."""
    portions = []
    for start in range(0, len(found), _AT_ONCE):
        portion = [services.describe(each, server.book) for each in found[start : start + _AT_ONCE]]
        portions.append(encode(portion)[1:-1])
        await asyncio.sleep(0)
    return b'{"application":' + encode(application) + b',"services":[' + b",".join(portions) + b"]}"


def _application(server: Server) -> dict[str, Any]:
    process = server.process
    application = process.application
    ready, total, waiting = lifecycle.progress(process.root)
    return {
        "name": services.text_of(application.name),
        "description": services.text_of(application.description),
        "version": services.text_of(application.version),
        "pid": os.getpid(),
        "phase": process.state.phase.value,
        "since": server.book.opened,
        "ready": ready,
        "total": total,
        "waiting": waiting,
        "python": ".".join(map(str, sys.version_info[:3])),
        "svcctl": svcctl.__version__,
    }


def _acting(
    act: Callable[[Record], Coroutine[Any, Any, None]], done: str
) -> Callable[[Server, str], Coroutine[Any, Any, dict[str, Any]]]:
    """Return the method that does something with a service."""

    async def method(server: Server, path: str) -> dict[str, Any]:
        record = acting.find(server.book.root, path)
        try:
            await act(record)
        except Exception as error:
            known = error_for(error, path_of(record))
            _log.warning(
                "service not %s on request",
                done,
                extra={
                    "svcctl_path": path_of(record),
                    "svcctl_error": known.parameters.get("reason", known.name),
                },
            )
            raise known from error
        _log.info("service %s on request", done, extra={"svcctl_path": path_of(record)})
        return {"service": services.describe(record, server.book)}

    return method


async def reload(server: Server, path: str = "") -> dict[str, Any]:
    """Reload a service, or the whole application."""
    record = acting.find(server.book.root, path) if path else server.book.root
    if record.parent is None:
        await server.reloads.reload()
    else:
        try:
            await acting.reload_service(record)
        except Exception as error:
            raise error_for(error, path_of(record)) from error
        _log.info("service reloaded on request", extra={"svcctl_path": path})
    return {}


def set_log_level(_server: Server, level: str, logger: str | None = None) -> dict[str, Any]:
    """Show records from another level on."""
    if level not in LEVELS:
        raise invalid("level")
    if logger is not None and logger not in logging.Logger.manager.loggerDict:
        raise invalid("logger")
    target = logging.getLogger(logger)
    before = logging.getLevelName(target.getEffectiveLevel()).lower()
    target.setLevel(level.upper())
    _log.warning(
        "log level changed on request", extra={"svcctl_level": level, "svcctl_logger": logger or "all"}
    )
    return {"before": before}


def get_stacks(server: Server) -> dict[str, Any]:
    """Say where every task and every thread stands."""
    from svcctl.runtime import stacks  # noqa: PLC0415 (only when somebody asks)

    found = [*stacks.of_tasks(server.loop, server.book.root), *stacks.of_threads()]
    return {"stacks": [{**each._asdict(), "frames": list(each.frames)} for each in found]}


async def get_connections(server: Server, path: str = "/") -> dict[str, Any]:
    """List the open connections of servers."""
    found: list[dict[str, Any]] = []
    for record in list(services.records(acting.find(server.book.root, path))):
        for connection in services.open_connections(record, server.loop.time()):
            found.append(connection)
            if len(found) % _AT_ONCE == 0:
                await asyncio.sleep(0)
    return {"connections": found}


def get_metrics(server: Server) -> dict[str, Any]:
    """Return figures, as data and as text."""
    families = metrics.collect(server.book)
    as_data = [
        {**family._asdict(), "samples": [sample._asdict() for sample in family.samples]}
        for family in families
    ]
    return {"families": as_data, "text": metrics.text(families)}


async def upgrade(server: Server) -> dict[str, Any]:
    """Have a new process take over; answer when it has."""
    from svcctl.runtime import upgrading  # noqa: PLC0415 (only when somebody asks)

    path = path_of(server.book.root)
    try:
        return {"pid": await upgrading.upgrade(server.process)}
    except upgrading.RefusedUpgradeError as error:
        found = {"path": path, "reason": error.message, "services": [], "hint": error.hint}
        raise CallError(f"{OURS}.Refused", **found) from error
    except upgrading.UpgradeError as error:
        raise CallError(f"{OURS}.Failed", path=path, reason=error.message) from error


#: By interface and name; Watch, which alone answers more than once, is the server's own.
METHODS: dict[str, dict[str, Callable[..., Any]]] = {
    VARLINK: {"GetInfo": get_info, "GetInterfaceDescription": get_interface_description},
    OURS: {
        "GetTree": get_tree,
        "Start": _acting(acting.start_service, "started"),
        "Stop": _acting(acting.stop_service, "stopped"),
        "Restart": _acting(acting.restart_service, "restarted"),
        "Reload": reload,
        "SetLogLevel": set_log_level,
        "Stacks": get_stacks,
        "Connections": get_connections,
        "Metrics": get_metrics,
        "Upgrade": upgrade,
    },
}
