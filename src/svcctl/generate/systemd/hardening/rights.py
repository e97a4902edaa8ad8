"""The lines about capabilities, system calls and devices.

Some directives take a capability away again and some system calls are useless without one, so both follow from one
table. Source: capabilities(7), systemd.exec(5), ``systemd-analyze syscall-filter``.
"""

from __future__ import annotations

from collections.abc import Iterator

from svcctl.generate.systemd.context import Context
from svcctl.generate.systemd.directives import Words
from svcctl.generate.systemd.hardening.guards import NO, YES, Guard

#: Capabilities without which a line is pointless, since it takes them away again.
_VOIDED_BY = {
    "PrivateDevices": frozenset({"CAP_MKNOD", "CAP_SYS_RAWIO"}),
    "ProtectClock": frozenset({"CAP_SYS_TIME", "CAP_WAKE_ALARM"}),
    "ProtectKernelLogs": frozenset({"CAP_SYSLOG"}),
    "ProtectKernelModules": frozenset({"CAP_SYS_MODULE"}),
}
_PRIVILEGED_CALLS = frozenset(
    {
        "CAP_BPF",
        "CAP_CHOWN",
        "CAP_DAC_READ_SEARCH",
        "CAP_SETGID",
        "CAP_SETPCAP",
        "CAP_SETUID",
        "CAP_SYS_ADMIN",
        "CAP_SYS_BOOT",
        "CAP_SYS_CHROOT",
        "CAP_SYS_MODULE",
        "CAP_SYS_PACCT",
        "CAP_SYS_RAWIO",
        "CAP_SYS_TIME",
    }
)
_RESOURCE_CALLS = frozenset({"CAP_SYS_NICE", "CAP_SYS_RESOURCE"})

_SWITCHES = (
    ("PrivateDevices", "It sees no devices but /dev/null, /dev/random and their like."),
    ("ProtectClock", "It cannot set the clock."),
    ("ProtectKernelLogs", "It cannot read the log of the kernel."),
    ("ProtectKernelModules", "It cannot load code into the kernel."),
)


def capabilities_of(context: Context) -> tuple[str, ...]:
    """Return the capabilities that the service keeps, in the order of the manifest."""
    chown = ("CAP_CHOWN",) if context.needs.chown else ()
    return tuple(dict.fromkeys((*context.needs.capabilities, *chown)))


def rights(context: Context) -> Iterator[Guard]:
    """Yield the lines that decide what the service may ask of the kernel."""
    yield from _capabilities(context)
    yield from _devices_and_kernel(context)
    yield from _system_calls(context)
    if context.needs.setgid_files:
        yield Guard("RestrictSUIDSGID", NO, f"{context.name} sets the setuid or setgid bit of files.")
    else:
        yield Guard("RestrictSUIDSGID", YES, "It cannot make files that run with the rights of their owner.")


def _capabilities(context: Context) -> Iterator[Guard]:
    kept = capabilities_of(context)
    if not kept:
        yield Guard("CapabilityBoundingSet", Words(), "It has none of root's rights.")
        yield Guard("AmbientCapabilities", Words(), "It has none of root's rights.")
        yield Guard("PrivateUsers", YES, "It sees no users but root, nobody and its own.")
        return
    reason = f"{context.name} needs {', '.join(kept)}."
    yield Guard("CapabilityBoundingSet", Words(kept), reason)
    yield Guard("AmbientCapabilities", Words(kept), reason)
    yield Guard("PrivateUsers", NO, f"{reason[:-1]}, which count for nothing in a user namespace.")


def _devices_and_kernel(context: Context) -> Iterator[Guard]:
    kept = frozenset(capabilities_of(context))
    devices = context.needs.devices
    for directive, reason in _SWITCHES:
        voided = sorted(kept & _VOIDED_BY[directive])
        if voided:
            yield Guard(
                directive, NO, f"{context.name} needs {', '.join(voided)}, which this line takes away."
            )
        elif directive == "PrivateDevices" and devices:
            yield Guard(directive, NO, f"{context.name} opens {', '.join(devices)}.")
        else:
            yield Guard(directive, YES, reason)
    yield Guard(
        "DevicePolicy", Words(("closed",)), "No devices but the standard ones and those allowed here."
    )
    for device in devices:
        yield Guard("DeviceAllow", Words((device, "rw")), f"{context.name} opens {device}.")


def _system_calls(context: Context) -> Iterator[Guard]:
    yield Guard("SystemCallFilter", Words(("@system-service",)), _calls_reason(context))
    denied = denied_calls(context)
    if denied:
        reason = "Of these, the calls for root and for the limits of processes are of no use to it."
        yield Guard("SystemCallFilter", Words((f"~{denied[0]}", *denied[1:])), reason)
    reason = "A refused call is an error that the program can report, not its death."
    yield Guard("SystemCallErrorNumber", Words(("EPERM",)), reason)


def denied_calls(context: Context) -> tuple[str, ...]:
    """Return the groups of system calls that are taken out of those of an ordinary service."""
    kept = frozenset(capabilities_of(context))
    groups = []
    if not kept & _PRIVILEGED_CALLS:
        groups.append("@privileged")
    if not (kept & _RESOURCE_CALLS or context.needs.scheduling):
        groups.append("@resources")
    return tuple(groups)


def _calls_reason(context: Context) -> str:
    kept = frozenset(capabilities_of(context))
    reasons = ["The calls of an ordinary service."]
    if context.needs.scheduling:
        reasons.append(f"{context.name} sets CPU affinity or priority, so @resources stays.")
    if context.needs.chown:
        reasons.append(f"{context.name} changes the owner of files, so @privileged stays.")
    used = sorted(kept & (_PRIVILEGED_CALLS | _RESOURCE_CALLS) - {"CAP_CHOWN"})
    if used:
        reasons.append(f"{context.name} needs {', '.join(used)} and the calls that go with it.")
    return " ".join(reasons)
