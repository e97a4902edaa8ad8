"""What a machine that runs Windows can be asked and told, wherever this is imported: there, by the modules beside this one."""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol

from svcctl.errors import ConfigurationError
from svcctl.plan.windows import Start, WindowsService


class Status(NamedTuple):
    """What a service is at the moment.

    Attributes:
        state: ``SERVICE_STOPPED`` (1) to ``SERVICE_PAUSED`` (7).
        win32: 0, an error of Windows, or 1066 if ``status`` has the reason.
        status: The application's own status.
        checkpoint: Rises while a state is pending.
        pid: Its process; 0 if it has none.
    """

    state: int
    win32: int
    status: int
    checkpoint: int
    pid: int


class Found(NamedTuple):
    """How a service is configured, as the registry has it.

    Attributes:
        command_line: What the service manager starts.
        account: Who it runs as.
        start: When it starts; ``disabled`` if never.
        definition: What its service host reads; empty if it is not ours.
        receipt: What is remembered of its installation; empty if nothing is.
    """

    command_line: str
    account: str
    start: str
    definition: str
    receipt: str


class Services(Protocol):
    """The service manager; see :mod:`svcctl.host.windows.services`, which is one."""

    def need_administrator(self) -> None: ...  # noqa: D102 (there)
    def find(self, name: str, /) -> Found | None: ...  # noqa: D102 (there)
    def names(self) -> tuple[str, ...]: ...  # noqa: D102 (there)
    def text_of(self, number: int, /) -> str: ...  # noqa: D102 (there)
    def started_at(self, pid: int, /) -> float: ...  # noqa: D102 (there)
    def install(self, service: WindowsService, receipt: str = "") -> bool: ...  # noqa: D102 (there)
    def start(self, name: str, /) -> None: ...  # noqa: D102 (there)
    def await_start(self, name: str, /) -> Status | None: ...  # noqa: D102 (there)
    def reload(self, name: str, /) -> None: ...  # noqa: D102 (there)
    def set_start(self, name: str, start: Start, /) -> None: ...  # noqa: D102 (there)
    def stop(self, name: str, limit: float) -> None: ...  # noqa: D102 (there)
    def query(self, name: str, /) -> Status | None: ...  # noqa: D102 (there)
    def delete(self, name: str, limit: float = ...) -> bool: ...  # noqa: D102 (there)


class Folders(Protocol):
    """Files and folders; see :mod:`svcctl.host.windows.folders`, which is one."""

    def make(self, path: str, rights: str, /) -> bool: ...  # noqa: D102 (there)
    def remove(self, path: str, /) -> None: ...  # noqa: D102 (there)
    def exists(self, path: str, /) -> bool: ...  # noqa: D102 (there)
    def digest(self, path: str, /) -> str: ...  # noqa: D102 (there)
    def profiles(self) -> str: ...  # noqa: D102 (there)
    def last_lines(self, path: str, count: int, /) -> list[str]: ...  # noqa: D102 (there)
    def lines(self, path: str, *, count: int, follow: bool) -> Iterator[str]: ...  # noqa: D102 (there)


class Python(NamedTuple):
    """Where an interpreter has what a service needs of it.

    Attributes:
        base: Absolute path of the interpreter that its environment was made of; its own if that is none.
        packages: The folder that svcctl is in.
        version: Such as ``3.11.9``.
    """

    base: str
    packages: str
    version: str


class Interpreters(Protocol):
    """Interpreters; see :mod:`svcctl.host.windows.interpreters`, which is one."""

    def look_at(self, python: str, /) -> Python: ...  # noqa: D102 (there)


class Machine(NamedTuple):
    """A machine that runs Windows."""

    services: Services
    folders: Folders
    interpreters: Interpreters


def here() -> Machine:
    """Return this machine.

    Raises:
        ConfigurationError: It does not run Windows.
    """
    if os.name != "nt":
        raise ConfigurationError(
            "this machine does not run Windows", hint="svcctl generate windows works on any machine"
        )
    names = ("services", "folders", "interpreters")
    modules: tuple[Any, ...] = tuple(importlib.import_module(f"svcctl.host.windows.{name}") for name in names)
    return Machine(*modules)
