"""Jobs: each holds a process and whatever that starts in turn; only Windows can import this.

Source: "Job Objects" and ``CreateProcessW`` on learn.microsoft.com.
"""

from __future__ import annotations

from collections.abc import Callable
from ctypes import byref, c_int32, c_uint32, c_void_p, c_wchar_p, sizeof
from typing import Any

from svcctl.errors import EX_SOFTWARE
from svcctl.windows.declaring import declare, windows
from svcctl.windows.structures import ExtendedLimits, ProcessInformation, StartupInfo

_KILL_ON_JOB_CLOSE = 0x2000
_EXTENDED_LIMITS = 9
_CREATE_SUSPENDED = 0x4
_CREATE_UNICODE_ENVIRONMENT = 0x400
_STARTF_USESTDHANDLES = 0x100
_FAILED = 0xFFFFFFFF

_kernel32 = windows.WinDLL("kernel32", use_last_error=True)

_create = declare(_kernel32, "CreateJobObjectW", c_void_p, c_void_p, c_wchar_p)
_set = declare(_kernel32, "SetInformationJobObject", c_int32, c_void_p, c_int32, c_void_p, c_uint32)
assign = declare(_kernel32, "AssignProcessToJobObject", c_int32, c_void_p, c_void_p)
terminate = declare(_kernel32, "TerminateJobObject", c_int32, c_void_p, c_uint32)
_resume_thread = declare(_kernel32, "ResumeThread", c_uint32, c_void_p, failed=lambda count: count == _FAILED)
_terminate_process = declare(_kernel32, "TerminateProcess", c_int32, c_void_p, c_uint32, failed=None)
_close_handle = declare(_kernel32, "CloseHandle", c_int32, c_void_p, failed=None)


def create(limits: ExtendedLimits | None = None) -> int:
    """Return a job that ends, with all in it, when its last handle is closed.

    Args:
        limits: What else it does not allow.

    Raises:
        OSError: Windows makes none.
    """
    limits = limits or ExtendedLimits()
    limits.BasicLimitInformation.LimitFlags |= _KILL_ON_JOB_CLOSE
    job: int = _create(None, None)
    try:
        _set(job, _EXTENDED_LIMITS, byref(limits), sizeof(limits))
    except OSError:
        _close_handle(job)
        raise
    return job


def start(job: int, launch: Callable[[int, Any, Any], object], streams: tuple[int, int, int]) -> int:
    """Start a process in a job, and return its handle; nothing that it starts is outside.

    Args:
        job: The job.
        launch: Has Windows create the process, with these flags and what else it likes. It gets them, and pointers to a
            ``STARTUPINFOW`` and a ``PROCESS_INFORMATION``.
        streams: Handles that it inherits: what it reads from, writes to, and writes its errors to.

    Raises:
        OSError: Windows cannot.
    """
    info = StartupInfo(cb=sizeof(StartupInfo), dwFlags=_STARTF_USESTDHANDLES)
    info.hStdInput, info.hStdOutput, info.hStdError = streams
    process = ProcessInformation()
    # Suspended, until it is in the job.
    launch(_CREATE_SUSPENDED | _CREATE_UNICODE_ENVIRONMENT, byref(info), byref(process))
    try:
        assign(job, process.hProcess)
        _resume_thread(process.hThread)
    except OSError:
        _terminate_process(process.hProcess, EX_SOFTWARE)
        _close_handle(process.hProcess)
        raise
    finally:
        _close_handle(process.hThread)
    return int(process.hProcess)
