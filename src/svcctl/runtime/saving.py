"""Loads an application from a saved file, and saves it again when it has stopped and while it serves."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from typing import TYPE_CHECKING, Any

from svcctl.application.service import Application
from svcctl.errors import SvcctlError

if TYPE_CHECKING:
    from svcctl.runtime.options import RunOptions

_log = logging.getLogger(__name__)

#: What distinguishes the file from others of the application; the next start goes on from it.
TAG = "shutdown"

_ENCRYPTED = (".etap", ".etas")


def load_saved(target: str, options: RunOptions) -> Application:
    """Return the application in a saved file, or as it was when it last stopped.

    Raises:
        SvcctlError: The file cannot be used, or the passphrase is not there or wrong.
    """
    from svcctl.loading import saved  # noqa: PLC0415 (only for saved files)

    passphrase = None
    if options.encrypted or options.passphrase or target.endswith(_ENCRYPTED):
        passphrase = _passphrase(options.passphrase)
    if options.resume:
        # A folder to serve in counts from the new root folder if there is one.
        folder = f"{options.chroot}{options.rundir}"
        return saved.go_on(target, TAG, digest=options.resume, passphrase=passphrase, folder=folder)
    return saved.load_saved(
        target, style=None if options.kind in {"", "saved"} else options.kind, passphrase=passphrase
    )


class Saver:
    """Saves one application.

    Args:
        application: What is saved.
        interval: Seconds between two saves while it serves; 0: only when it has stopped.
    """

    def __init__(self, application: Application, interval: float) -> None:
        self._application = application
        self._interval = interval
        self._timer: asyncio.TimerHandle | None = None
        self._serving = False

    def begin(self) -> None:
        """Save now and then, from the running loop; what cannot be saved is logged, and tried again."""
        self._serving = True
        if self._interval:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self._interval, self._check)

    def end(self) -> None:
        """Save for the last time, if it has served at all.

        Raises:
            SvcctlError: It could not be saved; what was saved before is still there.
        """
        if self._timer is not None:
            self._timer.cancel()
        if self._serving:
            self._serving = False
            self._save()

    def _check(self) -> None:
        self.begin()
        try:
            self._save()
        except SvcctlError as error:
            _log.error("%s", error, extra={"svcctl_hint": error.hint})

    def _save(self) -> None:
        from svcctl.application.interfaces import IPersistable  # noqa: PLC0415 (only for what is saved)

        persistent: Any = IPersistable(self._application)  # type: ignore[misc,call-arg]  # the interface adapts
        persistent.save(TAG)


def _passphrase(source: str) -> str:
    if source == "stdin":  # from whoever has started this process in the background
        found = sys.stdin.readline().rstrip("\n")
        descriptor = os.open(os.devnull, os.O_RDONLY)
        os.dup2(descriptor, 0)
        os.close(descriptor)
        return found
    from svcctl.application.persisting.passphrases import resolve  # noqa: PLC0415 (only for encrypted files)

    return resolve(source or None)
