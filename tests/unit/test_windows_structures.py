"""Structures that several rooms use are laid out as those that are compared with Windows' headers."""

from __future__ import annotations

from ctypes import sizeof

from svcctl.runtime.windows.structures import BasicLimits, ExtendedLimits
from svcctl.windows.structures import JobLimits


def test_the_limits_of_a_job_are_where_the_service_host_has_them() -> None:
    """In one structure instead of three."""
    assert sizeof(JobLimits) == sizeof(ExtendedLimits)
    assert JobLimits.LimitFlags.offset == BasicLimits.LimitFlags.offset
    assert JobLimits.PerJobUserTimeLimit.offset == BasicLimits.PerJobUserTimeLimit.offset
    assert JobLimits.ActiveProcessLimit.offset == BasicLimits.ActiveProcessLimit.offset
    assert JobLimits.JobMemoryLimit.offset == ExtendedLimits.JobMemoryLimit.offset
