"""A machine that runs Windows, by what our operations can tell of it; ``tests/windows`` compares it with Wine's."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from svcctl.errors import ConfigurationError, PermissionDeniedError
from svcctl.host.windows.machine import Found, Machine, Python, Status
from svcctl.plan.windows import Start, WindowsService, encode_definition
from svcctl.plan.windows_rights import folder_rights

STOPPED, RUNNING = 1, 4
NEVER_STARTED = 1077
#: What the service manager says about a service that has just been made.
FRESH = Status(STOPPED, NEVER_STARTED, 0, 0, 0)
TEXTS = {5: "Access denied.", 1053: "Service timed out.", 1066: "Service specific error."}


class FakeServices:
    """A service manager.

    Attributes:
        administrator: Whoever asks may change services.
        outcomes: What a service is once it has been told to start; running if it is not named.
        broken: A method that fails when it is called.
        done: What was done, in order.
    """

    def __init__(self) -> None:
        self.administrator = True
        self.outcomes: dict[str, Status] = {}
        self.broken = ""
        self.done: list[str] = []
        self.configured: dict[str, Found] = {}
        self.states: dict[str, Status] = {}

    def need_administrator(self) -> None:
        """Refuse who is none."""
        if not self.administrator:
            raise PermissionDeniedError(
                "only administrators can change services: Access denied. (error 5)",
                hint="be an administrator, in an elevated console",
            )

    def find(self, name: str) -> Found | None:
        """Return what was installed."""
        return self.configured.get(name)

    def names(self) -> tuple[str, ...]:
        """Return the names of ours."""
        return tuple(sorted(name for name, found in self.configured.items() if found.definition))

    def text_of(self, number: int) -> str:
        """Return a text for a number."""
        return TEXTS.get(number, f"Text {number}.")

    def started_at(self, pid: int) -> float:
        """Return a time."""
        return float(pid)

    def install(self, service: WindowsService, receipt: str = "") -> bool:
        """Make a service, or change it."""
        self._act("install", service.name)
        before = self.configured.get(service.name)
        if before is not None and not before.definition:
            raise ConfigurationError(
                f"there is a service named {service.name} already", hint="another --name"
            )
        self.configured[service.name] = Found(
            command_line=service.command_line(),
            account=service.account,
            start=service.start,
            definition=encode_definition(service.hosted),
            receipt=receipt or (before.receipt if before is not None else ""),
        )
        self.states.setdefault(service.name, FRESH)
        return before is None

    def start(self, name: str) -> None:
        """Have it come to its outcome."""
        self._act("start", name)
        self._need(name)
        self.states[name] = self.outcomes.get(name, Status(RUNNING, 0, 0, 0, 77))

    def await_start(self, name: str) -> Status | None:
        """Return that at once."""
        return self.states.get(name)

    def reload(self, name: str) -> None:
        """Remember it."""
        self._act("reload", name)

    def set_start(self, name: str, start: Start) -> None:
        """Change when it starts."""
        self._act(f"set {start}", name)
        self.configured[name] = self._need(name)._replace(start=start)

    def stop(self, name: str, limit: float) -> None:
        """Stop it at once."""
        self._act("stop", name)
        assert limit > 0
        if self.states[name].state != STOPPED:
            self.states[name] = Status(STOPPED, 0, 0, 0, 0)

    def query(self, name: str) -> Status | None:
        """Return what it is."""
        return self.states.get(name)

    def delete(self, name: str, limit: float = 10.0) -> bool:
        """Remove it."""
        self._act("delete", name)
        assert limit > 0
        self.states.pop(name, None)
        return self.configured.pop(name, None) is not None

    def _need(self, name: str) -> Found:
        if name not in self.configured:
            cause = OSError(1060, "Unknown service.")
            raise ConfigurationError(f"service {name} is not known", hint="") from cause
        return self.configured[name]

    def _act(self, what: str, name: str) -> None:
        self.done.append(f"{what} {name}")
        if what == self.broken:
            raise ConfigurationError(f"service {name}: {what} fails", hint="it is broken")


@dataclass
class FakeFolders:
    """Folders and files; every folder that is made has the rights of its service.

    Attributes:
        service: Name of the service whose folders are made.
        made: Folders that there are.
        files: Contents by path.
        broken: A folder that cannot be made.
    """

    service: str = "echo"
    made: set[str] = field(default_factory=set)
    files: dict[str, str] = field(default_factory=dict)
    broken: str = ""

    def make(self, path: str, rights: str) -> bool:
        """Make a folder."""
        assert rights == folder_rights(self.service)
        if path == self.broken:
            raise ConfigurationError(f"folder {path} cannot be made", hint="give another one with --data")
        new = path not in self.made
        self.made.add(path)
        return new

    def remove(self, path: str) -> None:
        """Remove a folder and what is in it."""
        self.made = {each for each in self.made if each != path and not each.startswith(f"{path}\\")}

    def exists(self, path: str) -> bool:
        """Tell of folders and files."""
        return path in self.made or path in self.files

    def digest(self, path: str) -> str:
        """Return the SHA-256 of a file."""
        if path not in self.files:
            raise FileNotFoundError(2, "Not there.", path)
        return hashlib.sha256(self.files[path].encode()).hexdigest()

    def profiles(self) -> str:
        """Return where they usually are."""
        return "C:\\Users"

    def last_lines(self, path: str, count: int) -> list[str]:
        """Return the end of a file."""
        return self.files.get(path, "").splitlines()[-count:]

    def lines(self, path: str, *, count: int, follow: bool) -> Iterator[str]:
        """Yield the end of a file, and one line more."""
        yield from self.last_lines(path, count)
        if follow:
            yield "a new line"


class FakeInterpreters:
    """Interpreters, all of them the same.

    Attributes:
        place: What each says.
        error: What is raised instead, if anything.
    """

    def __init__(self) -> None:
        self.place = Python("C:\\Python311\\python.exe", "C:\\venv\\Lib\\site-packages", "3.11.9")
        self.error: Exception | None = None

    def look_at(self, python: str) -> Python:
        """Return the place of each."""
        assert python
        if self.error is not None:
            raise self.error
        return self.place


class FakeWindows:
    """A machine of these."""

    def __init__(self) -> None:
        self.services = FakeServices()
        self.folders = FakeFolders()
        self.interpreters = FakeInterpreters()
        place = self.interpreters.place
        for path in (place.base, f"{place.packages}\\svcctl\\runtime\\windows\\__main__.py", PYTHON):
            self.folders.files[path] = ""
        self.machine = Machine(self.services, self.folders, self.interpreters)


PYTHON = "C:\\venv\\Scripts\\python.exe"
