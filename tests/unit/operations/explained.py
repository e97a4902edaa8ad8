"""Facts about a service that failed, put together by hand."""

from __future__ import annotations

from svcctl.host.journal import Entry
from svcctl.operations.explaining.facts import Explanation, Facts, Unit
from svcctl.operations.explaining.verdict import judge

#: What the units of svcctl set, as systemd shows it.
TIGHT = {
    "ProtectSystem": "strict",
    "ProtectHome": "yes",
    "NoExecPaths": "/",
    "PrivateDevices": "yes",
    "ProcSubset": "pid",
    "RestrictAddressFamilies": "AF_UNIX",
    "PrivateNetwork": "yes",
    "IPAddressDeny": "0.0.0.0/0 ::/0",
    "SystemCallFilter": "accept bind",
    "RestrictSUIDSGID": "yes",
    "MemoryDenyWriteExecute": "yes",
    "CapabilityBoundingSet": "",
}
FAILED = {
    "LoadState": "loaded",
    "ActiveState": "failed",
    "SubState": "failed",
    "Result": "exit-code",
    "InvocationID": "a1",
    "ExecMainCode": "1",
    "ExecMainStatus": "70",
}


def entry(message: str, *, pid: str = "12", kind: str = "", time: float = 100.0, **about: str) -> Entry:
    """Return an entry of the one run there is."""
    found = {"invocation_id": "a1", **({"message_id": kind} if kind else {}), **about}
    return Entry(time, 3, "echo", pid, message, {}, found)


def facts(*entries: Entry, flag: str = "", **shown: str) -> Facts:
    """Return the facts of a service that failed."""
    return Facts(
        name="echo",
        flag=flag,
        application="/srv/echo.tac",
        python="/opt/bin/python",
        repeat="svcctl install /srv/echo.tac",
        service=Unit("echo.service", {**TIGHT, **FAILED, **shown}, entries),
    )


def explained(*entries: Entry, **shown: str) -> Explanation:
    """Return the cause."""
    return judge(facts(*entries, **shown)).explanations[0]
