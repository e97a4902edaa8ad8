"""Services of Windows: made, changed, started, stopped, asked and removed; only Windows can import this.

A service of somebody else's is never touched: ours have a definition in the registry. Source: "Service Configuration
Programs" on learn.microsoft.com.
"""

from __future__ import annotations

import contextlib
import ctypes
import time
from collections.abc import Iterator

from svcctl.errors import ConfigurationError, PermissionDeniedError, SvcctlError
from svcctl.host.windows import calls, registry
from svcctl.host.windows.machine import Found, Status
from svcctl.host.windows.settings import multi_string, settings
from svcctl.host.windows.structures import DelayedStart, StatusProcess
from svcctl.plan.windows import Start, WindowsService
from svcctl.windows.declaring import windows
from svcctl.windows.structures import ServiceStatus

_ALL_OF_MANAGER = 0xF003F
_CONNECT = 0x1
_ALL_OF_SERVICE = 0xF01FF
_QUERY = 0x4
_OWN_PROCESS = 0x10
_NORMAL_ERROR = 1
_AUTOMATIC, _MANUAL = 2, 3
_UNCHANGED = 0xFFFF_FFFF
_DELAYED_START = 3
_STOP, _PARAMCHANGE = 1, 6
_STOPPED, _START_PENDING = 1, 2
_POLL = 0.1
_SILENCE = 60.0

_ACCESS_DENIED = 5
_INVALID_LEVEL = 124
_ALREADY_RUNNING = 1056
_NO_SUCH_SERVICE = 1060
_NOT_ACTIVE = 1062
_EXISTS = 1073

_ELEVATED = "be an administrator, in an elevated console"


def need_administrator() -> None:
    """Check that services can be made.

    Raises:
        PermissionDeniedError: They cannot.
    """
    try:
        with _manager(_ALL_OF_MANAGER):
            pass
    except OSError as error:
        message = f"only administrators can change services: {error.strerror} (error {_number(error)})"
        raise PermissionDeniedError(message, hint=_ELEVATED) from error


def find(name: str) -> Found | None:
    """Return how a service is configured; ``None`` if there is none of that name."""
    return registry.find(name)


def names() -> tuple[str, ...]:
    """Return the names of the services that are ours, sorted."""
    return registry.names()


def text_of(number: int) -> str:
    """Return what Windows says about an error, in one line."""
    return " ".join(str(windows.FormatError(number)).split())


def started_at(pid: int) -> float:
    """Return when a process was started, in seconds since 1970; 0 if that is not for the caller to know."""
    import psutil  # noqa: PLC0415 (nothing else here needs it)

    try:
        return psutil.Process(pid).create_time()
    except psutil.Error:
        return 0.0


def install(service: WindowsService, receipt: str = "") -> bool:
    """Make a service, or change the one that is there; it is not started. Return whether it is new.

    Args:
        service: What it is to be.
        receipt: What is to be remembered of it; empty to leave that as it is.

    Raises:
        PermissionDeniedError: Only administrators can.
        ConfigurationError: There is a service of that name that is not ours, or Windows refuses something; a service
            that was new is gone again.
    """
    with _problems("installed", service.name), _manager(_ALL_OF_MANAGER) as manager:
        new = _make(manager, service)
        with _service(manager, service.name, _ALL_OF_SERVICE) as handle:
            try:
                _configure(handle, service, receipt)
            except BaseException:
                if new:
                    calls.delete_service(handle)
                    registry.remove_source(service.name)
                raise
    return new


def start(name: str) -> None:
    """Start a service; one that runs is left alone. It may still be starting afterwards.

    Raises:
        SvcctlError: As :func:`install`.
    """
    with _problems("started", name), _opened(name, _ALL_OF_SERVICE) as handle, _accepted(_ALREADY_RUNNING):
        calls.start_service(handle, 0, None)


def await_start(name: str) -> Status | None:
    """Wait until a service has started or failed; return what it is then, ``None`` if it is gone.

    One that has told of no progress for a minute is not waited for any longer.

    Raises:
        SvcctlError: As :func:`install`.
    """
    last, end = None, time.monotonic() + _SILENCE
    while (status := query(name)) is not None and status.state == _START_PENDING:
        if status != last:
            last, end = status, time.monotonic() + _SILENCE
        elif time.monotonic() > end:
            break
        time.sleep(_POLL)
    return status


def reload(name: str) -> None:
    """Tell a running service that its settings have changed.

    Raises:
        SvcctlError: As :func:`install`, or it does not take that.
    """
    with _problems("reloaded", name), _opened(name, _ALL_OF_SERVICE) as handle:
        calls.control_service(handle, _PARAMCHANGE, ctypes.byref(ServiceStatus()))


def set_start(name: str, start: Start) -> None:
    """Change when a service starts.

    Raises:
        SvcctlError: As :func:`install`.
    """
    kind = _MANUAL if start == "manual" else _AUTOMATIC
    with _problems("changed", name), _opened(name, _ALL_OF_SERVICE) as handle:
        calls.change_service(handle, _UNCHANGED, kind, _UNCHANGED, *(None,) * 7)
        if start != "manual":
            _set(handle, _DELAYED_START, DelayedStart(start == "delayed"))


