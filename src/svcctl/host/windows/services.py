"""Services of Windows: made, changed, started, stopped, asked and removed; only Windows can import this.

A service of somebody else's is never touched: ours have a definition in the registry. Source: "Service Configuration
Programs" on learn.microsoft.com.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

from svcctl.errors import ConfigurationError, PermissionDeniedError, SvcctlError
from svcctl.host.windows import calls
from svcctl.host.windows.settings import multi_string, settings
from svcctl.host.windows.structures import StatusArgument, StatusProcess
from svcctl.plan.windows import DEFINITION_VALUE, PARAMETERS_KEY, WindowsService, encode_definition

_ALL_OF_MANAGER = 0xF003F
_CONNECT = 0x1
_ALL_OF_SERVICE = 0xF01FF
_QUERY = 0x4
_OWN_PROCESS = 0x10
_NORMAL_ERROR = 1
_AUTOMATIC, _MANUAL = 2, 3
_STOP = 1
_STOPPED = 1
_POLL = 0.1

_ACCESS_DENIED = 5
_INVALID_LEVEL = 124
_ALREADY_RUNNING = 1056
_NO_SUCH_SERVICE = 1060
_NOT_ACTIVE = 1062
_EXISTS = 1073

_SERVICES = "SYSTEM\\CurrentControlSet\\Services"
_EVENT_SOURCES = f"{_SERVICES}\\EventLog\\Application"
_MESSAGES = "%SystemRoot%\\System32\\EventCreate.exe"  # renders plain texts
_ALL_TYPES = 7


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


def install(service: WindowsService) -> bool:
    """Make a service, or change the one that is there; it is not started. Return whether it is new.

    Raises:
        PermissionDeniedError: Only administrators can.
        ConfigurationError: There is a service of that name that is not ours, or Windows refuses something; a service
            that was new is gone again.
    """
    with _problems("installed", service.name), _manager(_ALL_OF_MANAGER) as manager:
        new = _make(manager, service)
        with _service(manager, service.name, _ALL_OF_SERVICE) as handle:
            try:
                _configure(handle, service)
            except BaseException:
                if new:
                    calls.delete_service(handle)
                    _remove_source(service.name)
                raise
    return new


def start(name: str) -> None:
    """Start a service; one that runs is left alone. It may still be starting afterwards.

    Raises:
        SvcctlError: As :func:`install`.
    """
    with _problems("started", name), _opened(name, _ALL_OF_SERVICE) as handle, _accepted(_ALREADY_RUNNING):
        calls.start_service(handle, 0, None)


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
            calls.control_service(handle, _STOP, ctypes.byref(StatusArgument()))
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
    _refuse_others(name)
    with _problems("removed", name), _opened(name, _ALL_OF_SERVICE) as handle:
        calls.delete_service(handle)
        _remove_source(name)
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
    _refuse_others(service.name)
    with _service(manager, service.name, _ALL_OF_SERVICE) as handle:
        calls.change_service(handle, *common, None, service.display_name)
    return False


def _configure(handle: int, service: WindowsService) -> None:
    winreg = _winreg()
    machine = winreg.HKEY_LOCAL_MACHINE
    with winreg.CreateKey(machine, f"{_SERVICES}\\{service.name}\\{PARAMETERS_KEY}") as key:
        winreg.SetValueEx(key, DEFINITION_VALUE, 0, winreg.REG_SZ, encode_definition(service.hosted))
    for level, _, value in settings(service):
        try:
            calls.change_service_2(handle, level, ctypes.byref(value))
        except OSError as error:
            if not (_number(error) == _INVALID_LEVEL and _is_wine()):
                raise
    with winreg.CreateKey(machine, f"{_EVENT_SOURCES}\\{service.name}") as key:
        winreg.SetValueEx(key, "EventMessageFile", 0, winreg.REG_EXPAND_SZ, _MESSAGES)
        winreg.SetValueEx(key, "TypesSupported", 0, winreg.REG_DWORD, _ALL_TYPES)


def _refuse_others(name: str) -> None:
    winreg = _winreg()
    try:
        with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, f"{_SERVICES}\\{name}\\{PARAMETERS_KEY}") as key:
            winreg.QueryValueEx(key, DEFINITION_VALUE)
    except FileNotFoundError:
        raise ConfigurationError(
            f"there is a service named {name} already, and svcctl has not made it", hint="use another --name"
        ) from None


def _remove_source(name: str) -> None:
    winreg = _winreg()
    with contextlib.suppress(FileNotFoundError):
        winreg.DeleteKey(winreg.HKEY_LOCAL_MACHINE, f"{_EVENT_SOURCES}\\{name}")


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
            raise PermissionDeniedError(
                message, hint="be an administrator, in an elevated console"
            ) from error
        raise ConfigurationError(message, hint="the number is explained by: net helpmsg") from error


def _number(error: OSError) -> int:
    return getattr(error, "winerror", None) or 0


def _is_wine() -> bool:
    """Return whether this is Wine, which knows some levels only."""
    return hasattr(calls.windows.WinDLL("ntdll"), "wine_get_version")


def _winreg() -> Any:  # noqa: ANN401 (a module, with names that it has on Windows alone)
    return importlib.import_module("winreg")
