"""Structures by which the service manager is told how a service is configured, as they are on 64-bit systems.

Every field has a type of fixed size, so that the layouts can be checked on any system. Source: ``winsvc.h`` as
learn.microsoft.com describes it.
"""

from __future__ import annotations

from ctypes import POINTER, Structure, c_int32, c_uint32, c_wchar_p

from svcctl.windows.structures import ServiceStatus


class StatusProcess(Structure):
    """``SERVICE_STATUS_PROCESS``: what a service is at the moment."""

    _fields_ = (*ServiceStatus._fields_, ("dwProcessId", c_uint32), ("dwServiceFlags", c_uint32))


class Description(Structure):
    """``SERVICE_DESCRIPTIONW``, level 1."""

    _fields_ = (("lpDescription", c_wchar_p),)


class Action(Structure):
    """``SC_ACTION``: 0 is nothing, 1 a restart."""

    _fields_ = (("Type", c_int32), ("Delay", c_uint32))


class FailureActions(Structure):
    """``SERVICE_FAILURE_ACTIONSW``, level 2."""

    _fields_ = (
        ("dwResetPeriod", c_uint32),
        ("lpRebootMsg", c_wchar_p),
        ("lpCommand", c_wchar_p),
        ("cActions", c_uint32),
        ("lpsaActions", POINTER(Action)),
    )


class DelayedStart(Structure):
    """``SERVICE_DELAYED_AUTO_START_INFO``, level 3."""

    _fields_ = (("fDelayedAutostart", c_int32),)


class FailureFlag(Structure):
    """``SERVICE_FAILURE_ACTIONS_FLAG``, level 4: actions follow a STOPPED with an error, too."""

    _fields_ = (("fFailureActionsOnNonCrashFailures", c_int32),)


class SidType(Structure):
    """``SERVICE_SID_INFO``, level 5: 1 gives the service a name that access lists can hold."""

    _fields_ = (("dwServiceSidType", c_uint32),)


class Preshutdown(Structure):
    """``SERVICE_PRESHUTDOWN_INFO``, level 7."""

    _fields_ = (("dwPreshutdownTimeout", c_uint32),)
