"""Starts what the package has installed and a virtual environment in turn, and prints their times: ``starts.py RUNS``."""

from __future__ import annotations

import json
import re
import sys
import tempfile
from pathlib import Path

from start import until_ready  # type: ignore[import-not-found]  # (it lies beside this file in the system)

UNIT = Path("/usr/lib/systemd/system/site.service")
started = re.search(r"^ExecStart=(.*)$", UNIT.read_text(), re.MULTILINE)
assert started is not None
commands = {
    "package": started[1].split(),
    "virtual environment": ["/opt/plain/bin/python3", "-P", "-m", "svcctl.runtime", "/shared/site/site.tac"],
}
times: dict[str, list[float]] = {each: [] for each in commands}
with tempfile.TemporaryDirectory() as folder:
    for run in range(int(sys.argv[1]) + 2):
        for each, command in commands.items():
            seconds, _ = until_ready(command, Path(folder))
            if run >= 2:  # the first two warm the bytecode and the caches
                times[each].append(seconds)
print(json.dumps(times))
