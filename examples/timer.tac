"""Logs how long it has been running, every ten seconds. It listens nowhere.

Run it:  svcctl run examples/timer.tac
"""

import logging
import time

from svcctl.application import internet, service

log = logging.getLogger("timer")
began = time.monotonic()


def tick() -> None:
    """Say that we are alive."""
    log.info("up for %d s", time.monotonic() - began)


application = service.Application(
    "timer", description="Logs how long it has been running", needs={"network": "none"}
)
internet.TimerService(10, tick).setServiceParent(application)
