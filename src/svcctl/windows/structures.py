"""Structures that Windows reads and writes, as they are in memory on 64-bit systems; any system can import this.

Every field has a type of fixed size, so that the layouts can be checked on any system. Those for services that are
installed are in :mod:`svcctl.host.windows.structures`. Source: ``winsvc.h``, ``processthreadsapi.h``, ``winnt.h`` and
``minwinbase.h`` as learn.microsoft.com describes them.
"""

from __future__ import annotations

from ctypes import Structure, c_int32, c_int64, c_size_t, c_uint16, c_uint32, c_uint64, c_void_p, c_wchar_p


class ServiceTableEntry(Structure):
    """``SERVICE_TABLE_ENTRYW``: a service of this process; an entry without a name ends the table."""

    _fields_ = (("lpServiceName", c_wchar_p), ("lpServiceProc", c_void_p))


class ServiceStatus(Structure):
    """``SERVICE_STATUS``: what a service says of itself."""

    _fields_ = (
        ("dwServiceType", c_uint32),
        ("dwCurrentState", c_uint32),
        ("dwControlsAccepted", c_uint32),
        ("dwWin32ExitCode", c_uint32),
        ("dwServiceSpecificExitCode", c_uint32),
        ("dwCheckPoint", c_uint32),
        ("dwWaitHint", c_uint32),
    )


class StartupInfo(Structure):
    """``STARTUPINFOW``: how a process starts."""

    _fields_ = (
        ("cb", c_uint32),
        ("lpReserved", c_wchar_p),
        ("lpDesktop", c_wchar_p),
        ("lpTitle", c_wchar_p),
        ("dwX", c_uint32),
        ("dwY", c_uint32),
        ("dwXSize", c_uint32),
        ("dwYSize", c_uint32),
        ("dwXCountChars", c_uint32),
        ("dwYCountChars", c_uint32),
        ("dwFillAttribute", c_uint32),
        ("dwFlags", c_uint32),
        ("wShowWindow", c_uint16),
        ("cbReserved2", c_uint16),
        ("lpReserved2", c_void_p),
        ("hStdInput", c_void_p),
        ("hStdOutput", c_void_p),
        ("hStdError", c_void_p),
    )


class ProcessInformation(Structure):
    """``PROCESS_INFORMATION``: a process that was started."""

    _fields_ = (
        ("hProcess", c_void_p),
        ("hThread", c_void_p),
        ("dwProcessId", c_uint32),
        ("dwThreadId", c_uint32),
    )


class BasicLimits(Structure):
    """``JOBOBJECT_BASIC_LIMIT_INFORMATION``: what a job allows its processes."""

    _fields_ = (
        ("PerProcessUserTimeLimit", c_int64),
        ("PerJobUserTimeLimit", c_int64),
        ("LimitFlags", c_uint32),
        ("MinimumWorkingSetSize", c_size_t),
        ("MaximumWorkingSetSize", c_size_t),
        ("ActiveProcessLimit", c_uint32),
        ("Affinity", c_size_t),
        ("PriorityClass", c_uint32),
        ("SchedulingClass", c_uint32),
    )


class IoCounters(Structure):
    """``IO_COUNTERS``: what the processes of a job have read and written."""

    _fields_ = (
        ("ReadOperationCount", c_uint64),
        ("WriteOperationCount", c_uint64),
        ("OtherOperationCount", c_uint64),
        ("ReadTransferCount", c_uint64),
        ("WriteTransferCount", c_uint64),
        ("OtherTransferCount", c_uint64),
    )


class ExtendedLimits(Structure):
    """``JOBOBJECT_EXTENDED_LIMIT_INFORMATION``: the same, with memory."""

    _fields_ = (
        ("BasicLimitInformation", BasicLimits),
        ("IoInfo", IoCounters),
        ("ProcessMemoryLimit", c_size_t),
        ("JobMemoryLimit", c_size_t),
        ("PeakProcessMemoryUsed", c_size_t),
        ("PeakJobMemoryUsed", c_size_t),
    )


class SecurityAttributes(Structure):
    """``SECURITY_ATTRIBUTES``: who may do what with something that is made."""

    _fields_ = (
        ("nLength", c_uint32),
        ("lpSecurityDescriptor", c_void_p),
        ("bInheritHandle", c_int32),
    )
