"""A source package that debhelper makes the same binary package of: pure, the same values for the same input.

The program is in it as it is to lie on the target, so that nothing is fetched when it is built. Every other file of
the binary package is where the helper that installs it looks for it, or, if no helper knows it, below
``debian/system``. Source: Debian policy, chapter 4; debhelper(7), dh_install(1), dh_link(1), dpkg-source(1).
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from posixpath import dirname, join, normpath

from svcctl.errors import Problem, ProblemsError
from svcctl.generate.debian.autopkgtest import TRIGGERS, package_tests
from svcctl.generate.debian.copyright import copyright_text
from svcctl.generate.debian.elf import is_elf
from svcctl.generate.debian.model import Bundle, DebianOptions, ProgramFile
from svcctl.generate.debian.payload import SYSTEM_UNITS, SYSUSERS, TMPFILES
from svcctl.generate.debian.render import render, script_facts, settle
from svcctl.generate.debian.scripts import debhelper_scripts
from svcctl.generate.debian.source_control import dsc_fields, source_control, source_format
from svcctl.generate.debian.source_rules import moves_units, rules
from svcctl.manifest.model import Manifest
from svcctl.plan.model import Diagnostic, Rendering
from svcctl.wording import counted

#: The folder of the program, beside ``debian``.
PROGRAM = "program"

_SYSTEM = "/debian/system"
_UNITS = ("service", "socket", "target", "timer", "path")


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcePackage:
    """A source package, ready to be written.

    Attributes:
        options: Those of the package, every field filled in.
        fields: What its ``.dsc`` file says besides the digests of its archives.
        files: Sorted by path, no path twice; paths are absolute below the package's own folder.
    """

    options: DebianOptions
    fields: tuple[tuple[str, str], ...]
    files: tuple[ProgramFile, ...]


def render_source(
    manifest: Manifest, options: DebianOptions, bundle: Bundle, units: Rendering
) -> SourcePackage:
    """Return the source package of an application.

    Args:
        manifest: The application.
        options: What the manifest does not know about a package.
        bundle: The program and what it needs.
        units: The application's units for the system, as for the binary package.

    Raises:
        ProblemsError: Something has to be mended first; it holds everything that was found.
    """
    package = render(manifest, options, bundle, units)
    settled = settle(manifest, options)
    _refuse(settled)
    facts = script_facts(settled, bundle, units)
    users = bool(facts.payload.sysusers)
    moves = moves_units(settled.distribution) and bool(facts.payload.units)
    tests = package_tests(manifest, facts.payload)
    carried = {file.path for file in bundle.files}
    made = [file for file in package.files if file.path not in carried]
    named = (
        *_debian("source/format", source_format(settled.version) + "\n"),
        *_debian("control", source_control(settled, bundle, users=users)),
        *_debian("rules", rules(settled.package, PROGRAM, moves=moves), mode=0o755),
        *_debian("copyright", _copyright(manifest, settled, bundle)),
        *(
            file
            for name, text in debhelper_scripts(facts).items()
            for file in _debian(f"{settled.package}.{name}", text)
        ),
        *_lists(settled, bundle, made),
        *tests,
        *_program(bundle),
    )
    by_path = {file.path: file for file in (*_placed(settled, made), *named)}
    return SourcePackage(
        options=settled,
        fields=dsc_fields(settled, bundle, users=users, tests=TRIGGERS if tests else None),
        files=tuple(by_path[path] for path in sorted(by_path)),
    )


def missing_sources(bundle: Bundle) -> tuple[Diagnostic, ...]:
    """Return what is to be said of modules that come compiled, since wheels do not have their sources."""
    compiled = [file.path for file in bundle.files if is_elf(file.content)]
    if not compiled:
        return ()
    what = counted(len(compiled), "compiled module comes", "compiled modules come")
    message = f"{what} without the source, such as {compiled[0]}: lintian says so, and Debian itself would not take it"
    hint = "It is for archives of your own; Debian's packages of these modules are named with --depend."
    return (Diagnostic(severity="warning", subject="source", message=message, hint=hint),)


def _refuse(options: DebianOptions) -> None:
    blank = [removed.path for removed in options.removed_conffiles if " " in removed.path]
    if blank:
        problems = tuple(Problem(path, "dh_installdeb takes no name with a blank in it") for path in blank)
        raise ProblemsError(f"no source package can be made of {options.package}", problems)


def _debian(name: str, text: str, mode: int = 0o644) -> Iterator[ProgramFile]:
    if text:
        yield ProgramFile(path=f"/debian/{name}", content=text.encode(), mode=mode)


def _copyright(manifest: Manifest, options: DebianOptions, bundle: Bundle) -> str:
    """Return the terms with the paths that files have here."""
    moved = tuple(
        replace(component, paths=tuple(f"/{PROGRAM}{path}" for path in component.paths))
        for component in bundle.components
    )
    return copyright_text(options, manifest.application.name, moved)


def _program(bundle: Bundle) -> Iterator[ProgramFile]:
    for file in bundle.files:
        if not file.link:
            yield replace(file, path=f"/{PROGRAM}{file.path}")


def _placed(options: DebianOptions, made: Iterable[ProgramFile]) -> Iterator[ProgramFile]:
    """Yield what was made for the binary package where debhelper looks for it."""
    known = _known(options.package)
    for file in made:
        if file.link:
            continue
        path, content = file.path, file.content
        if path.endswith(".gz"):  # debhelper compresses as the binary package has it
            path, content = path.removesuffix(".gz"), zlib.decompress(content, 31)
        where = known.get(path) or _document(path, options.package)
        yield replace(file, path=f"/debian/{where}" if where else _other(path, options), content=content)


def _known(package: str) -> dict[str, str]:
    """Return the files that helpers install to one place each, by that place."""
    doc = f"/usr/share/doc/{package}"
    units = ((f"{package}{at}.{kind}") for at in ("", "@") for kind in _UNITS)
    return {
        f"{doc}/changelog": "changelog",
        f"{doc}/changelog.Debian": "changelog",
        f"{doc}/copyright": "copyright",
        f"/etc/default/{package}": f"{package}.default",
        f"/usr/share/lintian/overrides/{package}": f"{package}.lintian-overrides",
        f"{SYSUSERS}/{package}.conf": f"{package}.sysusers",
        f"{TMPFILES}/{package}.conf": f"{package}.tmpfiles",
        **{f"{SYSTEM_UNITS}/{unit}": unit for unit in units},
    }


def _document(path: str, package: str) -> str:
    return (
        path.rpartition("/")[2] if path.startswith(("/usr/share/man/", f"/usr/share/doc/{package}/")) else ""
    )


def _other(path: str, options: DebianOptions) -> str:
    moved = moves_units(options.distribution) and path.startswith(f"{SYSTEM_UNITS}/")
    return f"{_SYSTEM}{path.removeprefix('/usr') if moved else path}"


def _lists(options: DebianOptions, bundle: Bundle, made: list[ProgramFile]) -> Iterator[ProgramFile]:
    """Yield the files that tell helpers what to do."""
    package = options.package
    placed = [file.path for file in _placed(options, made)]
    documents = {
        file.path.removesuffix(".gz") for file in made if not file.link and _document(file.path, package)
    } - _known(package).keys()
    pages = [path for path in documents if path.startswith("/usr/share/man/")]
    tops = {f"{PROGRAM}/{file.path.split('/')[1]}" for file in bundle.files if not file.link}
    tops |= {"/".join(path.split("/")[1:4]) for path in placed if path.startswith(f"{_SYSTEM}/")}
    lists = {
        "install": [f"{top} /" for top in tops],
        "links": [_link(file) for file in (*bundle.files, *made) if file.link],
        "manpages": [f"debian/{path.rpartition('/')[2]}" for path in pages],
        "docs": [f"debian/{path.rpartition('/')[2]}" for path in documents.difference(pages)],
        "maintscript": [
            f"rm_conffile {removed.path} {removed.last_version} {package}"
            for removed in options.removed_conffiles
        ],
    }
    for name, lines in lists.items():
        yield from _debian(f"{package}.{name}", "".join(f"{line}\n" for line in sorted(lines)))


def _link(file: ProgramFile) -> str:
    return f"{normpath(join(dirname(file.path), file.link))[1:]} {file.path[1:]}"
