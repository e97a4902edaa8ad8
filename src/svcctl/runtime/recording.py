"""Where the log of a run goes: what its options and its application say, and what a signal renews.

Loaded only if either says anything.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TextIO

from svcctl.application.observing.streams import LogStream
from svcctl.runtime import logs

if TYPE_CHECKING:
    from svcctl.application.service import Application
    from svcctl.runtime.log_files import LogFileHandler, LogFileOptions
    from svcctl.runtime.options import RunOptions


def log_file_of(options: RunOptions, owner: int | None) -> LogFileOptions | None:
    """Return the file that a run logs to, with its rotation; ``None`` if it logs elsewhere.

    Args:
        options: With paths from the root.
        owner: Number of the user that the process is going to be, ``None`` if it is not known.
    """
    if not options.logfile:
        return None
    from svcctl.runtime.log_files import LogFileOptions  # noqa: PLC0415 (only where there is a file)

    if owner is None and options.logfile != "-":
        owner = owner_of_folder(options.logfile)
    rotation = options.log_rotate
    made = LogFileOptions(
        options.logfile,
        rotate_bytes=int(rotation) if rotation.isdigit() else None,
        daily=rotation == "daily",
        compress=options.log_compress,
        owner=owner,
    )
    return made._replace(keep=options.log_keep) if options.log_keep else made


def owner_of_folder(path: str) -> int | None:
    """Return the user whose folder a file is in: such a user can do to the file whatever they like."""
    try:
        return os.stat(os.path.dirname(path) or ".").st_uid  # noqa: PTH116, PTH120 (pathlib is slow to import)
    except OSError:
        return None  # whoever opens it says why


class Recorder:
    """The log of one run.

    Args:
        output: Where the log goes to.
        level: From which level on records are shown.
        form: In which form.
        identifier: What the journal and the system's log call the sender.
    """

    def __init__(
        self, output: logs.Reopen, level: str = "info", form: str = "auto", identifier: str = "svcctl"
    ) -> None:
        self._level, self._form, self._identifier = level, form, identifier
        self._output = output
        self._follower: _Follower | None = None

    def configure(self, options: RunOptions, target: str, owner: int | None) -> None:
        """Let the log go where the options say, and all that is printed with it if nobody sees it otherwise.

        Args:
            options: With paths from the root.
            target: The application; the folder of its file is searched for the module of ``--logger``.
            owner: See :func:`log_file_of`.

        Raises:
            SvcctlError: That place cannot be used.
        """
        file = log_file_of(options, owner)
        self._output = logs.configure(
            self._level,
            self._form,
            identifier=options.prefix or self._identifier,
            log_file=file,
            syslog=(options.prefix or self._identifier) if options.syslog else None,
            logger=options.logger or None,
            folders=(os.path.dirname(os.path.abspath(target)),) if "/" in target or "." in target else (),  # noqa: PTH100, PTH120 (pathlib is slow to import)
        )
        if options.detached:
            self._detach()

    def observe(self, application: Application) -> None:
        """Let the log go to the observer that the application has, if it has one.

        Raises:
            ApplicationLoadError: It is no log observer.
        """
        module = sys.modules.get("svcctl.application.log")  # else nobody can have named it
        observer = None if module is None else application.getComponent(module.ILogObserver)
        if observer is not None:
            logs.observe(observer)

    def renew(self) -> None:
        """Begin a new log file, or open it again if somebody else has moved it; to be called from the loop."""
        self._output.reopen()
        if self._follower is not None:
            self._follower.follow()

    def give(self, uid: int, gid: int) -> None:
        """Give the log file to the user that this process is going to be."""
        self._output.give(uid, gid)

    def close(self) -> None:
        """Close what the records go to."""
        self._output.close()

    def _detach(self) -> None:
        """Let all that is printed go where the log goes: nobody looks at this process's own stdout and stderr."""
        sys.stdout = _Stream(logging.getLogger("stdout").info, sys.__stdout__, 1)
        sys.stderr = _Stream(logging.getLogger("stderr").warning, sys.__stderr__, 2)
        from svcctl.runtime.log_files import LogFileHandler  # noqa: PLC0415 (only in the background)

        handler = logging.getLogger().handlers[0]
        if isinstance(handler, LogFileHandler):
            self._follower = _Follower(handler)
            self._follower.follow()
            logging.getLogger().addHandler(self._follower)


class _Stream(LogStream):
    """Stands for a stream of Python's; what needs a real file gets the one beneath."""

    def __init__(self, log: Callable[[str], object], replaced: TextIO | None, descriptor: int) -> None:
        super().__init__(log, replaced)
        self._descriptor = descriptor
        self.buffer: Any = getattr(replaced, "buffer", None)

    def fileno(self) -> int:
        """Return the descriptor that C libraries and child processes write to."""
        return self._descriptor


class _Follower(logging.Handler):
    """Keeps stdout and stderr at the file that the log goes to, also after a rotation.

    What goes there does not pass through :mod:`logging`: output of child processes, and last words of the
    interpreter.

    Args:
        handler: What writes to the file.
    """

    def __init__(self, handler: LogFileHandler) -> None:
        super().__init__()
        self._handler = handler
        self._followed: tuple[int, int] | None = None

    def emit(self, _record: logging.LogRecord) -> None:
        """Look whether the file has changed: to be called after it has been written to."""
        self.follow()

    def follow(self) -> None:
        """Look whether the file has changed."""
        if self._handler not in logging.getLogger().handlers:
            return  # the log goes elsewhere, and the number of the file may be another one's by now
        descriptor = self._handler.file.fileno()
        facts = os.fstat(descriptor)
        if self._followed != (facts.st_dev, facts.st_ino):
            self._followed = facts.st_dev, facts.st_ino
            for own in (1, 2):
                os.dup2(descriptor, own)
