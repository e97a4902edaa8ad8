"""The program of a package: the distributions that an application needs, where the package has them."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import svcctl
from svcctl.generate.debian import closure, private
from svcctl.generate.debian.bundle import Assembly, Target, assemble
from svcctl.generate.debian.layout import lay_out, read_objects
from svcctl.generate.debian.model import ProgramFile
from svcctl.generate.debian.naming import debian_version
from svcctl.generate.debian.releases import Release
from svcctl.generate.debian.shlibs import wanted_sonames
from svcctl.generate.debian.wheel import Wheel, modules_of, normalised
from svcctl.host import resolving, stripping
from svcctl.host.libraries import read_libraries
from svcctl.host.machine import unprivileged_user
from svcctl.host.own import RUNNER, own_wheel
from svcctl.host.resolving import Resolver
from svcctl.host.wheel_platforms import here
from svcctl.loading.report import Description
from svcctl.operations.packaging.files import ApplicationFiles, application_files, outside
from svcctl.operations.packaging.request import DebRequest


def gather(request: DebRequest, release: Release, tell: Callable[[str], None]) -> tuple[Wheel, ...]:
    """Return the wheels that there are: what the application needs is among them, and what runs it.

    Args:
        request: Where they come from.
        release: What they have to run on.
        tell: Called with what goes on, one line each.

    Raises:
        SvcctlError: As the functions of :mod:`svcctl.host.resolving`.
    """
    resolver = _resolver(request, release)
    if request.sources.requirements:
        tell(f"getting the wheels that {request.sources.requirements} names")
        found = resolving.from_requirements(Path(request.sources.requirements), resolver)
    elif request.sources.project:
        tell(f"building {request.sources.project} and getting the wheels that it needs")
        found = resolving.from_project(Path(request.sources.project), resolver, request.sources.extras)
    else:
        tell(f"taking what is installed for {resolver.python}")
        found = resolving.from_environment(resolver.python, resolver, without=RUNNER)
    names = {normalised(wheel.metadata.name) for wheel in found}
    # The svcctl that makes the package runs the application, unless another one is pinned.
    return (*found, *(own_wheel(name) for name in RUNNER if name not in names))


def needed(wheels: tuple[Wheel, ...], files: ApplicationFiles, *, system_svcctl: bool) -> tuple[Wheel, ...]:
    """Return those wheels that the package has, and of svcctl what runs an application.

    Args:
        wheels: What :func:`gather` has returned.
        files: The application's own files.
        system_svcctl: The system's svcctl is to run it.
    """
    found = []
    for wheel in closure.needed(wheels, files.imports):
        name = normalised(wheel.metadata.name)
        if not system_svcctl or name not in RUNNER:
            found.append(closure.runtime_part(wheel) if name == "svcctl" else wheel)
    return tuple(found)


def relations(request: DebRequest) -> tuple[str, ...]:
    """Return what the package depends on beside what its program is found to need.

    Args:
        request: With a svcctl of the system, that is the version that has made the units, or a newer one; those that
            a release of Debian has got are a little older than the number says.
    """
    own = f"python3-svcctl (>= {debian_version(svcctl.__version__)}~)"
    return (*((own,) if request.system_svcctl else ()), *request.depends)


def own_files(request: DebRequest, description: Description, wheels: tuple[Wheel, ...]) -> ApplicationFiles:
    """Return the application's own files; what it loads from elsewhere is among their problems.

    Args:
        request: Which application, and what else it is to have.
        description: What it has loaded.
        wheels: What :func:`gather` has returned.
    """
    service = request.service
    provided = {name for wheel in wheels for name in modules_of(wheel)}
    found = application_files(
        service.application,
        service.name or "",
        request.include,
        loaded=description.modules,
        without=provided,
    )
    return found._replace(problems=(*found.problems, *outside(description.modules, found, provided)))


def bundle(
    wheels: tuple[Wheel, ...],
    files: tuple[ProgramFile, ...],
    request: DebRequest,
    release: Release,
    licences: Mapping[str, str],
) -> Assembly:
    """Lay the program out as the package has it, and work out what that depends on.

    Args:
        wheels: What :func:`needed` has returned.
        files: The application's own files.
        request: Where the release's libraries are described.
        release: What the package is for.
        licences: SPDX expressions for distributions that do not state theirs.

    Raises:
        SvcctlError: No package can be made of it; see :func:`svcctl.generate.debian.bundle.assemble`.
    """
    package = request.service.name or ""
    root = private.site_packages(package, release.python)
    environment = private.environment_files(
        package, release.python, system_site=request.system_site or request.system_svcctl
    )
    layout = lay_out(wheels, root, (*environment, *files), licences)
    layout = layout._replace(files=stripping.strip(layout.files))
    objects, _ = read_objects(layout.files)
    folder = Path(request.sources.libraries) if request.sources.libraries else None
    libraries = read_libraries(
        wanted_sonames(objects), release=release.name, architecture=here(), folder=folder
    )
    target = Target(python=release.python, architecture=here(), root=root)
    return assemble(wheels, layout, target, libraries)


def _resolver(request: DebRequest, release: Release) -> Resolver:
    return Resolver(
        python=request.service.python or sys.executable,
        version=release.python,
        architecture=here(),
        glibc=release.glibc,
        user=unprivileged_user(),
        folders=request.sources.wheels,
        index=request.sources.index,
        uv=shutil.which("uv") or "",
    )
