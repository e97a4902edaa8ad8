"""Running an application from the program that made it: ``application.run()``."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from svcctl.application.interfaces import IProcess
from svcctl.application.persisting import scripts
from svcctl.application.scripting.script import Script
from svcctl.errors import ApplicationLoadError, PermissionDeniedError

if TYPE_CHECKING:
    from svcctl.application.service import Application

#: What distinguishes the file that is saved at the end from others of the application.
TAG = "shutdown"


def run(application: Application, *, save: bool, signals: bool) -> None:
    """Run an application until it is asked to stop, and save it; see :meth:`Application.run`."""
    scripts.end_of_definitions()
    _refuse_another_user(application)
    script = Script(application, "application.run()", signals=signals)
    with _observed(application):
        try:
            script.run()
        finally:
            if save and script.served:
                application.save(TAG)


def _refuse_another_user(application: Application) -> None:
    """Refuse to serve with rights that the application means to give up."""
    process: Any = IProcess(application)  # type: ignore[misc,call-arg]  # the interface adapts
    wanted = (("user", process.uid, _user), ("group", process.gid, _group))
    for what, identity, number in wanted:
        if identity is not None and not number(identity):
            raise PermissionDeniedError(
                f"{application.name} is to serve as the {what} {identity}, which application.run() does not change to",
                hint="save it, and give the file to svcctl run, which does",
            )


def _user(identity: str | int) -> bool:
    """Tell whether this process is that user."""
    if str(identity).isdecimal():
        return int(identity) == os.geteuid()
    import pwd  # noqa: PLC0415 (only for names)

    with contextlib.suppress(KeyError):
        return pwd.getpwnam(str(identity)).pw_uid == os.geteuid()
    return False


def _group(identity: str | int) -> bool:
    """Tell whether this process is of that group."""
    if str(identity).isdecimal():
        return int(identity) == os.getegid()
    import grp  # noqa: PLC0415 (the same)

    with contextlib.suppress(KeyError):
        return grp.getgrnam(str(identity)).gr_gid == os.getegid()
    return False


@contextlib.contextmanager
def _observed(application: Application) -> Iterator[None]:
    """Give all records to the log observer of the application, too, if it has one.

    Raises:
        ApplicationLoadError: It is no log observer.
    """
    module = sys.modules.get("svcctl.application.log")  # else nobody can have named it
    observer = None if module is None else application.getComponent(module.ILogObserver)
    if observer is None:
        yield
        return
    from svcctl.application.observing.handlers import as_handler  # noqa: PLC0415 (only if there is one)

    handler = as_handler(observer)
    if handler is None:
        raise ApplicationLoadError(f"the application's ILogObserver is no log observer: {observer!r}")
    root = logging.getLogger()
    if not root.handlers and root.level > logging.INFO:
        root.setLevel(logging.INFO)  # nobody has configured anything
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)
