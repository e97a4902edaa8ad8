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


def _check(result: Any, _function: object, _arguments: object) -> Any:  # noqa: ANN401 (whatever it returns)
    if not result:
        raise windows.WinError(windows.get_last_error())
    return result


def _declare(name: str, result: Any, *arguments: Any) -> Callable[..., Any]:  # noqa: ANN401 (ctypes has no type for them)
    function: Any = getattr(_advapi32, name)
    function.restype = result
    function.argtypes = arguments
    function.errcheck = _check
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
