"""The functions of Windows that the service host calls; only Windows can import this.

Each raises ``OSError`` with Windows' number and text where it fails. Source: learn.microsoft.com, by their names.
"""

from __future__ import annotations

from ctypes import POINTER, c_int32, c_uint16, c_uint32, c_void_p, c_wchar_p

from svcctl.windows.declaring import declare, windows
from svcctl.windows.structures import ProcessInformation, ServiceStatus, ServiceTableEntry, StartupInfo

INFINITE = 0xFFFFFFFF
WAIT_TIMEOUT = 258
_WAIT_FAILED = 0xFFFFFFFF

ServiceMain = windows.WINFUNCTYPE(None, c_uint32, POINTER(c_wchar_p))
ControlHandler = windows.WINFUNCTYPE(c_uint32, c_uint32, c_uint32, c_void_p, c_void_p)


def _failed(result: int) -> bool:
    return result == _WAIT_FAILED


_kernel32 = windows.WinDLL("kernel32", use_last_error=True)
_advapi32 = windows.WinDLL("advapi32", use_last_error=True)

start_dispatcher = declare(_advapi32, "StartServiceCtrlDispatcherW", c_int32, POINTER(ServiceTableEntry))
register_handler = declare(
    _advapi32, "RegisterServiceCtrlHandlerExW", c_void_p, c_wchar_p, ControlHandler, c_void_p
)
set_status = declare(_advapi32, "SetServiceStatus", c_int32, c_void_p, POINTER(ServiceStatus))
register_source = declare(_advapi32, "RegisterEventSourceW", c_void_p, c_wchar_p, c_wchar_p)
report_event = declare(
    _advapi32, "ReportEventW", c_int32, c_void_p, c_uint16, c_uint16, c_uint32, c_void_p, c_uint16, c_uint32,
    POINTER(c_wchar_p), c_void_p,
)  # fmt: skip

close_handle = declare(_kernel32, "CloseHandle", c_int32, c_void_p)
create_event = declare(_kernel32, "CreateEventW", c_void_p, c_void_p, c_int32, c_int32, c_wchar_p)
open_event = declare(_kernel32, "OpenEventW", c_void_p, c_uint32, c_int32, c_wchar_p)
set_event = declare(_kernel32, "SetEvent", c_int32, c_void_p)
wait_for = declare(_kernel32, "WaitForSingleObject", c_uint32, c_void_p, c_uint32, failed=_failed)
wait_for_any = declare(
    _kernel32,
    "WaitForMultipleObjects",
    c_uint32,
    c_uint32,
    POINTER(c_void_p),
    c_int32,
    c_uint32,
    failed=_failed,
)
current_process = declare(_kernel32, "GetCurrentProcess", c_void_p)
create_process = declare(
    _kernel32, "CreateProcessW", c_int32, c_wchar_p, c_wchar_p, c_void_p, c_void_p, c_int32, c_uint32, c_void_p,
    c_wchar_p, POINTER(StartupInfo), POINTER(ProcessInformation),
)  # fmt: skip
exit_code = declare(_kernel32, "GetExitCodeProcess", c_int32, c_void_p, POINTER(c_uint32))
alloc_console = declare(_kernel32, "AllocConsole", c_int32)
console_event = declare(_kernel32, "GenerateConsoleCtrlEvent", c_int32, c_uint32, c_uint32)
