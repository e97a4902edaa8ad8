"""What a package is asked to be."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from svcctl.errors import UsageError
from svcctl.generate.debian.releases import RELEASES, Distribution
from svcctl.loading.tac import absolute
from svcctl.operations import preparation
from svcctl.operations.packaging.table import Table, override, read_table
from svcctl.operations.request import InstallRequest


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the distributions come from that an application needs.

    Without a file and a project, the virtual environment of the service's interpreter has them.

    Attributes:
        requirements: Path of a file that names them with digests; empty for none.
        project: Folder of the project that it is a part of; empty for none.
        extras: Which of the project's extras are wanted.
        wheels: Folders with wheels, beside the index.
        index: Also look for wheels in the index that pip is set up for.
        libraries: Folder with the ``symbols`` files of the release, or a tree of it; empty for those of this machine.
    """

    requirements: str = ""
    project: str = ""
    extras: tuple[str, ...] = ()
    wheels: tuple[str, ...] = ()
    index: bool = True
    libraries: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DebRequest:
    """The arguments of ``svcctl deb``.

    Attributes:
        service: The application, its interpreter and what its units are to be; the package has the units' name.
        output: Folder for what is made.
        distribution: The release that it is for; ``None`` takes the one that this machine runs.
        sources: Where what it needs comes from.
        include: Further files and folders of the application's folder, relative to that.
        depends: Relations to other packages, beside those that are worked out.
        system_site: Let it see the distributions of Debian's own packages.
        system_svcctl: Depend on ``python3-svcctl`` instead of carrying it.
        overrides: ``FIELD=VALUE`` for fields of ``[tool.svcctl.deb]``.
        source: Make the source package, too.
        sign: Sign what can be signed; empty for no signature, ``-`` for the key that gpg takes by itself, else a key.
        lint: Let lintian look at what was made, if it is there.
        check: Let lintian look at it in any case, and install and purge the package in a throw-away tree.
    """

    service: InstallRequest
    output: str = "."
    distribution: Distribution | None = None
    sources: Sources = field(default_factory=Sources)
    include: tuple[str, ...] = ()
    depends: tuple[str, ...] = ()
    system_site: bool = False
    system_svcctl: bool = False
    overrides: tuple[str, ...] = ()
    source: bool = False
    sign: str = ""
    lint: bool = True
    check: bool = False


def known_release(name: str | None) -> Distribution | None:
    """Return the release of a name that somebody has typed.

    Raises:
        UsageError: There is none for which packages are made.
    """
    for known in RELEASES:
        if name == known:
            return known
    if name is None:
        return None
    raise UsageError(f"packages are not made for {name!r}", hint=f"choose {' or '.join(RELEASES)}")


def settle_request(request: DebRequest) -> tuple[DebRequest, Table]:
    """Return a request with what ``[tool.svcctl.deb]`` says where it leaves something open, and that table.

    Every path of the request becomes absolute. Where neither a requirements file, a project nor an interpreter is
    named, the ``pyproject.toml`` beside the application counts as the project if it has one.

    Raises:
        UsageError: Two things were asked for that exclude each other.
        SvcctlError: As :func:`svcctl.operations.preparation.absolute`.
    """
    given = request.sources
    if given.requirements and given.project:
        raise UsageError("both --requirements and --project are given", hint="choose one of them")
    service = preparation.absolute(request.service)
    folder = absolute(given.project) if given.project else _folder_of(service)
    table = override(read_table(folder), request.overrides)
    name = preparation.name_of(replace(service, name=request.service.name or table.package or None))
    settled = replace(
        request,
        service=replace(service, name=name, scope="system", root=""),
        distribution=request.distribution or known_release(table.distribution or None),
        sources=_settled_sources(request, folder, table),
        include=(*table.include, *request.include),
    )
    if settled.sources.extras and not settled.sources.project:
        raise UsageError("extras are those of a project, and none is named", hint="name it: --project DIR")
    return settled, table


def _settled_sources(request: DebRequest, folder: str, table: Table) -> Sources:
    given, own_python = request.sources, bool(request.service.python)
    requirements = given.requirements
    if table.requirements and not (requirements or given.project or own_python):
        requirements = f"{folder}/{table.requirements}"
    has_project = bool(table.project.name) and not requirements and not own_python
    return replace(
        given,
        requirements=requirements,
        project=folder if given.project or has_project else "",
        extras=(*table.extras, *given.extras),
    )


def _folder_of(service: InstallRequest) -> str:
    """Return the folder of the application's file, or the working directory where it has none."""
    return str(Path(service.application).parent if service.application.startswith("/") else Path.cwd())
