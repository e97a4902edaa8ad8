"""Makes packages of applications, over the same interfaces as the command."""

from __future__ import annotations

import functools
import sys
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, NamedTuple

from svcctl.generate.debian.archive import archive, file_name
from svcctl.generate.debian.bundle import Target, assemble
from svcctl.generate.debian.layout import lay_out, read_objects
from svcctl.generate.debian.model import Bundle, DebianOptions, Licence, ProgramFile
from svcctl.generate.debian.private import environment_files, site_packages
from svcctl.generate.debian.releases import RELEASES, Release
from svcctl.generate.debian.render import render, settle
from svcctl.generate.debian.shlibs import wanted_sonames
from svcctl.generate.debian.wheel import Wheel
from svcctl.host.libraries import read_libraries
from svcctl.host.stripping import strip
from svcctl.loading.describe import describe
from svcctl.manifest.model import Manifest
from svcctl.operations.packaging.receipt import with_receipt
from svcctl.operations.packaging.units import packaged, target
from svcctl.operations.packaging.units import units as render_units
from svcctl.operations.request import InstallRequest
from svcctl.plan.model import Rendering
from tests.debian.trees import system
from tests.debian.wheels import asgi, runner
from tests.systemd.trees import REPOSITORY, Suite

APPLICATIONS = Path(__file__).with_name("applications")
REPEATER = APPLICATIONS / "repeater.tac"
SITE = APPLICATIONS / "site.tac"
ARCHITECTURE = "amd64"
#: Options that only units have.
FOR_UNITS = {field.name for field in fields(InstallRequest)} - {field.name for field in fields(DebianOptions)}
TERMS = Licence(name="MIT", text="Permission is hereby granted\n", holders=("2026 Ann Example",))


@dataclass(frozen=True, slots=True)
class Program:
    """An application as a package is to have it.

    Attributes:
        source: Its file, which says ``NAME``, 8000 and 1.0.0 where the following is to stand.
        name: Name of the application, of its package and of its units.
        port: What it listens on.
        version: Its version.
        changes: Texts in its file, and what stands there instead.
    """

    source: Path
    name: str
    port: int
    version: str = "1.0.0"
    changes: tuple[tuple[str, str], ...] = ()

    def text(self) -> str:
        """Return the application's file."""
        text = self.source.read_text()
        for old, new in (("NAME", self.name), ("8000", str(self.port)), ("1.0.0", self.version)):
            text = text.replace(old, new)
        for old, new in self.changes:
            assert old in text, old
            text = text.replace(old, new)
        return text


class Parts(NamedTuple):
    """What the packages for a release are made of.

    Attributes:
        suite: The release.
        wheels: What the application needs.
        tree: A system of that release, for its libraries.
    """

    suite: Suite
    wheels: tuple[Wheel, ...]
    tree: Path


class Values(NamedTuple):
    """What a package is rendered from."""

    manifest: Manifest
    options: DebianOptions
    bundle: Bundle
    units: Rendering


@functools.cache
def plain(suite: Suite) -> Parts:
    """Return what runs an application that needs nothing else."""
    return Parts(suite, runner(suite), system(suite))


@functools.cache
def with_asgi(suite: Suite) -> Parts:
    """Return what runs an application on uvicorn with its standard extras."""
    return Parts(suite, asgi(suite), system(suite))


def build(program: Program, folder: Path, parts: Parts, **given: Any) -> Path:  # noqa: ANN401 (options of several types)
    """Write the package of an application into a folder and return its path; see :func:`settled`."""
    values = settled(program, folder, parts, **given)
    package = render(*values)
    deb = folder / file_name(package)
    deb.write_bytes(archive(package, values.options.source_date_epoch))
    return deb


def settled(program: Program, folder: Path, parts: Parts, **given: Any) -> Values:  # noqa: ANN401 (options of several types)
    """Return what the packages of an application are rendered from.

    Args:
        program: The application.
        folder: Where its file is written.
        parts: For which release, and what it needs.
        given: Fields of :class:`~svcctl.generate.debian.model.DebianOptions`, and of
            :class:`~svcctl.operations.request.InstallRequest`, beside the usual.
    """
    file = folder / f"{program.name}.tac"
    file.write_text(program.text())
    variables = {"PYTHONPATH": str(REPOSITORY / "src")}
    described = describe(str(file), python=sys.executable, user=None, environment=variables, time_limit=60.0)
    release = next(each for each in RELEASES.values() if each.name == parts.suite.name)
    for_units = {name: given.pop(name) for name in tuple(given) if name in FOR_UNITS}
    service = InstallRequest(application=str(file), python=sys.executable, name=program.name, **for_units)
    manifest = packaged(described, service, program.name)
    units = render_units(manifest, service, program.name, release)
    usual = {"package": program.name, "distribution": release.name, "source_date_epoch": release.date}
    options = settle(manifest, DebianOptions(**{**usual, "licence": TERMS, **given}))
    own = ProgramFile(path=target(service.application, program.name), content=file.read_bytes())
    bundle = _bundle(program.name, release, parts, own)
    return Values(manifest, options, with_receipt(bundle, manifest, service, options, units), units)


def _bundle(name: str, release: Release, parts: Parts, own: ProgramFile) -> Bundle:
    root = site_packages(name, release.python)
    environment = environment_files(name, release.python, system_site=False)
    layout = lay_out(parts.wheels, root, (own, *environment))
    layout = layout._replace(files=strip(layout.files))
    target = Target(python=release.python, architecture=ARCHITECTURE, root=root)
    wanted = wanted_sonames(read_objects(layout.files)[0])
    libraries = read_libraries(wanted, release=release.name, architecture=ARCHITECTURE, folder=parts.tree)
    return assemble(parts.wheels, layout, target, libraries).bundle
