"""Tells in an error how many privileges its process has, whether it is in a job, and whether it is an administrator's."""

import ctypes
from ctypes import byref, c_uint32, c_void_p

windows = ctypes.windll  # type: ignore[attr-defined]  # on Windows
kernel32, advapi32, shell32 = windows.kernel32, windows.advapi32, windows.shell32
kernel32.GetCurrentProcess.restype = c_void_p
token, size, within = c_void_p(), c_uint32(), c_uint32()
advapi32.OpenProcessToken(c_void_p(kernel32.GetCurrentProcess()), 8, byref(token))
privileges = (c_uint32 * 1024)()
advapi32.GetTokenInformation(token, 3, privileges, 4096, byref(size))
kernel32.IsProcessInJob(c_void_p(kernel32.GetCurrentProcess()), None, byref(within))
raise RuntimeError(f"{privileges[0]} privileges, job {within.value}, administrator {shell32.IsUserAnAdmin()}")
