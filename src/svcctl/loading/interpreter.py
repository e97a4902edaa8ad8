"""What the running interpreter is, and where its code lies."""

from __future__ import annotations

import os
import platform
import site
import sys
import sysconfig
from collections.abc import Collection
from pathlib import Path

import svcctl
from svcctl.loading.report import Interpreter, LoadedModule
from svcctl.loading.tac import MODULE_NAME

#: Where the linker's own search begins on every Linux (ld.so(8)).
_SYSTEM_FOLDERS = ("/usr/lib", "/usr/lib64", "/lib", "/lib64")


def describe_interpreter() -> Interpreter:
    """Return the facts about the running interpreter; call it before an application changes them."""
    return Interpreter(
        executable=sys.executable,
        version=platform.python_version(),
        prefix=sys.prefix,
        base_prefix=sys.base_prefix,
        library_paths=_library_paths(),
        svcctl_version=svcctl.__version__,
    )


def modules_since(known: Collection[str]) -> tuple[LoadedModule, ...]:
    """Return the modules that an application has brought into memory from neither Python nor what is installed.

    Those of svcctl, under whatever name, and the file itself are not among them, nor are modules without a file:
    built-in ones, and packages that are only a folder. What is installed for a single user counts as the
    application's own: other users do not see it.

    Args:
        known: Names of the modules that were there before.
    """
    installed = (sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib"))
    own = Path(svcctl.__file__).parent
    folders = tuple(f"{folder}/" for folder in {*installed, *site.getsitepackages(), own})
    real = tuple({f"{os.path.realpath(folder)}/" for folder in folders})
    found = []
    for name, module in tuple(sys.modules.items()):
        if name in known or name == MODULE_NAME:
            continue
        file = getattr(module, "__dict__", {}).get("__file__")  # whatever an application has put there
        if isinstance(file, str) and not file.startswith(folders):
            path = os.path.realpath(file)
            if not path.startswith(real):
                found.append(LoadedModule(name, path))
    return tuple(sorted(found))


def _library_paths() -> tuple[str, ...]:
    candidates = [
        *(sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")),
        *site.getsitepackages(),
        *sys.path,
        f"{sys.base_prefix}/lib",
        *_SYSTEM_FOLDERS,
        *_mapped_folders(),
        sys.executable,
    ]
    found = {Path(name).resolve() for name in candidates if name and Path(name).exists()}
    return tuple(sorted(str(path) for path in found if not found.intersection(path.parents)))


def _mapped_folders() -> list[str]:
    """Return the folders of the shared libraries in this process (proc(5)); none where there is no ``/proc``."""
    try:
        lines = Path("/proc/self/maps").read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return []
    fields = [line.split(maxsplit=5) for line in lines]
    files = {field[5] for field in fields if len(field) == 6 and "x" in field[1] and field[5].startswith("/")}  # noqa: PLR2004 (the columns of the file)
    return [str(Path(name).parent) for name in files if name != str(Path(sys.executable).resolve())]
