"""The control file of a binary package: its fields in the order in which dpkg writes them.

Source: Debian policy, sections 5.3, 5.6.13 and 5.6.20; deb-control(5); dpkg-gencontrol(1), ``Installed-Size``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from svcctl.generate.debian.model import Bundle, DebianOptions, ProgramFile
from svcctl.generate.debian.relations import SYSUSERS, join
from svcctl.generate.debian.text import continuation, fold, paragraphs
from svcctl.generate.text import one_line
from svcctl.manifest.model import Manifest

_BLOCK = 1024
LONGEST_SYNOPSIS = 79


def control_fields(
    options: DebianOptions, bundle: Bundle, files: Iterable[ProgramFile], *, users: bool
) -> tuple[tuple[str, str], ...]:
    """Return the fields that have a value, in order.

    Args:
        options: With every field filled in.
        bundle: What is bundled.
        files: All files of the package.
        users: It declares users, so it needs systemd-sysusers.
    """
    depends = [*bundle.depends, *options.depends, *([SYSUSERS] if users else [])]
    fields = (
        ("Package", options.package),
        ("Version", options.version),
        ("Architecture", bundle.architecture),
        ("Maintainer", options.maintainer),
        ("Installed-Size", str(installed_size(files))),
        ("Depends", join(depends)),
        ("Recommends", join(options.recommends)),
        ("Section", options.section),
        ("Priority", options.priority),
        ("Homepage", options.homepage),
        ("Description", description(options, bundle)),
    )
    return tuple((name, value) for name, value in fields if value)


def control_text(fields: Iterable[tuple[str, str]]) -> str:
    r"""Return the fields as a control file has them.

    Example:
        >>> control_text([("Package", "echo"), ("Description", "says\n again")])
        'Package: echo\nDescription: says\n again\n'
    """
    return "".join(f"{name}: {value}\n".replace(": \n", ":\n", 1) for name, value in fields)


def installed_size(files: Iterable[ProgramFile]) -> int:
    """Return the size of the files in KiB: each rounded up by itself, and one for each link and folder, the root too."""
    sizes, folders = 0, {""}
    for file in files:
        sizes += 1 if file.link else -(-len(file.content) // _BLOCK)
        folders.update(parents(file.path))
    return sizes + len(folders)


def parents(path: str) -> tuple[str, ...]:
    """Return the folders that an absolute path lies in, the highest first.

    Example:
        >>> parents("/usr/lib/x")
        ('/usr', '/usr/lib')
    """
    parts = path.strip("/").split("/")[:-1]
    return tuple("/" + "/".join(parts[: count + 1]) for count in range(len(parts)))


def synopsis(description: str) -> str:
    """Return what somebody says about an application as Debian's one line: no article, no full stop.

    It may be too long or empty; then somebody has to write one.

    Example:
        >>> synopsis("A server that says it again.")
        'server that says it again'
    """
    text = one_line(description).rstrip(". ")
    return re.sub(r"\A(?:an?|the)\s+", "", text, flags=re.IGNORECASE)


def long_description(options: DebianOptions, manifest: Manifest) -> str:
    """Return the paragraphs for people: what the options say, else what is known without being told."""
    if options.description:
        return options.description
    name = one_line(manifest.application.name)
    service = (
        f"{name} runs as a service of systemd, under a user of its own and in a sandbox made for what it needs. "
        "It starts at boot, and an upgrade of the package closes none of the sockets that it listens on."
    )
    about = one_line(manifest.application.description).rstrip(".")
    # Whoever reads it has just read the one line.
    short = synopsis(about)
    told = short in {"", options.synopsis or short}
    return service if told else f"{about}.\n\n{service}"


def description(options: DebianOptions, bundle: Bundle) -> str:
    """Return the value of the field of that name: the synopsis, the paragraphs, and what is bundled."""
    texts = list(paragraphs(options.description))
    if bundle.components:
        listed = ", ".join(f"{one_line(one.name)} {one_line(one.version)}" for one in bundle.components)
        texts.append(f"This package brings its own copies of: {listed}.")
    lines: list[str] = []
    for text in texts:
        lines += [*([""] if lines else []), *fold(text)]
    return f"{options.synopsis}\n{continuation(lines)}"
