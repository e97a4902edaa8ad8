"""The public errors and the exit statuses they lead to.

Every error that svcctl raises on purpose derives from :class:`SvcctlError`. It says in one line what happened
and where; ``hint`` says what to do about it; ``code`` is stable and meant for programs; ``exit_status`` is what
the process ends with when nothing catches the error. Where Twisted's framework raises a builtin error, ours
inherits that builtin too, so that ported code keeps catching it.

Statuses follow ``sysexits.h``; the generators of units read the same table.
"""

from __future__ import annotations

from typing import ClassVar, NamedTuple

EX_OK = 0
EX_USAGE = 64  # the command line is wrong
EX_DATAERR = 65  # the application's file is wrong
EX_NOINPUT = 66  # the application's file is not there or not readable
EX_UNAVAILABLE = 69  # an address cannot be bound, an inherited socket is missing, a tool is not there
EX_SOFTWARE = 70  # a service failed while running, or svcctl itself did
EX_TEMPFAIL = 75  # worth trying again
EX_NOPERM = 77  # not allowed
EX_CONFIG = 78  # something on this machine is configured wrongly

#: Statuses after which starting again without a change leads to the same end.
PERMANENT_STATUSES = (EX_USAGE, EX_DATAERR, EX_NOINPUT, EX_NOPERM, EX_CONFIG)


class SvcctlError(Exception):
    """Base of every error raised on purpose.

    Args:
        message: One line: what happened, and where.
        hint: One line: what to do about it; empty if there is nothing to advise.
    """

    code: ClassVar[str] = "svcctl"
    exit_status: int = EX_SOFTWARE

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return self.message


class UsageError(SvcctlError, ValueError):
    """A command or a function was called with something it cannot take."""

    code = "usage"
    exit_status = EX_USAGE


class PermissionDeniedError(SvcctlError, PermissionError):
    """The operating system or a rule of ours forbids the step."""

    code = "permission-denied"
    exit_status = EX_NOPERM


class ConfigurationError(SvcctlError):
    """The machine, or the environment of the application on it, is not as it has to be."""

    code = "configuration"
    exit_status = EX_CONFIG


class Problem(NamedTuple):
    """One thing to mend, as collected by a check that does not stop at the first.

    Attributes:
        where: What it is about: a path in the manifest, a directive, a file.
        message: What is wrong and what was expected.
    """

    where: str
    message: str


class ProblemsError(SvcctlError):
    """Several problems that the user can mend together.

    Args:
        message: What was checked.
        problems: At least one problem.
        hint: What to do about all of them.
    """

    code = "problems"
    exit_status = EX_DATAERR

    def __init__(self, message: str, problems: tuple[Problem, ...], *, hint: str = "") -> None:
        listed = "; ".join(f"{problem.where}: {problem.message}" for problem in problems)
        super().__init__(f"{message}: {listed}", hint=hint)
        self.problems = problems


class DependencyError(ProblemsError):
    """Services come after what is not there, after each other, or after what would be taken away."""

    code = "dependency"


class EndpointError(SvcctlError, ValueError):
    """A description of an endpoint does not parse.

    Args:
        text: The whole description.
        position: Index into ``text`` where it went wrong.
        expected: What would have been right there.
    """

    code = "endpoint"
    exit_status = EX_DATAERR

    def __init__(self, text: str, position: int, expected: str) -> None:
        super().__init__(f"endpoint {text!r}, character {position + 1}: expected {expected}")
        self.text = text
        self.position = position
        self.expected = expected


class DuplicateNameError(SvcctlError, RuntimeError):
    """A collection already has a service of that name."""

    code = "duplicate-name"
    exit_status = EX_DATAERR


class ServiceNotFoundError(SvcctlError, KeyError):
    """A collection has no such service."""

    code = "service-not-found"
    exit_status = EX_DATAERR


class ParentError(SvcctlError, RuntimeError):
    """A service has a parent where it must have none, or none where it must have one."""

    code = "parent"
    exit_status = EX_DATAERR


class NotChildError(SvcctlError, ValueError):
    """A service to be removed is not a child of that collection."""

    code = "not-a-child"
    exit_status = EX_DATAERR


class FactoryError(SvcctlError, TypeError):
    """What was given as a factory is none of the three kinds that servers take."""

    code = "factory"
    exit_status = EX_DATAERR


class LifecycleError(SvcctlError, RuntimeError):
    """A start or stop was asked for at a moment when it cannot be done."""

    code = "lifecycle"


class StartError(SvcctlError):
    """A service could not be started; what had started before it has been stopped again.

    The cause is in ``__cause__``; the errors of the rollback, if any, are in ``rollback``.

    Args:
        path: Path of the service in the tree, such as ``echo/db``.
        phase: ``"bind"`` or ``"start"``.
        cause: What the service raised.
    """

    code = "start"

    def __init__(self, path: str, phase: str, cause: BaseException) -> None:
        super().__init__(
            f"{path} failed to {phase}: {describe_cause(cause)}", hint=getattr(cause, "hint", "")
        )
        self.path = path
        self.phase = phase
        self.rollback: tuple[BaseException, ...] = ()
        self.exit_status = getattr(cause, "exit_status", EX_SOFTWARE)


class ReloadError(SvcctlError):
    """A reload failed; the cause is in ``__cause__``, the errors of taking it back in ``rollback``.

    Attributes:
        problems: Path and reason of each service that refused, or of the one that failed.
        reverted: Paths of the services that had reloaded and are as they were again.
        kept: Paths of those that stay reloaded: they cannot be taken back, or failed at that.
    """

    code = "reload"
    problems: tuple[Problem, ...] = ()
    reverted: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    rollback: tuple[BaseException, ...] = ()


