"""What keeps a package from being made, all of it at once.

Source: Debian policy, sections 2.4, 2.5, 3.4, 5.6 and 9.1; lintian's tags for the same.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator

from svcctl.errors import Problem
from svcctl.generate.debian.changelog import entries
from svcctl.generate.debian.control import LONGEST_SYNOPSIS, parents
from svcctl.generate.debian.copyright import holders
from svcctl.generate.debian.licences import common_name
from svcctl.generate.debian.model import Bundle, DebianOptions
from svcctl.generate.debian.naming import is_package_name, is_version, propose_package, propose_version
from svcctl.generate.debian.payload import is_for_users
from svcctl.generate.debian.relations import normal
from svcctl.generate.debian.releases import RELEASES
from svcctl.generate.debian.text import fold, paragraphs
from svcctl.generate.text import one_line
from svcctl.manifest.model import Manifest
from svcctl.plan.model import Rendering

SECTIONS = frozenset(
    {
        "admin", "cli-mono", "comm", "database", "debug", "devel", "doc", "editors", "education",
        "electronics", "embedded", "fonts", "games", "gnome", "gnu-r", "gnustep", "graphics",
        "hamradio", "haskell", "httpd", "interpreters", "introspection", "java", "javascript", "kde",
        "kernel", "libdevel", "libs", "lisp", "localization", "mail", "math", "metapackages", "misc",
        "net", "news", "ocaml", "oldlibs", "otherosfs", "perl", "php", "python", "ruby", "rust",
        "science", "shells", "sound", "tasks", "tex", "text", "utils", "vcs", "video", "web", "x11",
        "xfce", "zope",
    }
)  # fmt: skip
PRIORITIES = ("required", "important", "standard", "optional")

#: The latest time that a tar archive can hold, in seconds since 1970.
LATEST = 8**11 - 1

#: What to do about problems of a package.
ADVICE = (
    "mend them and try again; fields go into [tool.svcctl.deb] of pyproject.toml, or --override FIELD=VALUE"
)
_SHORTEST = 2
_PERSON = re.compile(
    r"[^<>,@\s][^<>@,]* <([A-Za-z0-9.!#$%&'*+/=?^_`{|}~\-]+@([A-Za-z0-9\-]+\.)+[A-Za-z0-9\-]+)>"
)
_AREAS = ("contrib", "non-free", "non-free-firmware")
_ARCHITECTURE = re.compile(r"[a-z0-9][a-z0-9\-]*")
_RELEASE = re.compile(r"\d+(?:\.\d+)*", re.ASCII)


def find_problems(
    manifest: Manifest, options: DebianOptions, bundle: Bundle, units: Rendering
) -> tuple[Problem, ...]:
    """Return everything that has to be mended first, none if the package can be made.

    Args:
        manifest: The application.
        options: With every field filled in that the manifest knows.
        bundle: The program.
        units: The application's units; an error among their diagnostics is a problem of the package.
    """
    found = (
        *_names(options),
        *_fields(options),
        *_texts(options),
        *_relations(options, bundle),
        *_pythons(manifest, options, bundle),
        *_licences(options, bundle),
        *_changelog(options),
        *_conffiles(options, bundle),
        *_files(bundle),
        *_units(units),
    )
    return tuple(found)


def _names(options: DebianOptions) -> Iterator[Problem]:
    if not is_package_name(options.package):
        rule = (
            "small letters, digits and + - . are allowed, at least two, at most 64, a letter or digit first"
        )
        yield Problem("package", f"{options.package!r}: {rule}; possible: {propose_package(options.package)}")
    if not options.version:
        yield Problem("version", "the application states none: give one, such as 1.0")
    elif not is_version(options.version):
        rule = "letters, digits and . + ~ are allowed, a digit first, and - before a revision"
        yield Problem("version", f"{options.version!r}: {rule}; possible: {propose_version(options.version)}")
    if not 0 <= options.source_date_epoch <= LATEST:
        yield Problem("source_date_epoch", f"expected seconds since 1970, at most {LATEST}")


def _fields(options: DebianOptions) -> Iterator[Problem]:
    if not options.maintainer:
        yield Problem("maintainer", "nobody is named: give one, such as Ann Example <ann@example.org>")
    elif not is_person(options.maintainer):
        yield Problem(
            "maintainer", f"{options.maintainer!r}: expected a name and an address, Name <mail@host.domain>"
        )
    area, slash, section = options.section.rpartition("/")
    if section not in SECTIONS or (slash and area not in _AREAS):
        near = difflib.get_close_matches(section, sorted(SECTIONS), n=1)
        yield Problem(
            "section", f"Debian has no section {options.section!r}; possible: {(near or ['misc'])[0]}"
        )
    if options.priority not in PRIORITIES:
        yield Problem("priority", f"{options.priority!r}: expected one of {', '.join(PRIORITIES)}")
    if options.homepage and not re.fullmatch(r"https?://[!#-;=?-~]+", options.homepage):
        yield Problem("homepage", f"{options.homepage!r}: expected an http or https address")


def is_person(text: str) -> bool:
    """Return whether a text is ``Name <mail>``, with a host that has a domain."""
    return bool(_PERSON.fullmatch(text)) and one_line(text) == text


def _texts(options: DebianOptions) -> Iterator[Problem]:
    text = options.synopsis
    if not text:
        yield Problem("synopsis", "the application has no description: give one line about it")
    elif one_line(text) != text:
        yield Problem("synopsis", f"{text!r}: expected one line without blanks at its ends")
    elif len(text) > LONGEST_SYNOPSIS:
        yield Problem("synopsis", f"it has {len(text)} characters: at most {LONGEST_SYNOPSIS} are allowed")
    elif re.match(r"(?:an?|the)\s", text, re.IGNORECASE) or text.endswith("."):
        yield Problem("synopsis", f"{text!r}: expected no article at its start and no full stop at its end")
    elif text.lower().split()[0] == options.package:
        yield Problem(
            "synopsis",
            f"{text!r}: it begins with the name of the package, which is shown beside it: write one that does not",
        )
    if sum(len(list(fold(paragraph))) for paragraph in paragraphs(options.description)) < _SHORTEST:
        yield Problem("description", f"expected at least {_SHORTEST} lines")


def _relations(options: DebianOptions, bundle: Bundle) -> Iterator[Problem]:
    fields = (("depends", (*bundle.depends, *options.depends)), ("recommends", options.recommends))
    for field, relations in fields:
        for relation in relations:
            if not normal(relation):
                yield Problem(field, f"{relation!r}: expected a relation such as postgresql-client (>= 15)")
    if not _ARCHITECTURE.fullmatch(bundle.architecture):
        yield Problem("architecture", f"{bundle.architecture!r} is none of Debian's")


def _pythons(manifest: Manifest, options: DebianOptions, bundle: Bundle) -> Iterator[Problem]:
    has = RELEASES[options.distribution].python
    wanted = (("origin.requires_python", manifest.origin.requires_python), ("bundle", bundle.requires_python))
    for where, version in wanted:
        if not version:
            continue
        if not _RELEASE.fullmatch(version):
            yield Problem(where, f"{version!r}: expected the lowest version of Python, such as 3.11")
        elif _numbers(version)[:2] > _numbers(has):
            yield Problem(where, f"needs Python {version}, and {options.distribution} has {has}")


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def _licences(options: DebianOptions, bundle: Bundle) -> Iterator[Problem]:
    own = options.licence
    if own is None or not own.name:
        message = "the application's is not known: put its text beside the application as LICENSE, or give licence-file"
        yield Problem("licence", message)
    else:
        if not own.text and not common_name(own.name):
            message = f"the text of {own.name} is missing, and Debian has it nowhere else: give licence-file"
            yield Problem("licence", message)
        if not holders(own):
            yield Problem(
                "licence", "it names nobody who holds the copyright: give copyright, such as 2026 Ann"
            )
    for component in bundle.components:
        if not component.licence:
            yield Problem(f"{component.name} {component.version}", "its metadata names no licence: name it")


def _changelog(options: DebianOptions) -> Iterator[Problem]:
    releases = entries(options)
    if releases[0].version != options.version:
        message = f"its newest release is {releases[0].version}, the package is {options.version}"
        yield Problem("changelog", message)
    for entry in options.changelog:
        if not is_version(entry.version):
            yield Problem(
                "changelog", f"{entry.version!r} is no version; possible: {propose_version(entry.version)}"
            )
        if not is_person(entry.author):
            yield Problem("changelog", f"{entry.version}: {entry.author!r} is no Name <mail@host.domain>")
        if not 0 <= entry.date <= LATEST:
            yield Problem("changelog", f"{entry.version}: expected a date in seconds since 1970")


def _conffiles(options: DebianOptions, bundle: Bundle) -> Iterator[Problem]:
    has = {file.path for file in bundle.files}
    for removed in options.removed_conffiles:
        if (
            not removed.path.startswith("/etc/")
            or removed.path in has
            or one_line(removed.path) != removed.path
        ):
            yield Problem(removed.path, "expected a file in /etc that the package no longer has")
        if not is_version(removed.last_version):
            yield Problem(removed.path, f"{removed.last_version!r} is no version of the package")


def _files(bundle: Bundle) -> Iterator[Problem]:
    seen: set[str] = set()
    for file in bundle.files:
        path = file.path
        if not path.startswith("/") or any(part in {"", ".", ".."} for part in path[1:].split("/")):
            yield Problem(path, "expected an absolute path without . and ..")
        elif not path.startswith(("/usr/", "/etc/")) or path.startswith("/usr/local/"):
            yield Problem(path, "packages have no files there: /usr/lib, /usr/share and /etc are for them")
        if one_line(path) != path:
            yield Problem(
                path, "blanks at its ends, control characters or bytes that are no text in its name"
            )
        if file.mode & ~0o755:
            yield Problem(
                path, f"mode {file.mode:04o}: others may not write it, and it gives nobody's rights away"
            )
        if path in seen:
            yield Problem(path, "there are two files of that path")
        seen.add(path)
    for path in sorted({folder for file in bundle.files for folder in parents(file.path)} & seen):
        yield Problem(path, "it is a file, and other files lie below it")


def _units(units: Rendering) -> Iterator[Problem]:
    if is_for_users(units):
        yield Problem("units", "they are for a user's manager: a package needs those of the system")
    for told in units.diagnostics:
        if told.severity == "error":
            yield Problem(told.subject, f"{told.message}{f'; {told.hint}' if told.hint else ''}")