def stop(name: str, limit: float) -> None:
    """Stop a service, and wait until it has stopped.

    Args:
        name: Its name.
        limit: Seconds to wait at most.

    Raises:
        SvcctlError: As :func:`install`, or it has not stopped in time.
    """
    with _problems("stopped", name), _opened(name, _ALL_OF_SERVICE) as handle:
        with _accepted(_NOT_ACTIVE):
            calls.control_service(handle, _STOP, ctypes.byref(ServiceStatus()))
        end = time.monotonic() + limit
        while _status(handle).state != _STOPPED:
            if time.monotonic() > end:
                raise ConfigurationError(
                    f"service {name} has not stopped within {limit:g} s", hint="look into the event log"
                )
            time.sleep(_POLL)


def query(name: str) -> Status | None:
    """Return what a service is; ``None`` if there is none of that name.

    Raises:
        SvcctlError: As :func:`install`.
    """
    with _problems("asked", name):
        try:
            with _opened(name, _QUERY) as handle:
                return _status(handle)
        except OSError as error:
            if _number(error) == _NO_SUCH_SERVICE:
                return None
            raise


def delete(name: str, limit: float = 10.0) -> bool:
    """Remove a service that has stopped, its definition and its event source. Return whether there was one.

    Args:
        name: Its name.
        limit: Seconds to wait at most until it is gone: Windows keeps it for as long as anybody looks at it.

    Raises:
        SvcctlError: As :func:`install`, or it is not gone in time.
    """
    if query(name) is None:
        return False
    registry.refuse_others(name)
    with _problems("removed", name), _opened(name, _ALL_OF_SERVICE) as handle:
        calls.delete_service(handle)
        registry.remove_source(name)
    end = time.monotonic() + limit
    while query(name) is not None:
        if time.monotonic() > end:
            raise ConfigurationError(
                f"service {name} is removed, but something still has it open",
                hint="close services.msc and the like",
            )
        time.sleep(_POLL)
    return True


def _make(manager: int, service: WindowsService) -> bool:
    start_type = _MANUAL if service.start == "manual" else _AUTOMATIC
    dependencies = multi_string(service.dependencies)
    common = (
        _OWN_PROCESS,
        start_type,
        _NORMAL_ERROR,
        service.command_line(),
        None,
        None,
        dependencies,
        service.account,
    )
    try:
        handle = calls.create_service(
            manager, service.name, service.display_name, _ALL_OF_SERVICE, *common, None
        )
    except OSError as error:
        if _number(error) != _EXISTS:
            raise
    else:
        calls.close(handle)
        return True
    registry.refuse_others(service.name)
    with _service(manager, service.name, _ALL_OF_SERVICE) as handle:
        calls.change_service(handle, *common, None, service.display_name)
    return False


def _configure(handle: int, service: WindowsService, receipt: str) -> None:
    registry.write(service, receipt)
    for level, _, value in settings(service):
        _set(handle, level, value)
    registry.write_source(service.name)


def _set(handle: int, level: int, value: ctypes.Structure) -> None:
    try:
        calls.change_service_2(handle, level, ctypes.byref(value))
    except OSError as error:
        if not (_number(error) == _INVALID_LEVEL and _is_wine()):
            raise


def _status(handle: int) -> Status:
    status, needed = StatusProcess(), ctypes.c_uint32()
    calls.query_status(handle, 0, ctypes.byref(status), ctypes.sizeof(status), ctypes.byref(needed))
    return Status(
        status.dwCurrentState,
        status.dwWin32ExitCode,
        status.dwServiceSpecificExitCode,
        status.dwCheckPoint,
        status.dwProcessId,
    )


@contextlib.contextmanager
def _manager(access: int) -> Iterator[int]:
    handle = calls.open_manager(None, None, access)
    try:
        yield handle
    finally:
        calls.close(handle)


@contextlib.contextmanager
def _service(manager: int, name: str, access: int) -> Iterator[int]:
    handle = calls.open_service(manager, name, access)
    try:
        yield handle
    finally:
        calls.close(handle)


@contextlib.contextmanager
def _opened(name: str, access: int) -> Iterator[int]:
    with _manager(_CONNECT) as manager, _service(manager, name, access) as handle:
        yield handle


@contextlib.contextmanager
def _accepted(number: int) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if isinstance(error, SvcctlError) or _number(error) != number:
            raise


@contextlib.contextmanager
def _problems(done: str, name: str) -> Iterator[None]:
    try:
        yield
    except SvcctlError:
        raise
    except OSError as error:
        message = f"service {name} is not {done}: {error.strerror} (error {_number(error)})"
        if _number(error) == _ACCESS_DENIED:
            raise PermissionDeniedError(message, hint=_ELEVATED) from error
        raise ConfigurationError(message, hint="the number is explained by: net helpmsg") from error


def _number(error: OSError) -> int:
    return getattr(error, "winerror", None) or 0


def _is_wine() -> bool:
    """Return whether this is Wine, which knows some levels only."""
    return hasattr(windows.WinDLL("ntdll"), "wine_get_version")
