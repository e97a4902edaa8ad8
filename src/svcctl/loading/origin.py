"""The file that an application comes from: its digest tells whether it has changed."""

from __future__ import annotations

import sys
from pathlib import Path

from svcctl.errors import ApplicationLoadError
from svcctl.loading.target import Target


def file_of(target: Target) -> Path:
    """Return the file whose content stands for an application that has been loaded in this process.

    It is the file itself for a path, the one of the module for an object, and the one of its code for a plug-in.

    Raises:
        ApplicationLoadError: The module has no file.
        SvcctlError: There is no such plug-in any more.
    """
    if target.kind in {"tac", "saved"}:
        return Path(target.value)
    if target.kind == "plugin":
        from svcctl.loading.plugins import get, module_of  # noqa: PLC0415 (only for plug-ins)

        module = module_of(get(target.value))
    else:
        module = target.value.partition(":")[0]
    file = getattr(sys.modules.get(module), "__file__", None)
    if file is None:
        raise ApplicationLoadError(
            f"module {module} has no file whose digest could be taken", hint="name a module that has one"
        )
    return Path(file)
