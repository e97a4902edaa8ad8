"""``debian/control`` of a source package, and what the file that lists its parts says of it.

Source: Debian policy, sections 5.2, 5.4 and 5.6; deb-src-control(5), dsc(5), deb-substvars(5).
"""

from __future__ import annotations

from collections.abc import Iterable

from svcctl.generate.debian.control import control_text, description
from svcctl.generate.debian.model import Bundle, DebianOptions
from svcctl.generate.debian.naming import is_native
from svcctl.generate.debian.relations import join
from svcctl.generate.debian.releases import RELEASES

#: What building any package has, so that no source package names it.
_ALWAYS_THERE = frozenset({"libc6", "libgcc-s1", "libstdc++6"})


def source_format(version: str) -> str:
    """Return dpkg's name of the source package's form: one archive, or one with Debian's folder beside the program's."""
    return "3.0 (native)" if is_native(version) else "3.0 (quilt)"


def source_control(options: DebianOptions, bundle: Bundle, *, users: bool) -> str:
    """Return the text of ``debian/control``.

    Args:
        options: With every field filled in.
        bundle: What is bundled.
        users: It declares users.
    """
    binary = (
        ("Package", options.package),
        ("Architecture", bundle.architecture),
        ("Depends", _depends(options, bundle)),
        ("Recommends", join(options.recommends)),
        ("Description", description(options, bundle)),
    )
    stanzas = (_source(options, bundle, users=users), binary)
    return "\n".join(control_text((name, value) for name, value in stanza if value) for stanza in stanzas)


def dsc_fields(
    options: DebianOptions, bundle: Bundle, *, users: bool, tests: Iterable[str] | None
) -> tuple[tuple[str, str], ...]:
    """Return the fields of the ``.dsc`` file that do not depend on the archives, in the order in which dpkg writes them.

    Args:
        options: With every field filled in.
        bundle: What is bundled.
        users: It declares users.
        tests: The packages that its tests need besides itself; ``None`` if it has no tests.
    """
    stated = dict(_source(options, bundle, users=users))
    kind = f"{options.package} deb {options.section} {options.priority} arch={bundle.architecture}"
    fields = (
        ("Format", source_format(options.version)),
        ("Source", options.package),
        ("Binary", options.package),
        ("Architecture", bundle.architecture),
        ("Version", options.version),
        *((name, stated[name]) for name in ("Maintainer", "Homepage", "Standards-Version")),
        ("Testsuite", "" if tests is None else "autopkgtest"),
        ("Testsuite-Triggers", ", ".join(tests or ())),
        ("Build-Depends", stated["Build-Depends"]),
        ("Package-List", f"\n {kind}"),
    )
    return tuple((name, value) for name, value in fields if value)


def _source(options: DebianOptions, bundle: Bundle, *, users: bool) -> tuple[tuple[str, str], ...]:
    helpers = ["debhelper-compat (= 13)", *(["dh-sequence-installsysusers"] if users else [])]
    # dpkg-shlibdeps looks for the libraries, and for what their packages say about symbols.
    wanted = {relation.split()[0] for relation in _libraries(bundle)} - _ALWAYS_THERE
    return (
        ("Source", options.package),
        ("Section", options.section),
        ("Priority", options.priority),
        ("Maintainer", options.maintainer),
        ("Build-Depends", ", ".join((*helpers, *sorted(wanted)))),
        ("Standards-Version", RELEASES[options.distribution].policy),
        ("Homepage", options.homepage),
        ("Rules-Requires-Root", "no"),
    )


def _depends(options: DebianOptions, bundle: Bundle) -> str:
    libraries = _libraries(bundle)
    stated = join([*(one for one in bundle.depends if one not in libraries), *options.depends])
    found = ["${shlibs:Depends}"] if libraries else []
    return ", ".join((*filter(None, [stated]), *found, "${misc:Depends}"))


def _libraries(bundle: Bundle) -> tuple[str, ...]:
    """Return the relations that dpkg-shlibdeps works out: all but those of Python."""
    return tuple(relation for relation in bundle.depends if not relation.startswith("python3"))
