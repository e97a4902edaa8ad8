"""What this target says about each field of the manifest: honoured by itself, carried by the units, or ignored.

Names are dotted paths through the model's classes; ``tree`` stands for every node.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from svcctl.manifest.model import Manifest
from svcctl.plan.model import Diagnostic, Rendering

#: Fields whose value shows in what this target itself makes, or in a diagnostic of its own.
HONOURED: frozenset[str] = frozenset(
    {
        "schema",
        "application.name", "application.description", "application.version", "application.homepage",
        "application.maintainer",
        "tree.path", "tree.listeners", "tree.listeners.name", "tree.listeners.endpoint", "tree.children",
        "origin.kind", "origin.digest", "origin.requires_python",
        "needs.environment", "needs.settings", "needs.settings.name", "needs.settings.expects",
        "needs.settings.default", "needs.credentials", "needs.programs",
    }
)  # fmt: skip

#: Fields that show in the units, which the package has as they are.
CARRIED: frozenset[str] = frozenset(
    {
        "tree.kind", "tree.class_name", "tree.connections",
        "identity.uid", "identity.gid",
        "needs.network", "needs.connects_to", "needs.directories", "needs.reads", "needs.writes",
        "needs.capabilities", "needs.address_families", "needs.devices", "needs.home", "needs.machine_code",
        "needs.process_table", "needs.foreign_processes", "needs.scheduling", "needs.chown", "needs.setgid_files",
        "needs.executable_state", "needs.abstract_sockets", "needs.descriptors",
        "lifecycle.start_limit_ms", "lifecycle.stop_limit_ms", "lifecycle.reload", "lifecycle.watchdog_ms",
    }
)  # fmt: skip

_SUPERVISED = "services are restarted inside the process; the package's scripts restart it as a whole"
_TIMERS = "timers run inside the service; the package has no timer units and no jobs of cron for them"

#: Fields that a package has no place for, with what a user should know about it.
IGNORED: Mapping[str, str] = {
    "tree.timers": _TIMERS,
    "tree.timers.interval_ms": _TIMERS,
    "tree.timers.callable": _TIMERS,
    "tree.after": "the services of an application start in their order inside its process, not by packages",
    "tree.restart": _SUPERVISED,
    "tree.supervision.strategy": _SUPERVISED,
    "tree.supervision.restarts": _SUPERVISED,
    "tree.supervision.within_ms": _SUPERVISED,
}


def ignored_fields(manifest: Manifest) -> Iterator[Diagnostic]:
    """Yield a note for each ignored field that says something in this manifest."""
    nodes = tuple(manifest.tree.walk())
    if any(node.timers for node in nodes):
        yield _note("tree.timers")
    if any(node.after is not None for node in nodes):
        yield _note("tree.after")
    if any(node.supervision is not None or node.restart != "permanent" for node in nodes):
        yield _note("tree.restart")


def of_units(units: Rendering) -> Iterator[Diagnostic]:
    """Yield what the units' own target told, but for notes about fields that this one speaks of itself."""
    for told in units.diagnostics:
        if told.severity != "note" or told.subject not in HONOURED | IGNORED.keys():
            yield told


def _note(field: str) -> Diagnostic:
    return Diagnostic(severity="note", subject=field, message=IGNORED[field])
