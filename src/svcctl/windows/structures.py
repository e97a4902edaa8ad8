"""Structures of Windows that more than one room uses; any system can import this. Source: ``winnt.h``."""

from __future__ import annotations

from ctypes import Structure, c_int64, c_size_t, c_uint32, c_uint64


class JobLimits(Structure):
    """``JOBOBJECT_EXTENDED_LIMIT_INFORMATION``, with its parts in one."""

    _fields_ = (
        ("PerProcessUserTimeLimit", c_int64), ("PerJobUserTimeLimit", c_int64), ("LimitFlags", c_uint32),
        ("MinimumWorkingSetSize", c_size_t), ("MaximumWorkingSetSize", c_size_t), ("ActiveProcessLimit", c_uint32),
        ("Affinity", c_size_t), ("PriorityClass", c_uint32), ("SchedulingClass", c_uint32),
        ("IoInfo", c_uint64 * 6), ("ProcessMemoryLimit", c_size_t), ("JobMemoryLimit", c_size_t),
        ("PeakProcessMemoryUsed", c_size_t), ("PeakJobMemoryUsed", c_size_t),
    )  # fmt: skip
