r"""A service of Windows as data: what the service manager is told of it, and what its service host reads.

Times are whole milliseconds. Source: ``CreateServiceW``, ``ChangeServiceConfig2W`` on learn.microsoft.com.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, NamedTuple

from svcctl.errors import PERMANENT_STATUSES, UsageError
from svcctl.plan.command_line import join
from svcctl.records.text import from_text, to_text

#: automatic: with Windows; delayed: two minutes after it; manual: when somebody asks for it.
Start = Literal["automatic", "delayed", "manual"]

#: The key below that of the service, and the value in it, where the service host finds its application.
PARAMETERS_KEY = "Parameters"
DEFINITION_VALUE = "Definition"

#: Another value there: what an installation has made, and of what.
RECEIPT_VALUE = "Receipt"

LONGEST_NAME = 80
LONGEST_DISPLAY_NAME = 256

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\-]*")
_ABSOLUTE = re.compile(r"([A-Za-z]:\\|\\\\[^\\/]+\\[^\\/]+)[^\0-\x1f\"<>|?*]*")


class Variable(NamedTuple):
    """One variable of the environment."""

    name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Hosted:
    """The application as the service host runs it.

    Attributes:
        python: Absolute path of the interpreter in the application's environment.
        arguments: What the interpreter is given; of a small service, what ``svcctl.runtime`` is.
        directory: Absolute path of its working directory.
        environment: Variables beside those that Windows gives to services; names differ by more than case.
        log: Absolute path of the file that gets what it writes to stdout and stderr; empty for nowhere.
        start_limit_ms: From its start, or its last progress, to readiness; 0 for no limit.
        stop_limit_ms: From the request to stop to its end.
        watchdog_ms: Its longest silence while it runs; 0 for no watchdog.
        reload: It reloads when it is told to.
        first_pause_ms: Before it is started again after a crash; the next pauses are twice as long each.
        longest_pause_ms: What they grow to.
        most_failures: So many crashes in a row are followed by another start.
        healthy_ms: A run of this length ends the row.
        permanent_statuses: Exit statuses that another start does not mend.
        log_bytes: The log is rotated before it grows beyond so many bytes; 0 for never.
        log_files: How many rotated logs are kept; ``LOG.1`` is the newest.
        in_process: It is a small service: the service host's process runs it, in the environment's interpreter. Then
            nobody starts it again after a crash but the service manager, and its log is rotated at its start only.
    """

    python: str
    arguments: tuple[str, ...]
    directory: str
    environment: tuple[Variable, ...] = ()
    log: str = ""
    start_limit_ms: int = 90_000
    stop_limit_ms: int = 10_000
    watchdog_ms: int = 0
    reload: bool = False
    first_pause_ms: int = 1_000
    longest_pause_ms: int = 60_000
    most_failures: int = 10
    healthy_ms: int = 60_000
    permanent_statuses: tuple[int, ...] = PERMANENT_STATUSES
    log_bytes: int = 10 * 2**20
    log_files: int = 5
    in_process: bool = False

    def command_line(self) -> str:
        """Return the command line of the application.

        Raises:
            UsageError: Windows cannot pass it on.
        """
        return join((self.python, *self.arguments))


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryAction:
    """What the service manager does when a service has failed once more.

    Attributes:
        restart: Start it again; if not, leave it.
        after_ms: How long it waits with that.
    """

    restart: bool
    after_ms: int = 0


#: For a host that has died, and for a start that came too early; the application's crashes are the host's matter.
RECOVERY = (
    RecoveryAction(restart=True, after_ms=60_000),
    RecoveryAction(restart=True, after_ms=300_000),
    RecoveryAction(restart=False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowsService:
    r"""A service as the service manager knows it.

    Attributes:
        name: Its short name: the key in the registry, and what ``sc`` takes.
        display_name: Its name for people.
        description: One line; may be empty.
        interpreter: Absolute path of the base interpreter, not of a virtual environment's, which is a launcher. A small
            service has only the environment's.
        host: Absolute path of the service host's script.
        account: Who it runs as: ``NT SERVICE\NAME`` for an account of its own, or ``LocalSystem`` and the like.
        start: When it starts.
        dependencies: Short names of the services that have to run before it.
        preshutdown_ms: How long Windows waits for it at shutdown.
        recovery: What happens at its first, second and each further failure.
        recovery_reset_s: Seconds without a failure after which they are counted anew.
        hosted: The application.
    """

    name: str
    display_name: str
    interpreter: str
    host: str
    account: str
    hosted: Hosted
    description: str = ""
    start: Start = "automatic"
    dependencies: tuple[str, ...] = ()
    preshutdown_ms: int = 30_000
    recovery: tuple[RecoveryAction, ...] = RECOVERY
    recovery_reset_s: int = 86_400

    def command_line(self) -> str:
        r"""Return the command line that the service manager starts (``ImagePath``).

        The service host sees no ``PYTHON*`` variables, and no packages but those that its small service needs, so that
        only administrators decide what it runs.

        Raises:
            UsageError: Windows cannot pass it on.
        """
        interpreter = self.hosted.python if self.hosted.in_process else self.interpreter
        return join((interpreter, "-I", "-X", "utf8", self.host, self.name))


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowsReceipt:
    """What is remembered of an installation.

    Attributes:
        service: The service as it was made; when it starts may have been changed since.
        application: What was installed: an absolute path, ``module:attribute`` or a plug-in's name.
        arguments: The options of a plug-in.
        environment: The variables that were asked for.
        python_version: Version of the interpreter; empty if it was made elsewhere.
        folders: Folders that belong to it, the one that the others are in first.
        manifest_digest: Digest of the manifest that the service was made from.
        manifest: That manifest, as canonical JSON.
        options: The arguments that repeat the installation; empty if it was made elsewhere.
        svcctl_version: What has made it.
        installer: It came in an installer, which alone may remove it.
    """

    service: WindowsService
    application: str
    arguments: tuple[str, ...]
    environment: tuple[Variable, ...]
    python_version: str
    folders: tuple[str, ...]
    manifest_digest: str
    manifest: str
    options: tuple[str, ...]
    svcctl_version: str
    installer: bool = False


def check_name(name: str) -> str:
    """Return the name if a service of Windows can have it, and every script, key and account named after it.

    Raises:
        UsageError: It has other characters than letters, digits and ``_ . -``, starts with one of the last two, or is
            longer than 80.
    """
    if len(name) > LONGEST_NAME or not _NAME.fullmatch(name):
        cleaned = re.sub(r"[^A-Za-z0-9_.\-]+", "-", name).strip("-.")[:LONGEST_NAME].strip("-.")
        rule = f"letters, digits and _ . - are allowed, not at its start - or ., and {LONGEST_NAME} at most"
        raise UsageError(
            f"service name {name[:LONGEST_NAME]!r} cannot be used: {rule}",
            hint=f"use --name {cleaned or 'app'}",
        )
    return name


def check_path(what: str, path: str) -> str:
    r"""Return an absolute path of Windows, such as ``C:\apps\echo.tac`` or ``\\server\share\x``.

    Raises:
        UsageError: It is relative, has a slash, a part ``..``, or a character that names cannot have.
    """
    if not _ABSOLUTE.fullmatch(path) or "/" in path or ".." in path.split("\\") or ":" in path[2:]:
        raise UsageError(
            f"{what} {path!r} is not an absolute path of Windows", hint=r"write C:\…, without .."
        )
    return path


def encode_definition(hosted: Hosted) -> str:
    """Return an application as the service host reads it: canonical JSON.

    Raises:
        ProblemsError: A value is not of its field's type.
    """
    return to_text(hosted)


def decode_definition(text: str) -> Hosted:
    """Return the application that a definition holds.

    Raises:
        ProblemsError: It holds none.
    """
    return from_text(text, Hosted)


def encode_receipt(receipt: WindowsReceipt) -> str:
    """Return a receipt as it lies in the registry: canonical JSON.

    Raises:
        ProblemsError: A value is not of its field's type.
    """
    return to_text(receipt)


def decode_receipt(text: str) -> WindowsReceipt:
    """Return the receipt that a text holds.

    Raises:
        ProblemsError: It holds none.
    """
    return from_text(text, WindowsReceipt)
