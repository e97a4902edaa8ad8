"""What this target says about each field of the manifest: honoured, or ignored with a diagnostic.

Names are dotted paths through the model's classes; ``tree`` stands for every node.
"""

from __future__ import annotations

from collections.abc import Mapping

from svcctl.manifest.model import Manifest
from svcctl.plan.model import Diagnostic

#: Fields whose value shows in the files or in a diagnostic of their own.
HONOURED: frozenset[str] = frozenset(
    {
        "schema",
        "application.name", "application.description", "application.version", "application.homepage",
        "tree.path", "tree.kind", "tree.class_name", "tree.listeners", "tree.listeners.name",
        "tree.listeners.endpoint", "tree.connections", "tree.children",
        "origin.kind", "origin.digest", "origin.requires_python",
        "identity.uid", "identity.gid",
        "needs.network", "needs.connects_to", "needs.directories", "needs.reads", "needs.writes",
        "needs.environment", "needs.settings", "needs.settings.name", "needs.settings.expects", "needs.settings.default",
        "needs.credentials", "needs.capabilities", "needs.address_families",
        "needs.programs", "needs.devices", "needs.home", "needs.machine_code", "needs.process_table",
        "needs.foreign_processes", "needs.scheduling", "needs.chown", "needs.setgid_files",
        "needs.executable_state", "needs.abstract_sockets", "needs.descriptors",
        "lifecycle.start_limit_ms", "lifecycle.stop_limit_ms", "lifecycle.reload", "lifecycle.watchdog_ms",
    }
)  # fmt: skip

_SUPERVISED = "services are restarted inside the process; systemd restarts it when the root of its tree fails"

#: Fields that units have no place for, with what a user should know about it.
IGNORED: Mapping[str, str] = {
    "application.maintainer": "units have no place for a maintainer",
    "tree.timers": "timers run inside the service; no timer units are made for them",
    "tree.timers.interval_ms": "timers run inside the service; no timer units are made for them",
    "tree.timers.callable": "timers run inside the service; no timer units are made for them",
    "tree.after": "the services of an application start in their order inside its process; units order processes",
    "tree.restart": _SUPERVISED,
    "tree.supervision.strategy": _SUPERVISED,
    "tree.supervision.restarts": _SUPERVISED,
    "tree.supervision.within_ms": _SUPERVISED,
}


def ignored_problems(manifest: Manifest) -> tuple[Diagnostic, ...]:
    """Return a note for each ignored field that says something in this manifest."""
    present = []
    if manifest.application.maintainer:
        present.append("application.maintainer")
    nodes = tuple(manifest.tree.walk())
    if any(node.timers for node in nodes):
        present.append("tree.timers")
    if any(node.after is not None for node in nodes):
        present.append("tree.after")
    if any(node.supervision is not None or node.restart != "permanent" for node in nodes):
        present.append("tree.restart")
    return tuple(Diagnostic(severity="note", subject=field, message=IGNORED[field]) for field in present)
