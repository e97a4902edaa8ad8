"""What a script that saves its application shows to whom started it."""

from __future__ import annotations

import contextlib
import logging
import sys
from typing import TYPE_CHECKING

from svcctl.application.interfaces import IPersistable
from svcctl.application.persisting import scripts

if TYPE_CHECKING:
    from svcctl.application.service import Application

_log = logging.getLogger(__name__)


def save(application: Application, tag: str | None, filename: str | None, passphrase: str | None) -> None:
    """Save an application; where no logs have been configured, say so on stderr."""
    scripts.end_of_definitions()
    persistent = application.getComponent(IPersistable)
    heard = _log.hasHandlers()
    name = filename or persistent.path(tag, encrypted=passphrase is not None or None)
    if not heard:
        _say(f"Saving {application.name} application to {name}...\n")
    persistent.save(tag, filename, passphrase)
    if not heard:
        _say("Saved.\n")


def _say(text: str) -> None:
    with contextlib.suppress(AttributeError, OSError, ValueError):  # there is no stderr, or nobody reads it
        sys.stderr.write(text)
