"""From a manifest, its units and the bundled program to a package: pure, the same values for the same input."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import replace

from svcctl.errors import ProblemsError
from svcctl.generate.debian.changelog import changelog
from svcctl.generate.debian.checks import ADVICE, find_problems
from svcctl.generate.debian.control import control_fields, long_description, synopsis
from svcctl.generate.debian.copyright import copyright_text
from svcctl.generate.debian.embedded import embedded_libraries
from svcctl.generate.debian.environment import environment_file
from svcctl.generate.debian.fields import ignored_fields, of_units
from svcctl.generate.debian.lint import override_file
from svcctl.generate.debian.manpage import manual_page
from svcctl.generate.debian.model import Bundle, DebianOptions, Package, ProgramFile
from svcctl.generate.debian.naming import debian_version, is_native
from svcctl.generate.debian.payload import Payload, read_payload
from svcctl.generate.debian.sbom import sbom
from svcctl.generate.debian.scripts import ScriptFacts, scripts
from svcctl.generate.debian.text import compress
from svcctl.manifest.model import Manifest
from svcctl.plan.model import Diagnostic, Rendering, Severity
from svcctl.wording import counted

_COMMANDS = ("/usr/bin/", "/usr/sbin/")

#: Every system has them; whatever else is started has to come with a package.
_ESSENTIAL = frozenset({"*", "/bin/sh", "/usr/bin/sh", "/bin/bash", "/usr/bin/env", "/bin/cat", "/bin/true"})


def settle(manifest: Manifest, options: DebianOptions) -> DebianOptions:
    """Return the options with what the manifest knows in every field that they leave open."""
    application = manifest.application
    return replace(
        options,
        version=options.version or debian_version(application.version),
        maintainer=options.maintainer or application.maintainer,
        homepage=options.homepage or application.homepage,
        synopsis=options.synopsis or synopsis(application.description),
        description=long_description(options, manifest),
    )


def render(manifest: Manifest, options: DebianOptions, bundle: Bundle, units: Rendering) -> Package:
    """Return the package of an application.

    Args:
        manifest: The application.
        options: What the manifest does not know about a package.
        bundle: The program and what it needs.
        units: The application's units for the system, from their own target; their folders do not matter.

    Raises:
        ProblemsError: Something has to be mended first; it holds everything that was found.
    """
    settled = settle(manifest, options)
    problems = find_problems(manifest, settled, bundle, units)
    if problems:
        raise ProblemsError(f"no package can be made of {manifest.application.name}", problems, hint=ADVICE)
    facts = script_facts(settled, bundle, units)
    payload = facts.payload
    # What the bundle has of its own goes before what is made here.
    by_path = {file.path: file for file in (*_made(manifest, settled, bundle, payload), *bundle.files)}
    files = tuple(by_path[path] for path in sorted(by_path))
    return Package(
        control=control_fields(settled, bundle, files, users=bool(payload.sysusers)),
        scripts=scripts(facts),
        conffiles=tuple(file.path for file in files if file.path.startswith("/etc/")),
        files=files,
        diagnostics=tuple(_diagnostics(manifest, settled, bundle, units, payload)),
    )


def script_facts(options: DebianOptions, bundle: Bundle, units: Rendering) -> ScriptFacts:
    """Return what the maintainer scripts depend on.

    Args:
        options: With every field filled in.
        bundle: The program.
        units: The application's units.
    """
    return ScriptFacts(
        package=options.package,
        payload=read_payload(units, f"man:{options.package}({_section(options, bundle)})"),
        python_folders=python_folders(options.package, bundle),
        removed_conffiles=options.removed_conffiles,
    )


def python_folders(package: str, bundle: Bundle) -> tuple[str, ...]:
    """Return the package's own folders that hold Python code, sorted.

    Folders that packages share, such as the one of all modules, are not among them: scripts clean them.

    Example:
        >>> code = ProgramFile(path="/usr/lib/echo/aiohttp/web.py", content=b"")
        >>> python_folders("echo", Bundle(files=(code,)))
        ('/usr/lib/echo',)
    """
    own = (f"/usr/lib/{package}", f"/usr/share/{package}")
    code = [file.path for file in bundle.files if file.path.endswith(".py")]
    return tuple(folder for folder in own if any(path.startswith(f"{folder}/") for path in code))


def _made(
    manifest: Manifest, options: DebianOptions, bundle: Bundle, payload: Payload
) -> Iterator[ProgramFile]:
    package = options.package
    doc, section = f"/usr/share/doc/{package}", _section(options, bundle)
    yield from payload.files
    log = "changelog.gz" if is_native(options.version) else "changelog.Debian.gz"
    yield ProgramFile(path=f"{doc}/{log}", content=compress(changelog(options).encode()))
    terms = copyright_text(options, manifest.application.name, bundle.components)
    yield ProgramFile(path=f"{doc}/copyright", content=terms.encode())
    yield ProgramFile(path=f"{doc}/bom.cdx.json", content=sbom(manifest, options, bundle).encode())
    page = manual_page(manifest, options, payload, section).encode()
    yield ProgramFile(path=f"/usr/share/man/man{section}/{package}.{section}.gz", content=compress(page))
    for command in _commands(bundle):
        if command != package and not _has_page(bundle, command):
            same = posixpath.relpath(
                f"/usr/share/man/man{section}/{package}.{section}.gz", "/usr/share/man/man8"
            )
            yield ProgramFile(path=f"/usr/share/man/man8/{command}.8.gz", link=same)
    if payload.environment_file:
        yield ProgramFile(path=payload.environment_file, content=environment_file(manifest, payload))
    lint = override_file(options, bundle, payload)
    if lint:
        yield ProgramFile(path=f"/usr/share/lintian/overrides/{package}", content=lint.encode())


def _section(options: DebianOptions, bundle: Bundle) -> int:
    """Return the manual's section: that of commands if the bundle has one of the package's name."""
    return 8 if options.package in _commands(bundle) else 7


def _commands(bundle: Bundle) -> tuple[str, ...]:
    return tuple(file.path.rpartition("/")[2] for file in bundle.files if file.path.startswith(_COMMANDS))


def _has_page(bundle: Bundle, command: str) -> bool:
    return any(
        file.path.startswith("/usr/share/man/") and file.path.rpartition("/")[2].startswith(f"{command}.")
        for file in bundle.files
    )


def _diagnostics(
    manifest: Manifest, options: DebianOptions, bundle: Bundle, units: Rendering, payload: Payload
) -> Iterator[Diagnostic]:
    yield from of_units(units)
    yield from ignored_fields(manifest)
    if f"{options.package}.service" not in payload.services:
        message = f"none of its services is called {options.package}.service"
        yield _told("warning", "package", message, "name the package and its units alike")
    for program in manifest.needs.programs:
        if program not in _ESSENTIAL:
            hint = "name the package that has it among the dependencies, if it is not in the bundle"
            yield _told("note", "needs.programs", f"it starts {program}", hint)
    for setting in manifest.needs.settings:
        if setting.default is None:
            message = f"{setting.name} has no default: the service does not start before it is set"
            hint = f"set it in {payload.environment_file}" if payload.environment_file else ""
            yield _told("warning", "needs.settings", message, hint)
    for name in manifest.needs.credentials:
        message = f"the package has no secrets: the service does not get {name} before it is put in place"
        yield _told("note", "needs.credentials", message, "svcctl credential set puts it in place")
    for words in payload.unknown:
        yield _told("warning", "units", f"{words}: a purge cannot tell which folder that is, and leaves it")
    yield from _of_bundle(options, bundle)


def _of_bundle(options: DebianOptions, bundle: Bundle) -> Iterator[Diagnostic]:
    own = tuple(f"{folder}/" for folder in python_folders(options.package, bundle))
    outside = [
        file.path for file in bundle.files if file.path.endswith(".py") and not file.path.startswith(own)
    ]
    if outside:
        where = f"outside of /usr/lib/{options.package}, such as {outside[0]}"
        yield _told("note", "bundle", f"no bytecode is made of {counted(len(outside), 'file')} {where}")
    for library, paths in embedded_libraries(bundle.files).items():
        yield _told(
            "note", library, f"{paths[0]} has a copy of it that Debian's security updates do not reach"
        )
    for component in bundle.components:
        if not component.licence_texts:
            message = f"{component.name} {component.version} comes without the text of its licence"
            yield _told("warning", "licence", message)


def _told(severity: Severity, subject: str, message: str, hint: str = "") -> Diagnostic:
    return Diagnostic(severity=severity, subject=subject, message=message, hint=hint)
