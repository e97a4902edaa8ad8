"""Makes a Debian package of an application."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from svcctl.errors import ConfigurationError
from svcctl.generate.debian.archive import archive, file_name
from svcctl.generate.debian.bundle import Assembly
from svcctl.generate.debian.changes import Artefact
from svcctl.generate.debian.checks import find_problems, is_person
from svcctl.generate.debian.model import Bundle, DebianOptions
from svcctl.generate.debian.releases import RELEASES, Release
from svcctl.generate.debian.render import render, settle
from svcctl.generate.debian.source import missing_sources, render_source
from svcctl.generate.debian.wheel import Wheel
from svcctl.host import commands, environment, lintian, trial
from svcctl.host.clashes import account_clashes, package_clashes
from svcctl.host.lintian import Lint
from svcctl.host.output import write_together
from svcctl.manifest.model import Manifest
from svcctl.operations import preparation
from svcctl.operations.packaging import program
from svcctl.operations.packaging import units as packaged_units
from svcctl.operations.packaging.collecting import Problems
from svcctl.operations.packaging.options import debian_options
from svcctl.operations.packaging.receipt import with_receipt
from svcctl.operations.packaging.request import DebRequest, settle_request
from svcctl.operations.packaging.source import signing_key, write_source
from svcctl.operations.packaging.table import Table
from svcctl.plan.model import Diagnostic, Rendering
from svcctl.wording import counted

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class DebResult:
    """What was made.

    Attributes:
        path: The package's file, absolute.
        size: Its bytes.
        package: Its name.
        version: Its version.
        architecture: What it runs on.
        depends: What has to be installed with it.
        source: What else was made: the folder and the files of the source package, the list that is uploaded.
        diagnostics: What the user should know.
        lint: What lintian has against it; ``None`` if it was not asked.
        faults: Why it should not be given to anybody, as the checks have found.
    """

    path: str
    size: int
    package: str
    version: str
    architecture: str
    depends: str
    source: tuple[str, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    lint: Lint | None = None
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    """What a package is made of."""

    manifest: Manifest
    options: DebianOptions
    units: Rendering
    bundle: Bundle
    diagnostics: tuple[Diagnostic, ...]
    key: str


def make_package(request: DebRequest, *, tell: Tell) -> DebResult:
    """Describe an application, gather what it needs, and write its package.

    The application's file is executed in a process of its own, as an unprivileged user where the caller is root.

    Args:
        request: What to make and of what.
        tell: Called with what goes on, one line each.

    Raises:
        SvcctlError: No package can be made; none is written.
    """
    request, table = settle_request(request)
    release = _release(request)
    _need_checkers(request)
    parts = _parts(request, table, release, tell)
    return _checked(_written(request, parts), request, release, tell)


def _release(request: DebRequest) -> Release:
    here = environment.read("-/etc/os-release").get("VERSION_CODENAME", "")
    for name, release in RELEASES.items():
        if name == (request.distribution or here):
            return release
    raise ConfigurationError(
        f"this machine is no Debian that packages are made for ({here or 'its release is unknown'})",
        hint=f"name the release: --distribution {' or '.join(RELEASES)}",
    )


def _need_checkers(request: DebRequest) -> None:
    """Refuse before anything is made what could only be refused at the end."""
    missing = [tool for tool in ("lintian", "mmdebstrap") if request.check and not commands.available(tool)]
    if missing:
        raise ConfigurationError(
            f"--check needs {' and '.join(missing)}", hint=f"apt-get install {' '.join(missing)}"
        )


def _parts(request: DebRequest, table: Table, release: Release, tell: Tell) -> _Parts:
    """Return what the package is made of; everything that stands in its way is found before any of it is told."""
    service, problems = request.service, Problems()
    package = service.name or ""
    tell(f"describing {service.application}")
    with _begun(request, release, tell) as gathered:
        description = preparation.describe_requested(service)
    manifest = packaged_units.packaged(description, service, package)
    units = packaged_units.units(manifest, service, package, release)
    chosen = debian_options(table, manifest, package=package, release=release, environ=os.environ)
    problems.found += chosen.problems
    key = _signing_key(request, chosen.options.maintainer)
    options = replace(chosen.options, depends=(*chosen.options.depends, *program.relations(request)))
    assembly = Assembly(Bundle(files=()), ())
    with problems.collected():
        known = gathered()
        files = program.own_files(request, description, known)
        problems.found += files.problems
        wheels = program.needed(known, files, system_svcctl=request.system_svcctl)
        assembly = program.bundle(wheels, files.files, request, release, dict(table.licences))
    options = settle(manifest, options)
    bundle = with_receipt(assembly.bundle, manifest, service, options, units)
    problems.found += find_problems(manifest, options, bundle, units)
    problems.found += package_clashes(package, options.maintainer)
    problems.found += account_clashes(packaged_units.chosen_users(manifest, units))
    problems.refuse(f"no package can be made of {manifest.application.name}")
    return _Parts(
        manifest=manifest,
        options=options,
        units=units,
        bundle=bundle,
        diagnostics=(*assembly.diagnostics, *chosen.diagnostics),
        key=key,
    )


@contextmanager
def _begun(request: DebRequest, release: Release, tell: Tell) -> Iterator[Callable[[], tuple[Wheel, ...]]]:
    """Gather the wheels beside what the block does; give what returns them, or raises what went wrong.

    A project is built later: its back end may write modules that the application is just importing. So is all that is
    to be signed, since nobody should wait for wheels to hear that there is no key.
    """
    gather = partial(program.gather, request, release, tell)
    if request.sources.project or request.sign:
        yield gather
        return
    with ThreadPoolExecutor(1) as beside:
        yield beside.submit(gather).result


def _signing_key(request: DebRequest, maintainer: str) -> str:
    """Return which key is to sign, empty for none: known before anything is built that it could not sign."""
    if not request.sign or (request.sign == "-" and not is_person(maintainer)):
        return ""  # whoever has no address is told so, with all else
    return signing_key("" if request.sign == "-" else request.sign, maintainer)


def _written(request: DebRequest, parts: _Parts) -> DebResult:
    """Write the package, and its source if that is asked for."""
    values = (parts.manifest, parts.options, parts.bundle, parts.units)
    package = render(*values)
    deb = Artefact(file_name(package), archive(package, parts.options.source_date_epoch))
    folder = Path(request.output).absolute()
    made: tuple[Path, ...] = ()
    if request.source or parts.key:
        source = render_source(*values) if request.source else None
        made = write_source(folder, parts.options, source=source, deb=deb, key=parts.key)
    else:
        write_together(folder, {deb.name: deb.content}, {})
    fields = dict(package.control)
    missing = missing_sources(parts.bundle) if request.source else ()
    return DebResult(
        path=str(folder / deb.name),
        size=len(deb.content),
        package=fields["Package"],
        version=fields["Version"],
        architecture=fields["Architecture"],
        depends=fields.get("Depends", ""),
        source=tuple(str(path) for path in made if path.name != deb.name),
        diagnostics=(*parts.diagnostics, *package.diagnostics, *missing),
    )


def _checked(result: DebResult, request: DebRequest, release: Release, tell: Tell) -> DebResult:
    """Return the result with what those say who were asked to look at it."""
    if (request.lint or request.check) and commands.available("lintian"):
        tell("asking lintian")
        looked_at = [path for path in (result.path, *result.source) if path.endswith((".deb", ".dsc"))]
        result = replace(result, lint=lintian.examine(looked_at))
    if not request.check:
        return result
    errors = result.lint.errors if result.lint else 0
    faults = [f"lintian finds {counted(errors, 'error')}"] if errors else []
    if not request.system_svcctl:  # it is in no archive that a throw-away system could be made from
        service = request.service
        tried = trial.try_out(
            result.path,
            package=result.package,
            distribution=release.name,
            application=packaged_units.target(service.application, result.package),
            arguments=service.arguments,
            environment=dict(service.environment),
            tell=tell,
        )
        faults += tried.problems
    return replace(result, faults=tuple(faults))
