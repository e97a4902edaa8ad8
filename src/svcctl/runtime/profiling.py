"""A profile of a run. Source: the documentation of the modules profile and pstats."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from typing import Any

from svcctl.errors import ConfigurationError
from svcctl.posix import O_CLOEXEC, O_NONBLOCK

_log = logging.getLogger(__name__)


def check(path: str) -> None:
    """Refuse a file that a profile cannot be written to, before the run.

    Raises:
        ConfigurationError: It cannot.
    """
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | O_CLOEXEC | O_NONBLOCK, 0o600))
    except OSError as error:
        raise ConfigurationError(
            f"cannot write the profile {path}: {error.strerror}", hint="name another file"
        ) from error


def profiled(function: Callable[[], None], path: str, profiler: str, *, stats: bool) -> None:
    """Call a function and write a profile of it, also if it raises.

    Args:
        function: What to call.
        path: File for the profile; it is replaced.
        profiler: ``cprofile``, or ``profile``, which is slower and written in Python.
        stats: Write it for the :mod:`pstats` module, not as a text.
    """
    import cProfile  # noqa: PLC0415 (one of the two)
    import profile  # noqa: PLC0415 (the same)

    measured = profile.Profile() if profiler == "profile" else cProfile.Profile()
    try:
        measured.runcall(function)
    finally:
        try:
            _write(measured, path, stats=stats)
        except OSError as error:
            _log.error("profile not written", extra={"svcctl_path": path, "svcctl_error": str(error)})


def _write(measured: Any, path: str, *, stats: bool) -> None:  # noqa: ANN401 (two classes without a common one)
    import pstats  # noqa: PLC0415 (slow to import)

    if stats:
        pstats.Stats(measured).dump_stats(path)
        return
    with open(path, "w", encoding="utf-8") as file:  # noqa: PTH123 (pathlib is not loaded where services run)
        pstats.Stats(measured, stream=file).sort_stats("cumulative").print_stats()
