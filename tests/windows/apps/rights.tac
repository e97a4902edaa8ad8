"""Tells in an error what its process may: its privileges, whether it is in a job, what it is to administrators' rights."""

import ctypes
from ctypes import byref, c_uint32, c_uint64, c_void_p, c_wchar_p

_PRIVILEGES, _GROUPS = 3, 2

windows = ctypes.windll  # type: ignore[attr-defined]  # on Windows
kernel32, advapi32 = windows.kernel32, windows.advapi32
kernel32.GetCurrentProcess.restype = c_void_p
process = c_void_p(kernel32.GetCurrentProcess())
token, size, within = c_void_p(), c_uint32(), c_uint32()
advapi32.OpenProcessToken(process, 8, byref(token))
privileges, groups = (c_uint32 * 1024)(), (c_uint64 * 1024)()
advapi32.GetTokenInformation(token, _PRIVILEGES, privileges, 4096, byref(size))
advapi32.GetTokenInformation(token, _GROUPS, groups, 8192, byref(size))
kernel32.IsProcessInJob(process, None, byref(within))
rights = "none"
for place in range(1, 1 + 2 * (groups[0] & 0xFFFFFFFF), 2):
    sid = c_wchar_p()
    advapi32.ConvertSidToStringSidW(c_void_p(groups[place]), byref(sid))
    if sid.value == "S-1-5-32-544":
        rights = "denied" if groups[place + 1] & 0x14 == 0x10 else "granted"  # for denial only, enabled
raise RuntimeError(f"{privileges[0]} privileges, job {within.value}, administrators {rights}")
