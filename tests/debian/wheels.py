"""The wheels that packages in these tests bring: svcctl's own, and those of others for each release."""

from __future__ import annotations

from pathlib import Path

from svcctl.generate.debian.closure import runtime_part
from svcctl.generate.debian.wheel import Wheel
from svcctl.host.wheels import read_wheel
from tests.systemd.trees import SOURCE_ONLY, Suite, download, kept
from tests.systemd.wheel import wheel

#: What an ASGI application needs: much of it has modules in C or Rust.
ASGI = ("uvicorn[standard]>=0.30", "starlette>=0.37")


def runner(suite: Suite) -> tuple[Wheel, ...]:
    """Return what runs an application that needs nothing else."""
    others = (each for each in _others(suite) if each.metadata.name in SOURCE_ONLY)
    return runtime_part(read_wheel(wheel())), *others


def asgi(suite: Suite) -> tuple[Wheel, ...]:
    """Return what runs an application on uvicorn with its standard extras."""
    return runner(suite)[0], *_others(suite)


def _others(suite: Suite) -> tuple[Wheel, ...]:
    wanted = (*SOURCE_ONLY, *ASGI)
    recipe = repr((suite, wanted, Path(__file__).read_text()))
    folder = kept(f"{suite.name}-wheels", recipe, lambda work: _fetch(suite, work, wanted))
    return tuple(read_wheel(path) for path in sorted(folder.glob("*.whl")))


def _fetch(suite: Suite, work: Path, wanted: tuple[str, ...]) -> Path:
    download(suite, work / "wheels", wanted)
    return work / "wheels"
