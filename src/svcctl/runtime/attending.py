"""What a process that an init system has started does from the moment its tree is up."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from svcctl.runtime.runner import Process


def begin(process: Process) -> None:
    """Send signs of life, close the sockets that nobody listens on, and see whether the units still fit.

    What only the end needs is loaded now: when that comes, an upgrade of a package may have put other files in its
    place, and a module of one version does not work with those of another.
    """
    process.loop.call_soon(_load_the_end)  # READY does not wait for it
    if process.watchdog_limit is not None:
        process.loop.call_soon(_watch, process, process.watchdog_limit)  # READY does not wait for it
    if process.sockets:
        from svcctl.runtime import activation  # noqa: PLC0415 (only where sockets are inherited)

        activation.close_unused(process.sockets, process.table.unused(), process.inherit)
    if process.store is not None:
        process.store.begin()
    if process.notifier.provisional:
        from svcctl.runtime import succeeding  # noqa: PLC0415 (only in an upgrade)

        succeeding.begin(process)
    if process.installed is not None:
        process.loop.call_soon(_compare_with_units, process, process.installed)  # READY does not wait for it


def _load_the_end() -> None:
    from svcctl.application.tree import budget, stopping  # noqa: F401, PLC0415 (after READY)
    from svcctl.runtime import ending, faults  # noqa: F401, PLC0415 (the same)


def _watch(process: Process, limit: float) -> None:
    from svcctl.runtime import vigil  # noqa: PLC0415 (only where an init system watches, after READY)

    vigil.begin(process, limit)


def _compare_with_units(process: Process, installed: str) -> None:
    from svcctl.runtime.drift import warn_if_changed  # noqa: PLC0415 (only where there are units, after READY)

    warn_if_changed(process.application, process.target, installed, process.inherit)
