"""Directives by hand (``--set Section.Directive=VALUE``), laid over the generated ones.

``Unit``, ``Service`` and ``Install`` speak of the service unit, ``Socket`` of every socket unit. A directive that
holds one value replaces the generated line; one that systemd reads as a list (:data:`LISTS`) is added after the
generated lines, and an empty value empties the list, as in a drop-in.
"""

from __future__ import annotations

import re
from typing import cast

from svcctl.errors import UsageError
from svcctl.generate.systemd.directives import Verbatim
from svcctl.generate.systemd.options import SystemdOptions
from svcctl.generate.systemd.unit import Line, Section

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*")
_SECTIONS = ("Unit", "Service", "Socket", "Install")

#: Directives whose assignments add up: systemd.unit(5), systemd.exec(5), systemd.service(5), systemd.socket(5).
LISTS = frozenset(
    {
        "After", "Also", "AmbientCapabilities", "Before", "BindPaths", "BindReadOnlyPaths", "BindsTo",
        "CacheDirectory", "CapabilityBoundingSet", "ConfigurationDirectory", "Conflicts", "DeviceAllow",
        "Documentation", "Environment", "EnvironmentFile", "ExecCondition", "ExecPaths", "ExecReload",
        "ExecStartPost", "ExecStartPre", "ExecStop", "ExecStopPost", "ExecStopPre", "IPAddressAllow",
        "IPAddressDeny", "ImportCredential", "InaccessiblePaths", "JoinsNamespaceOf", "ListenDatagram",
        "ListenSequentialPacket", "ListenStream", "LoadCredential", "LoadCredentialEncrypted", "LogExtraFields",
        "LogsDirectory", "NoExecPaths", "OnFailure", "OnSuccess", "OpenFile", "PartOf", "PassEnvironment",
        "PropagatesReloadTo", "ReadOnlyPaths", "ReadWritePaths", "ReloadPropagatedFrom", "RequiredBy", "Requires",
        "RequiresMountsFor", "Requisite", "RestartForceExitStatus", "RestartPreventExitStatus",
        "RestrictAddressFamilies", "RestrictFileSystems", "RuntimeDirectory", "SetCredential",
        "SetCredentialEncrypted", "SocketBindAllow", "SocketBindDeny", "Sockets", "StateDirectory",
        "SuccessExitStatus", "SupplementaryGroups", "Symlinks", "SystemCallFilter", "SystemCallLog",
        "TemporaryFileSystem", "UnsetEnvironment", "Upholds", "WantedBy", "Wants",
    }
)  # fmt: skip


def by_hand(options: SystemdOptions) -> tuple[Line, ...]:
    """Return the lines given by hand, in their order.

    Raises:
        UsageError: A section or directive is no such name, or a value cannot be one line.
    """
    lines = []
    for section, directive, text in options.settings:
        if section not in _SECTIONS:
            hint = f"write {', '.join(_SECTIONS)}, then a dot and the directive"
            raise UsageError(f"setting {section!r} is not a section of these units", hint=hint)
        if not _NAME.fullmatch(directive):
            hint = "write Section.Directive=VALUE, such as Service.MemoryMax=1G"
            raise UsageError(f"setting {directive!r} is not the name of a directive", hint=hint)
        value = Verbatim(text)
        value.render(directive)
        lines.append(Line(cast("Section", section), directive, value, "Set by hand."))
    return tuple(lines)


def overlay(lines: tuple[Line, ...], hand: tuple[Line, ...]) -> tuple[Line, ...]:
    """Return the lines with those by hand at the end of their sections.

    Args:
        lines: The generated lines of one unit, section by section.
        hand: Lines by hand for this unit.
    """
    replaced = {(line.section, line.directive) for line in hand if line.directive not in LISTS}
    kept = [line for line in lines if (line.section, line.directive) not in replaced]
    sections = list(dict.fromkeys(line.section for line in (*lines, *hand)))
    sections.sort(key=_SECTIONS.index)
    return tuple(line for section in sections for line in (*kept, *hand) if line.section == section)
