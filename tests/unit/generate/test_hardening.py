from __future__ import annotations

from dataclasses import replace

import pytest

from svcctl.generate.systemd.hardening.guards import UNPRIVILEGED
from svcctl.manifest.model import Manifest, Needs
from tests.unit.generate.reading import directives, found, reason_above, service, values
from tests.verify.cases import CASES, ECHO, OPTIONS, make_manifest

OWN = replace(OPTIONS, sockets=False)
TIGHT = directives(service(ECHO, OPTIONS))

#: Every line of the tight set; what it scores is checked with systemd's own tool.
SANDBOX = {
    "AmbientCapabilities": "",
    "CapabilityBoundingSet": "",
    "DevicePolicy": "closed",
    "DynamicUser": "yes",
    "IPAddressDeny": "any",
    "KeyringMode": "private",
    "LockPersonality": "yes",
    "MemoryDenyWriteExecute": "yes",
    "NoExecPaths": "/",
    "NoNewPrivileges": "yes",
    "PrivateDevices": "yes",
    "PrivateMounts": "yes",
    "PrivateNetwork": "yes",
    "PrivateTmp": "yes",
    "PrivateUsers": "yes",
    "ProcSubset": "pid",
    "ProtectClock": "yes",
    "ProtectControlGroups": "yes",
    "ProtectHome": "yes",
    "ProtectHostname": "yes",
    "ProtectKernelLogs": "yes",
    "ProtectKernelModules": "yes",
    "ProtectKernelTunables": "yes",
    "ProtectProc": "invisible",
    "ProtectSystem": "strict",
    "RemoveIPC": "yes",
    "RestrictAddressFamilies": "AF_UNIX",
    "RestrictNamespaces": "yes",
    "RestrictRealtime": "yes",
    "RestrictSUIDSGID": "yes",
    "SystemCallArchitectures": "native",
    "SystemCallErrorNumber": "EPERM",
    "UMask": "0077",
}


def changed(manifest: Manifest) -> set[str]:
    """Return the directives whose lines differ from those of the tight set."""
    lines = directives(service(manifest, OPTIONS))
    return {line.partition("=")[0] for line in {*lines} ^ {*TIGHT}}


def needing(needs: Needs) -> Manifest:
    """Return the echo application with these needs."""
    return make_manifest("tcp:8007", needs=needs)


def test_without_needs_everything_is_shut() -> None:
    """Sockets that are handed over need no network."""
    text = service(ECHO, OPTIONS)
    assert {name: values(text, name) for name in SANDBOX} == {
        name: [value] for name, value in SANDBOX.items()
    }
    assert values(text, "SystemCallFilter") == ["@system-service", "~@privileged @resources"]
    reason = "It listens through echo.socket; the service itself has no network."
    assert reason_above(text, "PrivateNetwork") == reason


def test_every_line_of_the_sandbox_has_a_reason() -> None:
    """Whatever an application needs."""
    for case in CASES:
        text = service(case.manifest, case.options)
        sandbox = text.split("KillMode", 1)[1].split("\n\n[Install]", 1)[0]
        lines = sandbox.splitlines()[1:]
        bare = [
            line for before, line in zip(["", *lines], lines, strict=False) if line[0] != "#" and not before
        ]
        assert bare == []


def test_what_is_executed_is_the_interpreter_and_its_libraries() -> None:
    """Each with a - so that a missing one is an error of the program's, not of the name space's."""
    text = service(
        ECHO, replace(OPTIONS, python="/opt/a b/bin/python", exec_paths=("/usr/lib", "/opt/a b/lib"))
    )
    assert values(text, "ExecPaths") == [
        '"-/opt/a b/bin/python" -/usr/lib "-/opt/a b/lib" -/usr/lib64 -/lib -/lib64',
    ]


