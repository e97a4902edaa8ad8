"""Lintian's overrides, each with its reason; they belong to one release, since tags come and go.

There is one for a tag only if the package has what the tag is about: an override that overrides nothing is a fault of
its own. None hides what somebody who makes the package could mend.
Source: lintian(1); an override of a tag that a version does not know is itself an error.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from svcctl.generate.debian.elf import ElfFile
from svcctl.generate.debian.embedded import embedded_libraries
from svcctl.generate.debian.layout import read_objects
from svcctl.generate.debian.model import Bundle, DebianOptions, Override, ProgramFile
from svcctl.generate.debian.payload import Payload
from svcctl.generate.text import one_line

_BUILDER = "The wheel's builder chose the compiler's options; it is shipped as it was published."
_PUBLISHED = "It is part of a wheel, which is shipped as it was published; its metadata is no documentation."

#: Where what comes from wheels is.
_WHEELS = "/site-packages/"
_CONTROL_FILE = re.compile(
    r"\.(arch-inventory|hgtags|(cvs|git|hg)_?ignore|git_?(modules|attributes)|hg_archival\.txt)"
)
#: Names that lintian takes for those of documents; in folders for templates it does not.
_DOCUMENT = re.compile(
    r"\.(docx?|html?|info|latex|markdown|md|odt|pdf|readme|rmd|rst|rtf|tex|txt)$"
    r"|^(code[-_]of[-_]conduct|contribut(e|ing)|copyright|licen[sc]es?|howto|patents?|todos?)$"
    r"|^readme(\.?first|\.1st|\.debian|\.source)?$",
    re.IGNORECASE,
)
_TEMPLATES = re.compile(r"templates?(\.d)?/")
#: Debian has no interpreter of this name, and nobody runs these files as programs.
_SCRIPT = re.compile(rb"#![ \t]*(/usr/bin/env[ \t]+(?P<name>python)|(?P<path>/usr/bin/python))\s")

#: Libraries that the release's lintian does not look for.
_UNKNOWN = {"bookworm": frozenset({"libzstd"}), "trixie": frozenset[str]()}

#: What has a variant in the C library that knows the size of what it writes to (``__…_chk``).
_CHECKED = frozenset(
    {
        "asprintf", "confstr", "dprintf", "fdelt", "fgets", "fgets_unlocked", "fgetws", "fgetws_unlocked",
        "fprintf", "fread", "fread_unlocked", "fwprintf", "getcwd", "getdomainname", "getgroups",
        "gethostname", "getlogin_r", "gets", "getwd", "longjmp", "mbsnrtowcs", "mbsrtowcs", "mbstowcs",
        "mempcpy", "obstack_printf", "obstack_vprintf", "poll", "ppoll", "pread", "pread64", "printf",
        "ptsname_r", "read", "readlink", "readlinkat", "realpath", "recv", "recvfrom", "snprintf", "sprintf",
        "stpcpy", "stpncpy", "strcat", "strcpy", "strncat", "strncpy", "swprintf", "syslog", "ttyname_r",
        "vasprintf", "vdprintf", "vfprintf", "vfwprintf", "vprintf", "vsnprintf", "vsprintf", "vswprintf",
        "vsyslog", "vwprintf", "wcpcpy", "wcpncpy", "wcrtomb", "wcscat", "wcscpy", "wcsncat", "wcsncpy",
        "wcsnrtombs", "wcsrtombs", "wcstombs", "wctomb", "wmempcpy", "wprintf",
    }
)  # fmt: skip


def overrides(options: DebianOptions, bundle: Bundle, payload: Payload) -> tuple[Override, ...]:
    """Return the options' own and those that follow from what the package is, sorted by tag."""
    found = {override.tag: override for override in options.overrides}
    ours = (*_of_units(options, payload), *_of_wheels(bundle), *_of_objects(options, bundle))
    for override in ours:
        found.setdefault(override.tag, override)
    return tuple(found[tag] for tag in sorted(found))


def override_file(options: DebianOptions, bundle: Bundle, payload: Payload) -> str:
    """Return the text of the file; empty if nothing is overridden."""
    return "".join(
        f"# {one_line(override.reason)}\n{options.package}: {one_line(override.tag)}\n"
        for override in overrides(options, bundle, payload)
    )


def _of_units(options: DebianOptions, payload: Payload) -> Iterator[Override]:
    if options.distribution == "bookworm" and any("@" not in unit for unit in payload.services):
        tag = "package-supports-alternative-init-but-no-init.d-script"
        reason = "The sandbox and the sockets are systemd's; policy 9.3.1 asks for no init script."
        yield Override(tag=tag, reason=reason)


def _of_wheels(bundle: Bundle) -> Iterator[Override]:
    for tag in sorted({tag for file in bundle.files if _WHEELS in file.path for tag in _tags_of(file)}):
        yield Override(tag=f"{tag} [*{_WHEELS}*]", reason=_PUBLISHED)


def _tags_of(file: ProgramFile) -> Iterator[str]:
    folder, _, name = file.path.rpartition("/")
    if _CONTROL_FILE.fullmatch(name):
        yield "package-contains-vcs-control-file"
    if _DOCUMENT.search(name) and not _TEMPLATES.search(f"{folder}/"):
        yield "package-contains-documentation-outside-usr-share-doc"
    script = _SCRIPT.match(file.content)
    if script:
        yield f"unusual-interpreter {(script['name'] or script['path']).decode()}"


def _of_objects(options: DebianOptions, bundle: Bundle) -> Iterator[Override]:
    # What cannot be read has been refused where the bundle was made.
    objects = [each for each in read_objects(bundle.files)[0].values() if each.needed]
    hardening = {
        "hardening-no-bindnow": any(not each.bind_now for each in objects),
        "hardening-no-fortify-functions": any(_is_unchecked(each) for each in objects),
        "hardening-no-pie": any(not each.shared for each in objects),
        "hardening-no-relro": any(not each.protected for each in objects),
    }
    for tag, applies in hardening.items():
        if applies:
            yield Override(tag=tag, reason=_BUILDER)
    for library in embedded_libraries(bundle.files):
        if library not in _UNKNOWN[options.distribution]:
            reason = "It is linked into a wheel; the package's bill of materials says into which one."
            yield Override(tag=f"embedded-library {library} *", reason=reason)


def _is_unchecked(file: ElfFile) -> bool:
    names = {each.name for each in file.undefined}
    checked = {name.removeprefix("__").removesuffix("_chk") for name in names if name.endswith("_chk")}
    return bool(names & _CHECKED) and not checked & _CHECKED
