"""The name of the process, as ``ps`` and ``top`` show it."""

from __future__ import annotations

import logging

_log = logging.getLogger(__name__)

#: Bytes that the kernel keeps of a name. Source: proc(5), ``comm``.
LONGEST = 15


def name_process(name: str) -> None:
    """Name this process; a system that cannot is told in the log and does no harm.

    The kernel keeps the first 15 bytes. Nothing is executed again for it, so inherited sockets stay.
    """
    try:
        with open("/proc/self/comm", "wb") as comm:  # noqa: PTH123 (the runner does without pathlib)
            comm.write(name.encode()[:LONGEST])
    except OSError as error:
        _log.info("process not named", extra={"svcctl_name": name, "svcctl_error": str(error)})
