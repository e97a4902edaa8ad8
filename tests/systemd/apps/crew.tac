"""Keeps two programs running: a patient one, and a shell with a child, neither of which ends when asked to."""

from __future__ import annotations

from svcctl.application.procmon import ProcessMonitor
from svcctl.application.service import Application

#: A process that is stopped gets no SIGTERM, only SIGKILL; the dollars are for the shells.
STUBBORN = """sh -c 'echo "child $$"; kill -STOP $$' & echo "stubborn $$"; kill -STOP $$"""

application = Application("NAME")
crew = ProcessMonitor()
crew.setName("crew")
crew.killTime = 0.5
crew.addProcess("patient", ["/bin/sleep", "3600"])
crew.addProcess("stubborn", ["/bin/sh", "-c", STUBBORN])
crew.setServiceParent(application)
