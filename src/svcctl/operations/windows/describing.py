"""Finds out what an application is that becomes a service of Windows."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable
from pathlib import PurePath

from svcctl.host.machine import unprivileged_user
from svcctl.loading import target
from svcctl.loading.describe import describe
from svcctl.loading.report import Description
from svcctl.plan.windows import check_name

_PATH = re.compile(r"[/\\]")


def absolute(application: str) -> str:
    """Return an application with its path made absolute, if it is a file; links stay, since they may be meant to move.

    Raises:
        UsageError: It is no path, ``module:attribute`` or name of a plug-in.
    """
    found = target.resolve(application)
    return whole_path(found.value) if found.kind in {"tac", "saved"} else found.value


def whole_path(path: str) -> str:
    """Return a path made absolute, with its links."""
    return os.path.abspath(path)  # noqa: PTH100 (Path.resolve() follows links)


def interpreter(python: str | None) -> str:
    """Return the absolute path of an interpreter; of the one that runs svcctl if none is named."""
    return whole_path(python) if python else sys.executable


def is_file(application: str) -> bool:
    """Return whether an absolute application is a file rather than an object or a plug-in."""
    return _PATH.search(application) is not None


def name_of(application: str, name: str | None) -> str:
    """Return the name of the service: the one asked for, the stem of the file, the object's package, or the plug-in's own.

    Raises:
        UsageError: No service can have that name.
    """
    if name is not None:
        return check_name(name)
    if is_file(application):
        return check_name(PurePath(_PATH.split(application)[-1]).stem)
    return check_name(application.partition(":")[0].partition(".")[0])


def described(
    application: str, arguments: tuple[str, ...], python: str | None, environment: Iterable[tuple[str, str]]
) -> Description:
    """Run the application's file in a child, with as few rights as there are, to see what it is.

    Args:
        application: Made absolute.
        arguments: The options of a plug-in.
        python: The interpreter of this machine that it is loaded with; ``None`` for the one that runs svcctl.
        environment: The service's variables.

    Raises:
        SvcctlError: As :func:`svcctl.loading.describe.describe`.
    """
    return describe(
        application,
        arguments,
        python=interpreter(python),
        user=unprivileged_user(),
        environment=dict(environment),
    )
