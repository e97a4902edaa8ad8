"""The functions of Windows that the service host calls; only Windows can import this.

Each raises ``OSError`` with Windows' number and text where it fails. Source: learn.microsoft.com, by their names.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from ctypes import POINTER, c_int32, c_uint16, c_uint32, c_void_p, c_wchar_p
from typing import Any

from svcctl.runtime.windows.structures import (
    ProcessInformation,
    ServiceStatus,
    ServiceTableEntry,
    StartupInfo,
)

#: The module, with the names that it has on Windows alone.
windows: Any = ctypes

INFINITE = 0xFFFFFFFF
WAIT_TIMEOUT = 258
_WAIT_FAILED = 0xFFFFFFFF

ServiceMain = windows.WINFUNCTYPE(None, c_uint32, POINTER(c_wchar_p))
ControlHandler = windows.WINFUNCTYPE(c_uint32, c_uint32, c_uint32, c_void_p, c_void_p)


def _raise_if(failed: Callable[[Any], bool]) -> Callable[..., Any]:
    def check(result: Any, _function: object, _arguments: object) -> Any:  # noqa: ANN401 (whatever it returns)
        if failed(result):
            raise windows.WinError(windows.get_last_error())
        return result

    return check


_ZERO = _raise_if(lambda result: not result)
_FAILED = _raise_if(lambda result: result == _WAIT_FAILED)


def _declare(
    library: Any,  # noqa: ANN401 (ctypes has no type for it)
    name: str,
    result: Any,  # noqa: ANN401 (the same)
    *arguments: Any,  # noqa: ANN401 (the same)
    check: Callable[..., Any] = _ZERO,
) -> Callable[..., Any]:
    function: Any = getattr(library, name)
    function.restype = result
    function.argtypes = arguments
    function.errcheck = check
    return function  # type: ignore[no-any-return]  # callable


_kernel32 = windows.WinDLL("kernel32", use_last_error=True)
_advapi32 = windows.WinDLL("advapi32", use_last_error=True)

start_dispatcher = _declare(_advapi32, "StartServiceCtrlDispatcherW", c_int32, POINTER(ServiceTableEntry))
register_handler = _declare(
    _advapi32, "RegisterServiceCtrlHandlerExW", c_void_p, c_wchar_p, ControlHandler, c_void_p
)
set_status = _declare(_advapi32, "SetServiceStatus", c_int32, c_void_p, POINTER(ServiceStatus))
register_source = _declare(_advapi32, "RegisterEventSourceW", c_void_p, c_wchar_p, c_wchar_p)
report_event = _declare(
    _advapi32, "ReportEventW", c_int32, c_void_p, c_uint16, c_uint16, c_uint32, c_void_p, c_uint16, c_uint32,
    POINTER(c_wchar_p), c_void_p,
)  # fmt: skip

close_handle = _declare(_kernel32, "CloseHandle", c_int32, c_void_p)
create_event = _declare(_kernel32, "CreateEventW", c_void_p, c_void_p, c_int32, c_int32, c_wchar_p)
open_event = _declare(_kernel32, "OpenEventW", c_void_p, c_uint32, c_int32, c_wchar_p)
set_event = _declare(_kernel32, "SetEvent", c_int32, c_void_p)
wait_for = _declare(_kernel32, "WaitForSingleObject", c_uint32, c_void_p, c_uint32, check=_FAILED)
wait_for_any = _declare(
    _kernel32,
    "WaitForMultipleObjects",
    c_uint32,
    c_uint32,
    POINTER(c_void_p),
    c_int32,
    c_uint32,
    check=_FAILED,
)
create_job = _declare(_kernel32, "CreateJobObjectW", c_void_p, c_void_p, c_wchar_p)
set_job = _declare(_kernel32, "SetInformationJobObject", c_int32, c_void_p, c_int32, c_void_p, c_uint32)
assign_to_job = _declare(_kernel32, "AssignProcessToJobObject", c_int32, c_void_p, c_void_p)
current_process = _declare(_kernel32, "GetCurrentProcess", c_void_p)
terminate_job = _declare(_kernel32, "TerminateJobObject", c_int32, c_void_p, c_uint32)
create_process = _declare(
    _kernel32, "CreateProcessW", c_int32, c_wchar_p, c_wchar_p, c_void_p, c_void_p, c_int32, c_uint32, c_void_p,
    c_wchar_p, POINTER(StartupInfo), POINTER(ProcessInformation),
)  # fmt: skip
resume_thread = _declare(_kernel32, "ResumeThread", c_uint32, c_void_p, check=_FAILED)
terminate_process = _declare(_kernel32, "TerminateProcess", c_int32, c_void_p, c_uint32)
exit_code = _declare(_kernel32, "GetExitCodeProcess", c_int32, c_void_p, POINTER(c_uint32))
alloc_console = _declare(_kernel32, "AllocConsole", c_int32)
console_event = _declare(_kernel32, "GenerateConsoleCtrlEvent", c_int32, c_uint32, c_uint32)
