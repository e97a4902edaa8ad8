"""An application and how it is installed on Windows, for the tests of that target."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from svcctl.generate.windows.options import BundledFile, WindowsOptions
from svcctl.manifest.model import ApplicationInfo, Lifecycle, Manifest, Needs, Setting
from svcctl.plan.windows import Variable
from tests.verify.cases import ECHO, make_manifest

OPTIONS = WindowsOptions(
    name="echo",
    application=r"C:\Echo\echo.tac",
    interpreter=r"C:\Echo\python\python.exe",
    python=r"C:\Echo\venv\Scripts\python.exe",
    packages=r"C:\Echo\venv\Lib\site-packages",
    directory=r"C:\Echo",
)


def bundled(*paths: str) -> tuple[BundledFile, ...]:
    """Return files of a bundle."""
    return tuple(BundledFile(path, "0" * 64) for path in paths)


BUNDLE = bundled(
    "echo.tac",
    "python/python.exe",
    "python/python311.dll",
    "venv/Lib/site-packages/svcctl/__init__.py",
)
BUNDLED = replace(OPTIONS, bundle=BUNDLE)


class Case(NamedTuple):
    """One application and its options."""

    name: str
    manifest: Manifest
    options: WindowsOptions


_EVERYTHING = make_manifest(
    "tcp:8007",
    "udp:53",
    application=ApplicationInfo(
        name="Echo's \N{RIGHT SINGLE QUOTATION MARK}fish\N{RIGHT SINGLE QUOTATION MARK} & <chips> [x]",
        description='Says "it" again\n$(exit)',
        version="2.10.1",
        homepage="https://example.org/?a=1&b=2",
        maintainer="Ann Ä <ann@example.org>",
    ),
    needs=Needs(
        directories=("state", "cache"),
        settings=(Setting(name="ECHO_LIMIT", expects="a whole number", default="1"),),
        writes=(r"D:\spool",),
    ),
    lifecycle=Lifecycle(start_limit_ms=5_000, stop_limit_ms=20_000, reload=True, watchdog_ms=0),
)
_BY_HAND = WindowsOptions(
    name="echo-2.b",
    application="echo.app:application",
    arguments=("--greeting", 'a "b" c\\', ""),
    interpreter=r"C:\Program Files\Écho app\python\python.exe",
    python=r"C:\Program Files\Écho app\venv\Scripts\python.exe",
    packages=r"C:\Program Files\Écho app\venv\Lib\site-packages",
    directory=r"C:\Program Files\Écho app",
    data=r"D:\data of it's own",
    account="LocalSystem",
    start="delayed",
    dependencies=("Tcpip", "postgresql-x64-15"),
    environment=(Variable("GREETING", "it's [a] {b} %PATH%"),),
    bundle=bundled("python/python.exe", "lib/ä & b.txt"),
)
CASES = (
    Case("echo", ECHO, OPTIONS),
    Case("bundled", ECHO, BUNDLED),
    Case("everything", _EVERYTHING, _BY_HAND),
)
