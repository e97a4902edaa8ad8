"""One line of the sandbox, and the parts of it that no application changes.

The table is CORE of the measurements: alone it changes nothing for programs that need nothing special. Lines that
depend on the application are computed in the modules beside this one.
Source: systemd.exec(5), sections "Sandboxing", "Capabilities", "Security" and "System Call Filtering".
"""

from __future__ import annotations

from typing import NamedTuple

from svcctl.generate.systemd.directives import Boolean, Octal, Value, Words


class Guard(NamedTuple):
    """One line of the sandbox.

    Attributes:
        directive: Its name.
        value: What it is set to.
        reason: Why it is so, in one sentence.
    """

    directive: str
    value: Value
    reason: str


YES = Boolean(value=True)
NO = Boolean(value=False)

#: Directives that act in a user's manager without privileges: seccomp filters, resource keys, the umask.
UNPRIVILEGED = frozenset(
    {
        "KeyringMode",
        "LockPersonality",
        "MemoryDenyWriteExecute",
        "NoNewPrivileges",
        "RestrictAddressFamilies",
        "RestrictNamespaces",
        "RestrictRealtime",
        "RestrictSUIDSGID",
        "SystemCallArchitectures",
        "SystemCallErrorNumber",
        "SystemCallFilter",
        "UMask",
    }
)

#: The same for every application.
CONSTANT: tuple[Guard, ...] = (
    Guard("NoNewPrivileges", YES, "No program it starts can gain rights it does not have."),
    Guard("ProtectSystem", Words(("strict",)), "The whole file system is read-only but for its own folders."),
    Guard("PrivateTmp", YES, "It has a /tmp of its own, removed when it stops."),
    Guard("PrivateMounts", YES, "Mounts of its own never reach the host."),
    Guard("ProtectControlGroups", YES, "It cannot change the limits of services."),
    Guard("ProtectHostname", YES, "It cannot rename the machine."),
    Guard("ProtectKernelTunables", YES, "It cannot change settings of the kernel."),
    Guard("RestrictNamespaces", YES, "It cannot make containers, a common step of attacks on the kernel."),
    Guard("RestrictRealtime", YES, "It cannot keep the processors from others."),
    Guard("RemoveIPC", YES, "Shared memory and queues that it leaves behind are removed."),
    Guard("LockPersonality", YES, "It cannot switch to older behaviour of the kernel."),
    Guard("SystemCallArchitectures", Words(("native",)), "No system calls by way of foreign architectures."),
    Guard("KeyringMode", Words(("private",)), "It has no access to keys of others."),
    Guard("UMask", Octal(0o077), "What it writes is its own to read."),
)
