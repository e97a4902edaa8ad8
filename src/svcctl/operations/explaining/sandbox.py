"""Errors by which a sandbox shows: which directive is behind them, and which need relaxes it.

The directives are those of :mod:`svcctl.generate.systemd.hardening`; an error counts as theirs only if the unit has them.
"""

from __future__ import annotations

import re
import shlex
from typing import NamedTuple

from svcctl.operations.explaining.facts import Facts, Mend


class Rule(NamedTuple):
    """What an error means where a directive is set.

    Attributes:
        error: What the report has, as a pattern; ``path`` may name what it was about.
        directive: The directive behind it.
        value: A pattern of what it is set to.
        what: What the service was kept from, with ``{path}``.
        need: The field of ``needs=`` that relaxes it.
        example: What to write, with ``{path}`` and ``{folder}``.
        beside: A pattern of what else stands in the frames; empty for anything.
    """

    error: str
    directive: str
    value: str
    what: str
    need: str
    example: str
    beside: str = ""


_PATH = r"[^\n]*?'(?P<path>/[^'\n]*)'"
_STARTS = r"subprocess|posix_spawn|execv|Popen|create_subprocess"

#: The first that fits is taken.
RULES: tuple[Rule, ...] = (
    Rule(
        rf"Read-only file system:{_PATH}",
        "ProtectSystem",
        "strict",
        "write {path}: all files are read-only but those in its own folders",
        "writes",
        '{{"writes": ["{folder}"]}}',
    ),
    Rule(
        r"(?:Permission denied|No such file or directory|Operation not permitted):"
        r"[^\n]*?'(?P<path>/(?:home|root|run/user)(?:/[^'\n]*)?)'",
        "ProtectHome",
        "yes|tmpfs",
        "see {path}: home folders are hidden",
        "reads",
        '{{"reads": ["{path}"]}}',
    ),
    Rule(
        rf"(?:Permission denied|Operation not permitted):{_PATH}",
        "NoExecPaths",
        ".+",
        "start {path}: no program but its interpreter may be executed",
        "programs",
        '{{"programs": ["{path}"]}}',
        _STARTS,
    ),
    Rule(
        r"No such file or directory:[^\n]*?'(?P<path>/dev/[^'\n]*)'",
        "PrivateDevices",
        "yes",
        "see {path}: it has devices of its own",
        "devices",
        '{{"devices": ["{path}"]}}',
    ),
    Rule(
        r"(?:No such file or directory|Permission denied):[^\n]*?'(?P<path>/proc/[^'\n]*)'",
        "ProcSubset",
        "pid",
        "see {path}: of /proc it has its own processes only",
        "process_table",
        '{{"process_table": True}}',
    ),
    Rule(
        r"Address family not supported by protocol",
        "RestrictAddressFamilies",
        ".+",
        "open a socket of this family",
        "network",
        '{{"network": "outbound"}}',
    ),
    Rule(
        r"Network is unreachable|Cannot assign requested address",
        "PrivateNetwork",
        "yes",
        "reach anything: it has no network but the sockets that are handed to it",
        "network",
        '{{"network": "outbound"}}',
    ),
    Rule(
        r"Temporary failure in name resolution|Name or service not known",
        "PrivateNetwork",
        "yes",
        "ask for the address of a name: it has no network but the sockets that are handed to it",
        "network",
        '{{"network": "outbound"}}',
    ),
    Rule(
        r"Operation not permitted",
        "IPAddressDeny",
        ".+",
        "reach this address: only those that it names are let through",
        "connects_to",
        '{{"network": "outbound", "connects_to": ["ADDRESS"]}}',
        r"connect|sendto|sendmsg",
    ),
    Rule(
        r"Operation not permitted",
        "SystemCallFilter",
        ".+",
        "change the owner of a file",
        "chown",
        '{{"chown": True}}',
        r"chown",
    ),
    Rule(
        r"Operation not permitted",
        "SystemCallFilter",
        ".+",
        "set a priority or a processor",
        "scheduling",
        '{{"scheduling": True}}',
        r"sched_|setpriority|nice\(|cpu_affinity|ionice",
    ),
    Rule(
        r"Operation not permitted",
        "RestrictSUIDSGID",
        "yes",
        "set the setuid or setgid bit of a file",
        "setgid_files",
        '{{"setgid_files": True}}',
        r"chmod|mkdir|fchmod",
    ),
    Rule(
        r"failed to map segment from shared object",
        "NoExecPaths",
        ".+",
        "load code from this file: it may be executed from few folders only",
        "executable_state",
        '{{"executable_state": True}}',
    ),
    Rule(
        r"cannot enable executable stack|Cannot allocate write\+execute memory|ffi_prep_closure|MemoryError",
        "MemoryDenyWriteExecute",
        "yes",
        "make machine code at run time",
        "machine_code",
        '{{"machine_code": True}}',
        r"ffi|jit|llvm|executable stack|mmap",
    ),
    Rule(
        r"Operation not permitted",
        "CapabilityBoundingSet",
        "",
        "do what takes a right of root's",
        "capabilities",
        '{{"capabilities": ["CAP_…"]}}',
    ),
)

#: Properties of a unit that the rules look at.
DIRECTIVES = tuple(dict.fromkeys(rule.directive for rule in RULES))


class Denied(NamedTuple):
    """What a sandbox has kept a service from.

    Attributes:
        rule: Why it is held to be the sandbox.
        path: What it was about; empty if no file.
    """

    rule: Rule
    path: str

    @property
    def what(self) -> str:
        """What it could not do."""
        return self.rule.what.format(path=self.path)

    @property
    def example(self) -> str:
        """What relaxes the sandbox: the text for ``needs=``."""
        folder = self.path.rpartition("/")[0] or "/"
        return f"needs={self.rule.example.format(path=self.path, folder=folder)}"


def denied(text: str, facts: Facts) -> Denied | None:
    """Return what the sandbox of a service has to do with an error; ``None`` if nothing.

    Args:
        text: The report, with its frames.
        facts: Of the service.
    """
    for rule in RULES:
        found = re.search(rule.error, text)
        if found is None or (rule.beside and not re.search(rule.beside, text)):
            continue
        if re.fullmatch(rule.value, facts.service.get(rule.directive)):
            return Denied(rule, found.groupdict().get("path") or "")
    return None


def mends(found: Denied, facts: Facts) -> tuple[Mend, ...]:
    """Return what to do about it: in another way, or by saying that it is needed."""
    start = facts.command("start")
    inside = Mend(
        advice="have it write into its state folder, $STATE_DIRECTORY, where it may; then", command=start
    )
    say = Mend(
        advice=f'if it has to, say so: Application("…", {found.example}), and install it again',
        command=facts.repeat,
    )
    reasons = f"svcctl check --explain {shlex.quote(facts.application)}"
    why = Mend(advice="see the reason for each line of the sandbox", command=reasons)
    return (inside, say, why) if found.rule.need == "writes" else (say, why)
