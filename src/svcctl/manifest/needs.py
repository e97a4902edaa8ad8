"""Whether the needs of a manifest make sense: how each is written, and which contradict each other."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator

from svcctl.errors import Problem
from svcctl.manifest.addresses import is_local
from svcctl.manifest.model import Manifest, Needs
from svcctl.records.reading import shown

_VARIABLE = re.compile("[A-Za-z_][A-Za-z0-9_]*")

#: A process can have 1024 open files unless somebody allows it more: getrlimit(2).
MOST_DESCRIPTORS = 512

#: capabilities(7)
CAPABILITIES = frozenset(
    f"CAP_{name}"
    for name in (
        "AUDIT_CONTROL",
        "AUDIT_READ",
        "AUDIT_WRITE",
        "BLOCK_SUSPEND",
        "BPF",
        "CHECKPOINT_RESTORE",
        "CHOWN",
        "DAC_OVERRIDE",
        "DAC_READ_SEARCH",
        "FOWNER",
        "FSETID",
        "IPC_LOCK",
        "IPC_OWNER",
        "KILL",
        "LEASE",
        "LINUX_IMMUTABLE",
        "MAC_ADMIN",
        "MAC_OVERRIDE",
        "MKNOD",
        "NET_ADMIN",
        "NET_BIND_SERVICE",
        "NET_BROADCAST",
        "NET_RAW",
        "PERFMON",
        "SETFCAP",
        "SETGID",
        "SETPCAP",
        "SETUID",
        "SYSLOG",
        "SYS_ADMIN",
        "SYS_BOOT",
        "SYS_CHROOT",
        "SYS_MODULE",
        "SYS_NICE",
        "SYS_PACCT",
        "SYS_PTRACE",
        "SYS_RAWIO",
        "SYS_RESOURCE",
        "SYS_TIME",
        "SYS_TTY_CONFIG",
        "WAKE_ALARM",
    )
)


def needs_problems(needs: Needs) -> Iterator[Problem]:
    """Yield which needs are written wrongly, and which contradict each other."""
    for field, (rule, expected) in _NEEDS.items():
        seen: set[str] = set()
        for place, value in enumerate(getattr(needs, field)):
            if not rule(value):
                yield Problem(f"needs.{field}[{place}]", f"expected {expected}, not {shown(value)}")
            elif value in seen:
                yield Problem(f"needs.{field}[{place}]", f"{shown(value)} stands there twice")
            seen.add(value)
    for place, setting in enumerate(needs.settings):
        if not _VARIABLE.fullmatch(setting.name):
            yield Problem(
                f"needs.settings[{place}].name",
                f"expected the name of an environment variable, not {shown(setting.name)}",
            )
    if not 0 <= needs.descriptors <= MOST_DESCRIPTORS:
        yield Problem(
            "needs.descriptors", f"expected a number from 0 to {MOST_DESCRIPTORS}, not {needs.descriptors}"
        )
    if "*" in needs.programs and len(needs.programs) > 1:
        yield Problem("needs.programs", "'*' for any program stands alone")


def network_problems(manifest: Manifest) -> Iterator[Problem]:
    """Yield where the network that is asked for contradicts listeners or destinations."""
    needs = manifest.needs
    if needs.connects_to and needs.network != "outbound":
        yield Problem(
            "needs.connects_to", f"expected none, since needs.network is '{needs.network}', not 'outbound'"
        )
    if needs.network == "none":
        remote = [one.endpoint for one in manifest.listeners() if not is_local(one.endpoint)]
        if remote:
            yield Problem("needs.network", f"'none' contradicts the listener {shown(remote[0])}")


def _is_path(text: str) -> bool:
    return text.startswith("/") and not {".", ".."}.intersection(text.split("/"))


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return "%" not in text


def _is_credential(text: str) -> bool:
    """Hold a name against systemd.exec(5): the name of a file and of a descriptor, and a word in a unit."""
    return re.fullmatch(r"[A-Za-z0-9_@-][A-Za-z0-9._@-]{0,127}", text) is not None


#: What the values of each list of needs look like.
_NEEDS: dict[str, tuple[Callable[[str], object], str]] = {
    "connects_to": (_is_network, "an IP address or network such as 10.0.0.0/8"),
    "directories": (bool, "the name of a root"),
    "reads": (_is_path, "an absolute path without '..'"),
    "writes": (_is_path, "an absolute path without '..'"),
    "environment": (_VARIABLE.fullmatch, "the name of an environment variable"),
    "credentials": (
        _is_credential,
        "a credential's name: 1 to 128 letters, digits and . _ @ -",
    ),
    "capabilities": (CAPABILITIES.__contains__, "a capability such as CAP_NET_RAW"),
    "address_families": (re.compile("AF_[A-Z0-9]+").fullmatch, "a socket family such as AF_NETLINK"),
    "programs": (
        lambda text: text == "*" or _is_path(text),
        "an absolute path without '..', or '*' for any program",
    ),
    "devices": (lambda text: text.startswith("/dev/") and _is_path(text), "a path below /dev without '..'"),
}
