"""svcctl itself, and what it runs applications with, as distributions made of the files that are running."""

from __future__ import annotations

import importlib
from importlib import metadata
from pathlib import Path

import svcctl
from svcctl.errors import ConfigurationError
from svcctl.generate.debian.wheel import Wheel, WheelFile, read_metadata, tags_of

#: svcctl, and what of others runs an application with it; each has one package of its own name.
RUNNER = ("svcctl", "sdnotify")
_HINT = "install svcctl again, with pip or from its package"


def own_wheel(name: str = "svcctl") -> Wheel:
    """Return svcctl, or sdnotify, as the one that is running, however it came here.

    The code is read from where it is imported from: a ``site-packages`` folder, a source tree that is used in place,
    Debian's folder of packages. So an application is packaged with what has made the package.

    Args:
        name: One of :data:`RUNNER`.

    Raises:
        ConfigurationError: Its metadata is missing, or that of another version.
    """
    # No care is taken whom the files belong to: this is the code that runs.
    package = Path(str(importlib.import_module(name).__file__)).parent
    told, about = _distribution(name, package)
    info = f"{name}-{told.version}.dist-info"
    files = {
        f"{name}/{path.relative_to(package).as_posix()}": path.read_bytes()
        for path in package.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    texts = {each: told.read_text(each) for each in ("WHEEL", "entry_points.txt", *_licences(told))}
    texts["METADATA"] = about
    files |= {f"{info}/{each}": text.encode() for each, text in texts.items() if text is not None}
    return Wheel(
        metadata=read_metadata(about),
        tags=tags_of(texts["WHEEL"] or "") or ("py3-none-any",),
        info=info,
        files=tuple(WheelFile(path=path, content=files[path]) for path in sorted(files)),
    )


def _distribution(name: str, package: Path) -> tuple[metadata.Distribution, str]:
    """Return a distribution, and the text of its metadata, which Debian's may have in the older form."""
    try:
        found = metadata.distribution(name)
    except metadata.PackageNotFoundError:
        message = f"{name} runs from {package}, and its metadata is not installed"
        raise ConfigurationError(message, hint=_HINT) from None
    # An old form has no name: the metadata are one file, without a folder.
    about = found.read_text("METADATA") or found.read_text("PKG-INFO") or found.read_text("")
    runs = svcctl.__version__ if name == "svcctl" else found.version
    if found.version != runs or not about:
        message = f"the installed metadata is that of {name} {found.version}, and {runs} runs"
        raise ConfigurationError(message, hint=_HINT)
    return found, about


def _licences(told: metadata.Distribution) -> list[str]:
    """Return where the texts of the licence can be: in the folder of PEP 639, or right in that of the metadata."""
    named = [str(name) for name in told.metadata.get_all("License-File", ())]
    return [*(f"licenses/{name}" for name in named), *named]
