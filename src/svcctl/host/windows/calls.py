"""The functions of Windows by which services are installed and controlled; only Windows can import this.

Each raises ``OSError`` with Windows' number and text where it fails. Source: learn.microsoft.com, by their names.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from ctypes import POINTER, c_int32, c_uint32, c_void_p, c_wchar_p
from typing import Any

from svcctl.host.windows.structures import StatusArgument

#: The module, with the names that it has on Windows alone.
windows: Any = ctypes

_advapi32 = windows.WinDLL("advapi32", use_last_error=True)
_kernel32 = windows.WinDLL("kernel32", use_last_error=True)


def _check(result: Any, _function: object, _arguments: object) -> Any:  # noqa: ANN401 (whatever it returns)
    if not result:
        raise windows.WinError(windows.get_last_error())
    return result


def _check_number(result: Any, _function: object, _arguments: object) -> Any:  # noqa: ANN401 (whatever it returns)
    if result:
        raise windows.WinError(result)
    return result


def _declare(name: str, result: Any, *arguments: Any) -> Callable[..., Any]:  # noqa: ANN401 (ctypes has no type for them)
    function: Any = getattr(_advapi32, name)
    function.restype = result
    function.argtypes = arguments
    function.errcheck = _check if result is not c_uint32 else _check_number
    return function  # type: ignore[no-any-return]  # callable


open_manager = _declare("OpenSCManagerW", c_void_p, c_wchar_p, c_wchar_p, c_uint32)
open_service = _declare("OpenServiceW", c_void_p, c_void_p, c_wchar_p, c_uint32)
close = _declare("CloseServiceHandle", c_int32, c_void_p)
create_service = _declare(
    "CreateServiceW", c_void_p, c_void_p, c_wchar_p, c_wchar_p, c_uint32, c_uint32, c_uint32, c_uint32, c_wchar_p,
    c_wchar_p, c_void_p, c_wchar_p, c_wchar_p, c_wchar_p,
)  # fmt: skip
change_service = _declare(
    "ChangeServiceConfigW", c_int32, c_void_p, c_uint32, c_uint32, c_uint32, c_wchar_p, c_wchar_p, c_void_p, c_wchar_p,
    c_wchar_p, c_wchar_p, c_wchar_p,
)  # fmt: skip
change_service_2 = _declare("ChangeServiceConfig2W", c_int32, c_void_p, c_uint32, c_void_p)
start_service = _declare("StartServiceW", c_int32, c_void_p, c_uint32, c_void_p)
control_service = _declare("ControlService", c_int32, c_void_p, c_uint32, POINTER(StatusArgument))
query_status = _declare(
    "QueryServiceStatusEx", c_int32, c_void_p, c_int32, c_void_p, c_uint32, POINTER(c_uint32)
)
delete_service = _declare("DeleteService", c_int32, c_void_p)

text_to_descriptor = _declare(
    "ConvertStringSecurityDescriptorToSecurityDescriptorW", c_int32, c_wchar_p, c_uint32, c_void_p, c_void_p
)
sid_to_text = _declare("ConvertSidToStringSidW", c_int32, c_void_p, c_void_p)
get_descriptor_dacl = _declare("GetSecurityDescriptorDacl", c_int32, c_void_p, c_void_p, c_void_p, c_void_p)
open_process_token = _declare("OpenProcessToken", c_int32, c_void_p, c_uint32, c_void_p)
get_token_information = _declare(
    "GetTokenInformation", c_int32, c_void_p, c_int32, c_void_p, c_uint32, c_void_p
)
# These two return the number of an error instead of whether they succeeded.
get_named_security = _declare(
    "GetNamedSecurityInfoW", c_uint32, c_wchar_p, c_int32, c_uint32, c_void_p, c_void_p, c_void_p, c_void_p, c_void_p
)  # fmt: skip
set_named_security = _declare(
    "SetNamedSecurityInfoW", c_uint32, c_wchar_p, c_int32, c_uint32, c_void_p, c_void_p, c_void_p, c_void_p
)

create_directory: Any = _kernel32.CreateDirectoryW
create_directory.restype, create_directory.argtypes = c_int32, (c_wchar_p, c_void_p)
create_directory.errcheck = _check
close_handle: Any = _kernel32.CloseHandle
close_handle.argtypes = (c_void_p,)
local_free: Any = _kernel32.LocalFree
local_free.restype, local_free.argtypes = c_void_p, (c_void_p,)
current_process: Any = _kernel32.GetCurrentProcess
current_process.restype = c_void_p