@pytest.mark.parametrize(
    ("needs", "lines"),
    [
        (
            Needs(network="outbound"),
            {
                "PrivateNetwork": "no",
                "IPAddressDeny": "",
                "RestrictAddressFamilies": "AF_UNIX AF_INET AF_INET6",
            },
        ),
        (
            Needs(network="outbound", connects_to=("10.0.0.0/8",)),
            {"PrivateNetwork": "no", "IPAddressDeny": "any", "IPAddressAllow": "localhost 10.0.0.0/8"},
        ),
        (Needs(network="outbound", connects_to=("example.org",)), {"IPAddressDeny": ""}),
        (Needs(abstract_sockets=True), {"PrivateNetwork": "no"}),
        (Needs(address_families=("AF_NETLINK",)), {"RestrictAddressFamilies": "AF_UNIX AF_NETLINK"}),
        (
            Needs(capabilities=("CAP_NET_RAW",)),
            {
                "CapabilityBoundingSet": "CAP_NET_RAW",
                "AmbientCapabilities": "CAP_NET_RAW",
                "PrivateUsers": "no",
            },
        ),
        (Needs(capabilities=("CAP_SYS_TIME",)), {"ProtectClock": "no", "PrivateUsers": "no"}),
        (Needs(capabilities=("CAP_SYSLOG",)), {"ProtectKernelLogs": "no"}),
        (Needs(capabilities=("CAP_SYS_MODULE",)), {"ProtectKernelModules": "no"}),
        (Needs(capabilities=("CAP_MKNOD",)), {"PrivateDevices": "no"}),
        (Needs(chown=True), {"CapabilityBoundingSet": "CAP_CHOWN", "PrivateUsers": "no"}),
        (Needs(devices=("/dev/ttyS0",)), {"PrivateDevices": "no", "DeviceAllow": "/dev/ttyS0 rw"}),
        (Needs(home=True), {"ProtectHome": "read-only"}),
        (Needs(reads=("/home/ann/x",)), {"ProtectHome": "read-only"}),
        (Needs(reads=("/proc/meminfo",)), {"ProcSubset": "all"}),
        (Needs(process_table=True), {"ProcSubset": "all"}),
        (Needs(foreign_processes=True), {"ProcSubset": "all", "ProtectProc": "default"}),
        (Needs(machine_code=True), {"MemoryDenyWriteExecute": "no"}),
        (Needs(programs=("*",)), {"NoExecPaths": ""}),
        (Needs(setgid_files=True), {"RestrictSUIDSGID": "no", "User": "_echo"}),
        (Needs(writes=("/srv/a b",)), {"ReadWritePaths": '"-/srv/a b"'}),
    ],
)
def test_a_need_opens_its_own_lines(needs: Needs, lines: dict[str, str]) -> None:
    """And the reason above each names who needs it."""
    text = service(needing(needs), OPTIONS)
    assert {name: values(text, name) for name in lines} == {name: [value] for name, value in lines.items()}
    last = list(lines)[-1]
    assert "echo" in reason_above(text, last) or "below" in reason_above(text, last)


@pytest.mark.parametrize(
    ("needs", "opened"),
    [
        (
            Needs(network="outbound"),
            {"PrivateNetwork", "IPAddressDeny", "RestrictAddressFamilies", "Wants", "After"},
        ),
        (Needs(abstract_sockets=True), {"PrivateNetwork"}),
        (Needs(scheduling=True), {"SystemCallFilter"}),
        (
            Needs(chown=True),
            {"AmbientCapabilities", "CapabilityBoundingSet", "PrivateUsers", "SystemCallFilter"},
        ),
        (Needs(devices=("/dev/ttyS0",)), {"DeviceAllow", "PrivateDevices"}),
        (Needs(home=True), {"ProtectHome"}),
        (Needs(machine_code=True), {"MemoryDenyWriteExecute"}),
        (Needs(process_table=True), {"ProcSubset"}),
        (Needs(foreign_processes=True), {"ProcSubset", "ProtectProc"}),
        (Needs(programs=("/bin/sh",)), {"ExecPaths"}),
        (Needs(programs=("*",)), {"ExecPaths", "NoExecPaths"}),
        (Needs(executable_state=True), {"DynamicUser", "ExecPaths", "User"}),
        (Needs(setgid_files=True), {"DynamicUser", "RestrictSUIDSGID", "User"}),
        (Needs(writes=("/srv/x",)), {"ReadWritePaths"}),
        (Needs(reads=("/etc/x",)), set()),
        (Needs(environment=("X",)), set()),
        (Needs(network="none"), set()),
    ],
)
def test_a_need_opens_nothing_else(needs: Needs, opened: set[str]) -> None:
    """Compared line by line with the tight set, but for the command, which knows what it was made from."""
    assert changed(needing(needs)) - {"User", "ExecStart"} == opened - {"User"}


