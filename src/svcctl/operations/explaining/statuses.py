"""What the statuses mean that a process ends with: those of systemd, of sysexits.h, and signals.

Source: systemd.exec(5), "Process Exit Codes"; sysexits.h; signal(7).
"""

from __future__ import annotations

import signal
from typing import NamedTuple


class Step(NamedTuple):
    """A step of systemd before a process is what its unit says.

    Attributes:
        name: What systemd calls it, without ``EXIT_``.
        failed: What did not work, as the end of a sentence.
        directives: Directives that are about it.
    """

    name: str
    failed: str
    directives: tuple[str, ...] = ()


#: Statuses with which systemd itself ends a process that has not begun to be the service.
STEPS: dict[int, Step] = {
    200: Step("CHDIR", "its working directory cannot be entered", ("WorkingDirectory",)),
    201: Step("NICE", "its priority cannot be set", ("Nice",)),
    202: Step("FDS", "its descriptors cannot be handed over"),
    203: Step("EXEC", "its program cannot be executed", ("ExecStart",)),
    204: Step("MEMORY", "there was not enough memory"),
    205: Step("LIMITS", "its limits cannot be set", ("LimitNOFILE", "LimitMEMLOCK")),
    206: Step("OOM_ADJUST", "its rank for the out-of-memory killer cannot be set", ("OOMScoreAdjust",)),
    207: Step("SIGNAL_MASK", "its mask of signals cannot be set"),
    208: Step("STDIN", "its standard input cannot be opened", ("StandardInput",)),
    209: Step("STDOUT", "its standard output cannot be opened", ("StandardOutput",)),
    210: Step("CHROOT", "its root folder cannot be entered", ("RootDirectory", "RootImage")),
    211: Step("IOPRIO", "its priority for disks cannot be set", ("IOSchedulingClass",)),
    212: Step("TIMERSLACK", "its timer slack cannot be set", ("TimerSlackNSec",)),
    213: Step("SECUREBITS", "its secure bits cannot be set", ("SecureBits",)),
    214: Step("SETSCHEDULER", "its scheduling cannot be set", ("CPUSchedulingPolicy",)),
    215: Step("CPUAFFINITY", "its processors cannot be set", ("CPUAffinity",)),
    216: Step("GROUP", "its group is not there or cannot be taken", ("Group", "SupplementaryGroups")),
    217: Step("USER", "its user is not there or cannot be taken", ("User", "DynamicUser")),
    218: Step("CAPABILITIES", "its capabilities cannot be set", ("AmbientCapabilities",)),
    219: Step("CGROUP", "its control group cannot be made"),
    220: Step("SETSID", "no session can be made for it"),
    221: Step("CONFIRM", "somebody said no when its start was to be confirmed"),
    222: Step("STDERR", "its standard error cannot be opened", ("StandardError",)),
    224: Step("PAM", "its PAM session cannot be opened", ("PAMName",)),
    225: Step("NETWORK", "its network cannot be made", ("PrivateNetwork", "NetworkNamespacePath")),
    226: Step(
        "NAMESPACE",
        "its view of the files cannot be made: a path that is named in its unit is missing, or the kernel refuses",
        ("ReadWritePaths", "ReadOnlyPaths", "ExecPaths", "BindPaths"),
    ),
    227: Step("NO_NEW_PRIVILEGES", "it cannot be kept from new rights", ("NoNewPrivileges",)),
    228: Step("SECCOMP", "its filter of system calls cannot be set", ("SystemCallFilter",)),
    229: Step("SELINUX_CONTEXT", "its SELinux context cannot be set", ("SELinuxContext",)),
    230: Step("PERSONALITY", "its personality cannot be set", ("Personality",)),
    231: Step("APPARMOR_PROFILE", "its AppArmor profile cannot be set", ("AppArmorProfile",)),
    232: Step("ADDRESS_FAMILIES", "its socket families cannot be restricted", ("RestrictAddressFamilies",)),
    233: Step("RUNTIME_DIRECTORY", "its folder below /run cannot be made", ("RuntimeDirectory",)),
    235: Step("CHOWN", "the owner of a socket cannot be changed", ("SocketUser", "SocketGroup")),
    236: Step("SMACK_PROCESS_LABEL", "its SMACK label cannot be set", ("SmackProcessLabel",)),
    237: Step("KEYRING", "its keyring cannot be made", ("KeyringMode",)),
    238: Step("STATE_DIRECTORY", "its state folder cannot be made", ("StateDirectory",)),
    239: Step("CACHE_DIRECTORY", "its cache folder cannot be made", ("CacheDirectory",)),
    240: Step("LOGS_DIRECTORY", "its logs folder cannot be made", ("LogsDirectory",)),
    241: Step(
        "CONFIGURATION_DIRECTORY", "its configuration folder cannot be made", ("ConfigurationDirectory",)
    ),
    242: Step("NUMA_POLICY", "its NUMA policy cannot be set", ("NUMAPolicy",)),
    243: Step(
        "CREDENTIALS",
        "its credentials cannot be handed over: one is missing, or not for this machine",
        ("LoadCredential", "LoadCredentialEncrypted", "SetCredential"),
    ),
    245: Step("BPF", "its BPF programs cannot be loaded", ("RestrictFileSystems",)),
}

#: What svcctl's runner, and others that follow sysexits.h, mean by a status.
SYSEXITS: dict[int, str] = {
    64: "wrong arguments",
    65: "a mistake in the application's file",
    66: "the application's file is not there or cannot be read",
    67: "an address that does not exist",
    68: "a host that does not exist",
    69: "something that it needs is not available",
    70: "a failure of the application",
    71: "an error of the operating system",
    72: "a missing file of the system",
    73: "a file that cannot be made",
    74: "an error while reading or writing",
    75: "something that may work another time",
    76: "a fault in a protocol",
    77: "something that is not allowed",
    78: "a wrong configuration",
}

#: Signals by which processes end, and why.
SIGNALS: dict[str, str] = {
    "SIGSEGV": "code that is not Python used memory that is not its own",
    "SIGBUS": "code that is not Python used memory, or a mapped file, that is not there",
    "SIGILL": "code that is not Python is for another processor, or broken",
    "SIGFPE": "code that is not Python divided by zero",
    "SIGABRT": "code that is not Python gave up, or somebody asked for it",
    "SIGSYS": "it made a system call that its sandbox forbids",
    "SIGKILL": "somebody with the right to do so killed it, or the kernel did for want of memory",
    "SIGTERM": "somebody ended it before it could take the signal",
    "SIGINT": "somebody ended it before it could take the signal",
    "SIGHUP": "somebody sent the signal before it could take it",
    "SIGXCPU": "it used more processor time than its limit allows",
    "SIGXFSZ": "it wrote a file larger than its limit allows",
    "SIGTRAP": "a debugger's stop without a debugger",
}


def signal_name(number: int) -> str:
    """Return the name of a signal.

    Example:
        >>> signal_name(11)
        'SIGSEGV'
    """
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
