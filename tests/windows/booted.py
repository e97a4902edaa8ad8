"""What the tests do on Windows after it has been started anew: see the driver, whose services are still there.

It writes what it saw as JSON. Arguments: as the driver's.
"""

from __future__ import annotations

import ctypes
import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(sys.argv[2]).parents[1]))

from tests.windows import driver

# Found once the driver has been imported.
from svcctl.host.windows import services  # isort: skip
from svcctl.windows.declaring import windows  # isort: skip

LIMIT = 60


def started_by_itself() -> dict[str, Any]:
    """Return what is seen of a service that starts with Windows, and after its host was killed."""
    name, log = "svcctl-automatic", f"{driver.WORK}\\automatic.log"
    seen: dict[str, Any] = {"states": driver.follow(name, driver.RUNNING)}
    seen["before"] = driver.lines_of(log)
    host = services.query(name)
    if host is not None:
        terminate(host.pid)
    processes = [int(line.split()[1]) for line in seen["before"] if line.startswith("process ")]
    seen["processes"] = len(processes)
    seen["left"] = [pid for pid in processes if driver.is_there(pid)]
    services.start(name)  # Wine starts it anew, and shows it as running until then
    driver.follow(name, driver.RUNNING)
    driver.wait_for_lines(log, "ready", 2)
    services.stop(name, LIMIT)
    seen["end"] = services.query(name)
    services.delete(name)
    return seen


def terminate(pid: int) -> None:
    """End a process by force."""
    kernel32: Any = windows.WinDLL("kernel32")
    kernel32.OpenProcess.restype = ctypes.c_void_p
    handle = ctypes.c_void_p(kernel32.OpenProcess(0x0001 | 0x00100000, False, pid))  # noqa: FBT003 (C's order)
    kernel32.TerminateProcess(handle, 9)
    kernel32.WaitForSingleObject(handle, LIMIT * 1000)


if __name__ == "__main__":
    sys.stdout.write(json.dumps({"automatic": started_by_itself()}))