@pytest.mark.parametrize(
    ("needs", "denied"),
    [
        (Needs(scheduling=True), ["~@privileged"]),
        (Needs(chown=True), ["~@resources"]),
        (Needs(chown=True, scheduling=True), []),
        (Needs(capabilities=("CAP_SYS_NICE",)), ["~@privileged"]),
        (Needs(capabilities=("CAP_SETUID",)), ["~@resources"]),
    ],
)
def test_system_calls_follow_the_needs(needs: Needs, denied: list[str]) -> None:
    """A capability without its calls, or calls without their capability, would be of no use."""
    text = service(needing(needs), OPTIONS)
    assert values(text, "SystemCallFilter") == ["@system-service", *denied]
    assert "echo" in reason_above(text, "SystemCallFilter")
    assert values(text, "SystemCallErrorNumber") == ["EPERM"]


def test_ports_of_its_own_open_the_network_and_say_who_needs_it() -> None:
    """The clients are not known, so no address can be refused."""
    text = service(ECHO, OWN)
    assert values(text, "PrivateNetwork") == ["no"]
    assert values(text, "IPAddressDeny") == [""]
    assert values(text, "RestrictAddressFamilies") == ["AF_UNIX AF_INET AF_INET6"]
    assert reason_above(text, "PrivateNetwork").startswith("echo/server0 opens tcp:8007 itself; ")
    more = service(make_manifest("tcp:1024", "udp:1025", "tcp:1026"), OWN)
    assert "tcp:1024 (and 2 more) itself" in reason_above(more, "PrivateNetwork")


def test_ports_on_the_loopback_address_reach_this_machine_only() -> None:
    """The clients are known, so all others are refused."""
    text = service(make_manifest("tcp:8007:interface=127.0.0.1"), OWN)
    assert values(text, "IPAddressDeny") == ["any"]
    assert values(text, "IPAddressAllow") == ["localhost"]


def test_ports_of_its_own_are_not_shut_by_a_list_of_addresses_to_connect_to() -> None:
    """The list would refuse the clients, too."""
    needs = Needs(network="outbound", connects_to=("10.0.0.0/8",))
    assert values(service(needing(needs), OWN), "IPAddressDeny") == [""]


def test_unix_sockets_of_its_own_need_no_network_but_a_folder() -> None:
    """Sockets by path work in a private network."""
    text = service(make_manifest("unix:/run/x/y.sock"), OWN)
    assert values(text, "PrivateNetwork") == ["yes"]
    assert values(text, "ReadWritePaths") == ["-/run/x"]
    assert "UNIX sockets by path" in reason_above(text, "PrivateNetwork")


def test_listed_programs_may_be_executed_and_code_from_the_state_folder_too() -> None:
    """Nothing else: no shell for somebody who breaks in."""
    text = service(needing(Needs(programs=("/bin/sh",), executable_state=True)), OPTIONS)
    assert values(text, "NoExecPaths") == ["/"]
    assert values(text, "ExecPaths")[1:] == ["-/bin/sh", "-%S/echo"]


def test_the_folder_of_the_code_cannot_be_written() -> None:
    """Even where it lies in a folder that can be."""
    assert values(service(ECHO, OPTIONS), "ReadOnlyPaths") == ["-/opt/echo"]
    assert values(service(ECHO, replace(OPTIONS, application="echo.main:application")), "ReadOnlyPaths") == []


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_some_lines_are_never_opened(case: object) -> None:
    """Without them, readiness cannot be told, or a refused call kills the program."""
    (own,) = (one for one in CASES if one is case)
    text = service(own.manifest, own.options)
    assert values(text, "RestrictAddressFamilies")[0].startswith("AF_UNIX")
    assert values(text, "SystemCallErrorNumber") == ["EPERM"]
    assert values(text, "NoNewPrivileges") == ["yes"]


def test_a_users_manager_gets_the_lines_that_act_there_and_one_note_about_the_others() -> None:
    """A line that does nothing would be a promise that is not kept."""
    options = replace(OPTIONS, scope="user")
    text = service(ECHO, options)
    assert {name for name in SANDBOX if values(text, name)} == UNPRIVILEGED - {"SystemCallFilter"}
    (note,) = (one for one in found(ECHO, options) if one.subject == "sandbox")
    named = note.message.removeprefix("a user's manager cannot apply ").split(", ")
    assert {*named} == {*SANDBOX} - UNPRIVILEGED - {"DynamicUser"} | {"ReadOnlyPaths", "ExecPaths"}
