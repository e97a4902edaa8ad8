"""What a package is called and says of itself, from whoever has the most to say about each field."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from svcctl.errors import Problem
from svcctl.generate.debian.checks import is_person
from svcctl.generate.debian.control import synopsis
from svcctl.generate.debian.model import DebianOptions, Override, RemovedConffile
from svcctl.generate.debian.naming import debian_version, is_version
from svcctl.generate.debian.news import News, read_news
from svcctl.generate.debian.releases import Release
from svcctl.manifest.model import Manifest
from svcctl.operations.packaging.licensing import read_terms
from svcctl.operations.packaging.reading import text_of
from svcctl.operations.packaging.table import Table
from svcctl.plan.model import Diagnostic

_EPOCH = "SOURCE_DATE_EPOCH"
_CHANGELOGS = (
    "CHANGELOG.md",
    "CHANGELOG.rst",
    "CHANGELOG",
    "CHANGES.md",
    "CHANGES.rst",
    "CHANGES",
    "NEWS.md",
    "NEWS.rst",
)
_SECONDS = re.compile(r"\d{1,12}", re.ASCII)
_ADDRESSED = re.compile(r"\s*(\S.*?)\s*<(\S+)>\s*")


class Chosen(NamedTuple):
    """The options of a package, and what is to be said about them.

    Attributes:
        options: What is not known is empty; the problems of that are found with all others.
        problems: What has to be mended first, those of the table among it.
        diagnostics: What the user should know.
    """

    options: DebianOptions
    problems: tuple[Problem, ...]
    diagnostics: tuple[Diagnostic, ...]


def debian_options(
    table: Table, manifest: Manifest, *, package: str, release: Release, environ: Mapping[str, str]
) -> Chosen:
    """Return the options of an application's package.

    In each field the table wins (with what has been set over it), then comes the manifest, then ``[project]``, and for
    the maintainer alone ``DEBFULLNAME`` with ``DEBEMAIL``, if both are known. The one time in the package is
    ``SOURCE_DATE_EPOCH``, else that of the newest release in the list of changes, else that of the first day of the
    release of Debian. The list is the file that the table names, else a ``CHANGELOG``, ``CHANGES`` or ``NEWS`` in the
    folder.

    Args:
        table: What is decided about the package.
        manifest: The application.
        package: Name of the package.
        release: What it is made for.
        environ: Variables of the environment. Source: deb(1), dch(1); https://reproducible-builds.org/specs/.
    """
    problems = list(table.problems)
    project, application = table.project, manifest.application
    version = _version(table, application.version or project.version, problems)
    named = table.maintainer or application.maintainer
    maintainer = named or next(iter(project.people), "") or _packager(environ)
    now = _now(environ, problems)
    news = _news(_changes(table, problems), version, maintainer, now, release)
    terms = read_terms(table)
    newest = max((entry.date for entry in news.entries), default=release.date)
    options = DebianOptions(
        package=package,
        version=version,
        source_date_epoch=newest if now is None else now,
        maintainer=maintainer,
        section=table.section or "net",
        priority=table.priority or "optional",
        homepage=table.homepage or application.homepage or project.homepage,
        synopsis=table.synopsis or synopsis(application.description or project.description),
        description=table.description,
        distribution=release.name,
        depends=table.depends,
        recommends=table.recommends,
        changelog=news.entries,
        licence=terms.licence,
        overrides=tuple(Override(tag=tag, reason=reason) for tag, reason in table.overrides),
        removed_conffiles=tuple(
            RemovedConffile(path=path, last_version=last) for path, last in table.removed_conffiles
        ),
    )
    return Chosen(options, (*problems, *terms.problems), news.diagnostics)


def _version(table: Table, stated: str, problems: list[Problem]) -> str:
    version = table.version or debian_version(stated)
    if not table.epoch or not version:
        return version
    if ":" in version:
        problems.append(Problem("epoch", f"the version {version} has one already"))
        return version
    return f"{table.epoch}:{version}"


def _packager(environ: Mapping[str, str]) -> str:
    """Return whom the environment names; nobody if it names only a part of somebody."""
    name, mail = environ.get("DEBFULLNAME", "").strip(), environ.get("DEBEMAIL", "").strip()
    both = _ADDRESSED.fullmatch(mail)
    if both:
        name, mail = name or both[1], both[2]
    return f"{name} <{mail}>" if name and mail else ""


def _now(environ: Mapping[str, str], problems: list[Problem]) -> int | None:
    text = environ.get(_EPOCH, "")
    if not text:
        return None
    if not _SECONDS.fullmatch(text):
        problems.append(Problem(_EPOCH, f"{text!r}: expected seconds since 1970"))
        return None
    return int(text)


def _news(text: str, version: str, maintainer: str, now: int | None, release: Release) -> News:
    """Return the releases; none where a problem with version or maintainer would be told once more for each."""
    if not (text and is_version(version) and is_person(maintainer)):
        return News((), ())
    return read_news(text, version=version, author=maintainer, now=now, otherwise=release.date)


def _changes(table: Table, problems: list[Problem]) -> str:
    """Return the text of the list of changes; empty if there is none."""
    found = (name for name in _CHANGELOGS if Path(table.folder, name).is_file())
    name = table.changelog or next(found, "")
    return text_of(str(Path(table.folder, name)), "the list of changes", problems) if name else ""
