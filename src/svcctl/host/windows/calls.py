"""The functions of Windows by which services are installed and controlled; only Windows can import this.

Each raises ``OSError`` with Windows' number and text where it fails. Source: learn.microsoft.com, by their names.
"""

from __future__ import annotations

from ctypes import POINTER, c_int32, c_uint32, c_void_p, c_wchar_p

from svcctl.windows.declaring import declare, windows
from svcctl.windows.structures import ServiceStatus

_advapi32 = windows.WinDLL("advapi32", use_last_error=True)
_kernel32 = windows.WinDLL("kernel32", use_last_error=True)

open_manager = declare(_advapi32, "OpenSCManagerW", c_void_p, c_wchar_p, c_wchar_p, c_uint32)
open_service = declare(_advapi32, "OpenServiceW", c_void_p, c_void_p, c_wchar_p, c_uint32)
close = declare(_advapi32, "CloseServiceHandle", c_int32, c_void_p)
create_service = declare(
    _advapi32, "CreateServiceW", c_void_p, c_void_p, c_wchar_p, c_wchar_p, c_uint32, c_uint32, c_uint32, c_uint32,
    c_wchar_p, c_wchar_p, c_void_p, c_wchar_p, c_wchar_p, c_wchar_p,
)  # fmt: skip
change_service = declare(
    _advapi32, "ChangeServiceConfigW", c_int32, c_void_p, c_uint32, c_uint32, c_uint32, c_wchar_p, c_wchar_p, c_void_p,
    c_wchar_p, c_wchar_p, c_wchar_p, c_wchar_p,
)  # fmt: skip
change_service_2 = declare(_advapi32, "ChangeServiceConfig2W", c_int32, c_void_p, c_uint32, c_void_p)
start_service = declare(_advapi32, "StartServiceW", c_int32, c_void_p, c_uint32, c_void_p)
control_service = declare(_advapi32, "ControlService", c_int32, c_void_p, c_uint32, POINTER(ServiceStatus))
query_status = declare(
    _advapi32, "QueryServiceStatusEx", c_int32, c_void_p, c_int32, c_void_p, c_uint32, POINTER(c_uint32)
)
delete_service = declare(_advapi32, "DeleteService", c_int32, c_void_p)

get_descriptor_dacl = declare(
    _advapi32, "GetSecurityDescriptorDacl", c_int32, c_void_p, c_void_p, c_void_p, c_void_p
)
# Returns the number of an error, or 0.
get_named_security = declare(
    _advapi32, "GetNamedSecurityInfoW", c_uint32, c_wchar_p, c_int32, c_uint32, c_void_p, c_void_p, c_void_p,
    c_void_p, c_void_p, failed=bool, error=int,
)  # fmt: skip
create_directory = declare(_kernel32, "CreateDirectoryW", c_int32, c_wchar_p, c_void_p)
