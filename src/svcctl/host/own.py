"""svcctl itself as a distribution, from the files that are running."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

import svcctl
from svcctl.errors import ConfigurationError
from svcctl.generate.debian.wheel import Wheel, WheelFile, read_metadata, tags_of

_NAME = "svcctl"
_HINT = "install svcctl again, with pip or from its package"


def own_wheel() -> Wheel:
    """Return the distribution of the svcctl that is running, however it came here.

    Its code is read from where it is imported from: a ``site-packages`` folder, a source tree that is used in place,
    Debian's folder of packages. So an application is packaged with what has made the package.

    Raises:
        ConfigurationError: Its metadata is missing, or that of another version.
    """
    # No care is taken whom the files belong to: this is the code that runs.
    package = Path(svcctl.__file__).parent
    info = f"{_NAME}-{svcctl.__version__}.dist-info"
    told = _distribution()
    files = {
        f"{_NAME}/{path.relative_to(package).as_posix()}": path.read_bytes()
        for path in package.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    names = ["METADATA", "WHEEL", "entry_points.txt"]
    texts = {name: told.read_text(name) for name in [*names, *_licences(told)]}
    files |= {f"{info}/{name}": text.encode() for name, text in texts.items() if text is not None}
    return Wheel(
        metadata=read_metadata(texts["METADATA"] or ""),
        tags=tags_of(texts["WHEEL"] or "") or ("py3-none-any",),
        info=info,
        files=tuple(WheelFile(path=path, content=files[path]) for path in sorted(files)),
    )


def _distribution() -> metadata.Distribution:
    try:
        found = metadata.distribution(_NAME)
    except metadata.PackageNotFoundError:
        raise ConfigurationError(
            f"svcctl runs from {svcctl.__file__}, and its metadata is not installed", hint=_HINT
        ) from None
    if found.version != svcctl.__version__ or found.read_text("METADATA") is None:
        message = f"the installed metadata is that of svcctl {found.version}, and {svcctl.__version__} runs"
        raise ConfigurationError(message, hint=_HINT)
    return found


def _licences(told: metadata.Distribution) -> list[str]:
    """Return where the texts of the licence can be: in the folder of PEP 639, or right in that of the metadata."""
    named = [str(name) for name in told.metadata.get_all("License-File", ())]
    return [*(f"licenses/{name}" for name in named), *named]
