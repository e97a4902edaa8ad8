r"""The manual page of the service, from the manifest: section 8 if there is a command of its name, else 7.

A page in section 8 that no command goes with has no reason to be there, as lintian sees it (``spare-manual-page``).
Source: man(7), groff_char(7): a hyphen is ``\-`` where it is to be copied, a backslash ``\e``, and a full stop or an
apostrophe at the start of a line follows ``\&``.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from svcctl.generate.debian.model import DebianOptions
from svcctl.generate.debian.payload import Payload
from svcctl.generate.debian.text import paragraphs
from svcctl.generate.text import one_line
from svcctl.manifest.model import Manifest

_ESCAPES = {"\\": "\\e", "-": "\\-", "^": "\\(ha", "~": "\\(ti", "`": "\\(ga", '"': "\\(dq"}


def escape(text: str) -> str:
    r"""Return a text as a line of its own that says just that.

    Example:
        >>> escape(".so -x"), escape("a\nb\\c")
        ('\\&.so \\-x', 'a b\\ec')
    """
    plain = "".join(_ESCAPES.get(char, char) for char in one_line(text))
    return f"\\&{plain}" if plain.startswith((".", "'")) else plain


def manual_page(manifest: Manifest, options: DebianOptions, payload: Payload, section: int) -> str:
    """Return the page's source.

    Args:
        manifest: The application.
        options: With every field filled in.
        payload: Its units.
        section: The page's section.
    """
    when = datetime.fromtimestamp(options.source_date_epoch, UTC)
    heading = (
        options.package.upper(),
        str(section),
        f"{when:%Y-%m-%d}",
        f"{options.package} {options.version}",
    )
    lines = [
        f".TH {' '.join(_quoted(text) for text in heading)} {_quoted('System Administration')}",
        *(
            ".SH NAME",
            f"{escape(options.package)} \\- {escape(options.synopsis).removeprefix(chr(92) + '&')}",
        ),
        ".SH SYNOPSIS",
        *(f".B {escape(unit)}\n.br" for unit in payload.units),
        ".SH DESCRIPTION",
        *_description(options),
        *_sockets(manifest),
        *_environment(manifest, payload),
        *_credentials(manifest),
        *_files(payload),
        ".SH SEE ALSO",
        ".BR systemctl (1),",
        ".BR journalctl (1)",
    ]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    return f'"{escape(text)}"'


def _description(options: DebianOptions) -> Iterator[str]:
    for number, text in enumerate(paragraphs(options.description)):
        if number:
            yield ".PP"
        yield escape(text)


def _items(title: str, items: list[tuple[str, str]]) -> Iterator[str]:
    if items:
        yield f".SH {title}"
    for name, text in items:
        yield ".TP"
        yield f".B {escape(name)}"
        yield escape(text)


def _sockets(manifest: Manifest) -> Iterator[str]:
    listeners = [
        (listener.endpoint, f"{listener.name}, of {node.path}.")
        for node in manifest.tree.walk()
        for listener in node.listeners
    ]
    yield from _items("SOCKETS", listeners)


def _environment(manifest: Manifest, payload: Payload) -> Iterator[str]:
    known = {setting.name: setting for setting in manifest.needs.settings}
    items = []
    for name in sorted({*known, *manifest.needs.environment}):
        setting = known.get(name)
        if setting is None:
            items.append((name, "It is read by the service."))
        elif setting.default is None:
            items.append((name, f"Expects {setting.expects}. It has to be set."))
        else:
            items.append((name, f"Expects {setting.expects}. Default: {setting.default or 'empty'}."))
    yield from _items("ENVIRONMENT", items)
    if items and payload.environment_file:
        yield from (".PP", escape(f"Variables are set in {payload.environment_file}."))


def _credentials(manifest: Manifest) -> Iterator[str]:
    items = [(name, "A secret that systemd hands to the service.") for name in manifest.needs.credentials]
    yield from _items("CREDENTIALS", items)


def _files(payload: Payload) -> Iterator[str]:
    items = []
    if payload.environment_file:
        items.append((payload.environment_file, "Environment variables of the service."))
    shown = [path for path in payload.folders if "/private/" not in path]
    items += [(path, "Written by the service; deleted when the package is purged.") for path in shown]
    yield from _items("FILES", items)
