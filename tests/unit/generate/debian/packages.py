"""Applications, bundles and options that the tests of the Debian target share."""

from __future__ import annotations

import zlib
from dataclasses import replace
from typing import Any

from svcctl.generate.debian.model import Bundle, Component, DebianOptions, Licence, Package, ProgramFile
from svcctl.generate.debian.render import render
from svcctl.generate.systemd.render import render as render_units
from svcctl.manifest.model import ApplicationInfo, Manifest
from svcctl.plan.model import Rendering
from tests.verify.cases import ECHO
from tests.verify.cases import OPTIONS as UNIT_OPTIONS

#: 21 September 2026, 14:13:20 UTC.
EPOCH = 1_790_000_000

MIT = "Copyright (c) 2020 Bob Builder. All rights reserved.\n\nPermission is hereby granted\n"
YARL = Component(
    name="yarl",
    version="1.9.4",
    licence="Apache-2.0",
    licence_texts=(("LICENSE", MIT),),
    summary="Yet another URL library",
    homepage="https://example.org/yarl",
    sha256="ab" * 32,
    paths=("/usr/lib/echo/yarl/",),
)
BUNDLE = Bundle(
    files=(
        ProgramFile(path="/usr/lib/echo/app.py", content=b"x = 1\n"),
        ProgramFile(path="/usr/lib/echo/yarl/__init__.py", content=b"y" * 1025),
    ),
    components=(YARL,),
    depends=("python3 (<< 3.12)", "python3 (>= 3.11~)"),
    requires_python="3.11",
)
OPTIONS = DebianOptions(
    package="echo",
    version="1.0",
    maintainer="Ann Example <ann@example.org>",
    synopsis="server that says it again",
    source_date_epoch=EPOCH,
    licence=Licence(name="MIT", text="Permission is hereby granted\n", holders=("2026 Ann",)),
)
NAMED = replace(
    ECHO, application=ApplicationInfo(name="echo", description="A server that says it again.", version="1.0")
)


def units_of(manifest: Manifest, **given: Any) -> Rendering:  # noqa: ANN401 (options of several types)
    """Return the units of an application as the systemd target makes them."""
    return render_units(manifest, replace(UNIT_OPTIONS, **given))


def package_of(
    manifest: Manifest = NAMED,
    bundle: Bundle = BUNDLE,
    units: Rendering | None = None,
    **given: Any,  # noqa: ANN401 (options of several types)
) -> Package:
    """Return the package of an application, with some options other than the usual."""
    return render(manifest, replace(OPTIONS, **given), bundle, units or units_of(manifest))


def content(package: Package, path: str) -> str:
    """Return the text of one file, uncompressed."""
    found = next(file.content for file in package.files if file.path == path)
    return (zlib.decompress(found, 31) if path.endswith(".gz") else found).decode()
