"""Upgrades of a package while clients connect without pause, with the starts of its service that they led to."""

from __future__ import annotations

import re
from typing import NamedTuple

from tests.debian.apps import App
from tests.systemd.under_load import Load, under_load

#: Seconds that each of the twenty clients waits between two requests, so that dpkg has some of the processor, too.
PAUSE = 0.05
STARTS = "/run/starts"
#: Installs whichever of two versions is not there, and notes when systemd began to start the service, and was done.
OTHER = f"""
set -e
case "$(dpkg-query --show --showformat '${{Version}}' "$1")" in
    1.0.0) dpkg --install "$3" ;;
    *) dpkg --install "$2" ;;
esac
exec systemctl show --property=InactiveExitTimestampMonotonic,ActiveEnterTimestampMonotonic "$1.service" >>{STARTS}
"""


class Upgraded(NamedTuple):
    """What became of the clients, and how long they had to wait for the service.

    Attributes:
        load: The clients.
        starts: Milliseconds of each start of the service, in its sandbox and under that load; the shortest first.
    """

    load: Load
    starts: tuple[float, ...]


def upgrades(app: App, first: str, second: str, times: int) -> Upgraded:
    """Upgrade and downgrade between two packages.

    Args:
        app: The application; its first version is installed here.
        first: Path of the package of version 1.0.0 on the machine.
        second: That of another version.
        times: How often.
    """
    app.install(first)
    command = ("sh", "-c", OTHER, "sh", app.name, first, second)
    load = under_load(app.machine, app.program.port, times, *command, pause=PAUSE)
    noted = app.machine.read(STARTS)
    app.machine.run(["rm", STARTS])
    began, done = (
        [int(number) for number in re.findall(rf"^{name}TimestampMonotonic=(\d+)$", noted, re.MULTILINE)]
        for name in ("InactiveExit", "ActiveEnter")
    )
    starts = {(before, after) for before, after in zip(began, done, strict=True)}
    return Upgraded(load, tuple(sorted((after - before) / 1000 for before, after in starts)))