class StopError(SvcctlError):
    """A service raised while it stopped; the cause is in ``__cause__``.

    Args:
        path: Path of the service in the tree.
        cause: What it raised.
    """

    code = "stop"

    def __init__(self, path: str, cause: BaseException) -> None:
        super().__init__(f"{path} failed to stop: {describe_cause(cause)}")
        self.path = path
        self.__cause__ = cause


class StopTimeoutError(SvcctlError, TimeoutError):
    """A service did not stop within its limit.

    Args:
        path: Path of the service in the tree.
        limit: The limit in seconds.
        stack: Where its task stood, one line a frame; empty if it had none.
    """

    code = "stop-timeout"

    def __init__(self, path: str, limit: float, stack: str) -> None:
        waiting = f", waiting at {stack}" if stack else ""
        super().__init__(f"{path} did not stop within {round(limit, 2):g} s{waiting}")
        self.path = path
        self.limit = limit
        self.stack = stack


class ServiceFailedError(SvcctlError):
    """A service failed after it had started; the cause is in ``__cause__``.

    Args:
        path: Path of the service in the tree.
        cause: What it raised.
    """

    code = "service-failed"

    def __init__(self, path: str, cause: BaseException) -> None:
        super().__init__(f"{path} failed: {describe_cause(cause)}", hint=getattr(cause, "hint", ""))
        self.path = path
        self.exit_status = getattr(cause, "exit_status", EX_SOFTWARE)


class ServiceEndedError(SvcctlError):
    """A service came to an end by itself although it is ``permanent``."""

    code = "service-ended"


class RestartLimitError(SvcctlError):
    """More restarts were needed than ``restarts`` within ``within`` seconds; the last cause is in ``__cause__``."""

    code = "restart-limit"

    def __init__(self, restarts: int, within: float, cause: BaseException) -> None:
        from svcctl.wording import counted  # noqa: PLC0415 (only for this failure)

        message = f"more than {counted(restarts, 'restart')} within {within:g} s: {describe_cause(cause)}"
        super().__init__(message, hint=getattr(cause, "hint", ""))
        self.exit_status = getattr(cause, "exit_status", EX_SOFTWARE)
        self.__cause__ = cause


class StartTimeoutError(SvcctlError, TimeoutError):
    """A start made no progress for ``limit`` seconds; ``stack`` is where the task of whom all wait for stands."""

    code = "start-timeout"
    exit_status = EX_TEMPFAIL

    def __init__(self, limit: float, stack: str) -> None:
        super().__init__(f"it was not ready within {limit:g} s" + (f", waiting at {stack}" if stack else ""))
        self.limit = limit
        self.stack = stack


class BindError(SvcctlError, OSError):
    """An address cannot be listened on.

    Args:
        endpoint: The endpoint's description.
        cause: What the operating system said.
        hint: What to do about it.
    """

    code = "bind"
    exit_status = EX_UNAVAILABLE

    def __init__(self, endpoint: str, cause: OSError, *, hint: str = "") -> None:
        super().__init__(f"cannot listen on {endpoint}: {cause.strerror or cause}", hint=hint)
        self.endpoint = endpoint
        self.errno = cause.errno


class ConnectError(SvcctlError, OSError):
    """A connection cannot be made; the cause is in ``__cause__``.

    Args:
        destination: Where to: ``host:port`` or a path.
        cause: What went wrong.
        hint: What to do about it.
    """

    code = "connect"
    exit_status = EX_UNAVAILABLE

    def __init__(self, destination: str, cause: OSError, *, hint: str = "") -> None:
        super().__init__(f"cannot connect to {destination}: {cause.strerror or cause}", hint=hint)
        self.destination = destination
        self.errno = cause.errno


class MissingSocketError(SvcctlError, LookupError):
    """A socket that the init system should have handed over is not there; ``hint`` names what to start or install."""

    code = "missing-socket"
    exit_status = EX_UNAVAILABLE


class ApplicationNotFoundError(SvcctlError, FileNotFoundError):
    """The file of the application is not there or cannot be read."""

    code = "application-not-found"
    exit_status = EX_NOINPUT


class ApplicationLoadError(SvcctlError):
    """The file of the application is there but does not give an application.

    Args:
        message: What happened, and where.
        hint: What to do about it.
        frames: The user's own frames of the error, formatted as Python does; empty if there are none.
    """

    code = "application-load"
    exit_status = EX_DATAERR

    def __init__(self, message: str, *, hint: str = "", frames: str = "") -> None:
        super().__init__(message, hint=hint)
        self.frames = frames


class CommandError(SvcctlError):
    """A tool of the operating system failed or is not there.

    Args:
        command: Its argument list.
        status: Its exit status; ``None`` if it could not be started or did not end in time.
        output: What it said on stderr, shortened.
    """

    code = "command"
    exit_status = EX_UNAVAILABLE

    def __init__(self, command: tuple[str, ...], status: int | None, output: str, *, hint: str = "") -> None:
        ended = "did not run" if status is None else f"ended with status {status}"
        said = f": {output.strip()}" if output.strip() else ""
        super().__init__(f"{' '.join(command)} {ended}{said}", hint=hint)
        self.command = command
        self.status = status
        self.output = output


class ProcessNameError(SvcctlError, KeyError):
    """A process monitor has no process of that name, or has one already."""

    code = "process-name"
    exit_status = EX_DATAERR


def describe_cause(error: BaseException) -> str:
    """Return one line about an error: our own text as it is, others with their type.

    Example:
        >>> describe_cause(ValueError("bad port"))
        'ValueError: bad port'
    """
    text = " ".join(str(error).split())
    if isinstance(error, SvcctlError):
        return text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


class SavedStateError(ApplicationLoadError):
    """A file with a saved application is not used, or gives none: foreign, altered, or without its classes."""

    code = "saved-state"
