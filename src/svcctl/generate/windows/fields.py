"""What this target says about each field of the manifest: honoured, or ignored with a diagnostic.

Names are dotted paths through the model's classes; ``tree`` stands for every node.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from svcctl.manifest.model import Manifest, Needs
from svcctl.plan.model import Diagnostic, Severity

#: Fields whose value shows in the files or in a diagnostic of their own.
HONOURED: frozenset[str] = frozenset(
    {
        "schema",
        "application.name", "application.description", "application.version", "application.homepage",
        "application.maintainer",
        "tree.path", "tree.kind", "tree.class_name", "tree.listeners", "tree.listeners.name", "tree.listeners.endpoint", "tree.children",
        "origin.kind", "origin.digest", "origin.requires_python",
        "needs.directories", "needs.reads", "needs.writes", "needs.environment", "needs.settings",
        "needs.settings.name", "needs.settings.expects", "needs.settings.default", "needs.programs",
        "lifecycle.start_limit_ms", "lifecycle.stop_limit_ms", "lifecycle.reload", "lifecycle.watchdog_ms",
    }
)  # fmt: skip

_SUPERVISED = (
    "services are restarted inside the process; the service host restarts it when the root of its tree fails"
)
_TIMERS = "timers run inside the service; no scheduled tasks are made for them"
_IDENTITY = "users and groups are those of other systems; on Windows it runs as an account of its own"
_SANDBOX = (
    "Windows has no sandbox for services: only the rights of its account keep it from what it does not need"
)
_ABSENT = "Windows has nothing of this kind: what relies on it does not work"

#: Fields that a service of Windows has no place for, with what a user should know about it.
IGNORED: Mapping[str, str] = {
    "tree.timers": _TIMERS,
    "tree.timers.interval_ms": _TIMERS,
    "tree.timers.callable": _TIMERS,
    "tree.connections": "connections to others are not limited: the firewall of Windows lets them out",
    "tree.after": "the services of an application start in their order inside its process",
    "tree.restart": _SUPERVISED,
    "tree.supervision.strategy": _SUPERVISED,
    "tree.supervision.restarts": _SUPERVISED,
    "tree.supervision.within_ms": _SUPERVISED,
    "identity.uid": _IDENTITY,
    "identity.gid": _IDENTITY,
    "needs.network": _SANDBOX,
    "needs.connects_to": _SANDBOX,
    "needs.home": _SANDBOX,
    "needs.machine_code": _SANDBOX,
    "needs.process_table": _SANDBOX,
    "needs.foreign_processes": _SANDBOX,
    "needs.scheduling": _SANDBOX,
    "needs.executable_state": _SANDBOX,
    "needs.credentials": "credentials are not handed over on Windows; the application finds none",
    "needs.capabilities": _ABSENT,
    "needs.address_families": _ABSENT,
    "needs.devices": _ABSENT,
    "needs.chown": _ABSENT,
    "needs.setgid_files": _ABSENT,
    "needs.abstract_sockets": _ABSENT,
    "needs.descriptors": "nothing keeps descriptors over a restart on Windows: what is in them is lost",
}

#: Fields whose loss may keep the application from working.
_WARNED = ("needs.credentials", "needs.capabilities", "needs.address_families", "needs.devices", "needs.chown",
           "needs.setgid_files", "needs.abstract_sockets", "needs.descriptors")  # fmt: skip


def ignored_fields(manifest: Manifest) -> Iterator[Diagnostic]:
    """Yield a note or a warning for each ignored field that says something in this manifest."""
    for field in _present(manifest):
        severity: Severity = "warning" if field in _WARNED else "note"
        yield Diagnostic(severity=severity, subject=field, message=IGNORED[field])


def _present(manifest: Manifest) -> Iterator[str]:
    nodes = tuple(manifest.tree.walk())
    said = {
        "tree.timers": any(node.timers for node in nodes),
        "tree.connections": any(node.connections for node in nodes),
        "tree.after": any(node.after is not None for node in nodes),
        "tree.restart": any(node.supervision is not None or node.restart != "permanent" for node in nodes),
        "identity.uid": manifest.identity.uid is not None,
        "identity.gid": manifest.identity.gid is not None,
    }
    yield from (field for field, present in said.items() if present)
    default = Needs()
    for field in IGNORED:
        room, _, name = field.partition(".")
        if room == "needs" and getattr(manifest.needs, name) != getattr(default, name):
            yield field
