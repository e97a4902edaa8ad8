"""``/usr/share/doc/PACKAGE/copyright`` in its machine-readable form: a stanza for each bundled distribution.

Source: Debian policy, section 12.5; https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/.
"""

from __future__ import annotations

from collections.abc import Iterator

from svcctl.generate.debian.licences import common_name, notices, pointer, short_name, whole_text_of
from svcctl.generate.debian.model import Component, DebianOptions, Licence
from svcctl.generate.debian.text import clean_lines, continuation
from svcctl.generate.text import one_line

_FORMAT = "https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/"


def holders(licence: Licence) -> tuple[str, ...]:
    """Return who holds the copyright of the application: as given, else as its licence's text says."""
    given = tuple(filter(None, map(one_line, licence.holders)))
    return given or notices((licence.text,))


def copyright_text(options: DebianOptions, name: str, components: tuple[Component, ...]) -> str:
    """Return the text of the file.

    Args:
        options: With a licence, a maintainer and a homepage, if there is one.
        name: The application's name.
        components: What is bundled with it.
    """
    header = [f"Format: {_FORMAT}", f"Upstream-Name: {one_line(name)}"]
    header += [f"Upstream-Contact: {options.maintainer}"]
    if options.homepage:
        header += [f"Source: {options.homepage}"]
    stanzas = ["\n".join(header)]
    if options.licence:
        stanzas.append(_own(options.licence))
    stanzas += [_bundled(component) for component in components]
    return "\n\n".join(stanzas) + "\n"


def _own(licence: Licence) -> str:
    return "\n".join(
        (
            "Files: *",
            _field("Copyright", holders(licence)),
            f"License: {short_name(licence.name)}",
            continuation(_terms(licence.name, (("", licence.text),) if licence.text else ())),
        )
    )


def _bundled(component: Component) -> str:
    holding = notices(text for _, text in component.licence_texts)
    lines = [
        _field("Files", _patterns(component)),
        _field("Copyright", holding or (f"The authors of {one_line(component.name)}",)),
        f"License: {short_name(component.licence) or 'other'}",
        continuation(_terms(component.licence, component.licence_texts)),
    ]
    comment = f"{one_line(component.name)} {one_line(component.version)}, bundled"
    lines.append(f"Comment: {comment}{f'; {one_line(component.homepage)}' if component.homepage else ''}")
    return "\n".join(lines)


def _field(name: str, values: tuple[str, ...]) -> str:
    return f"{name}: {values[0]}" if len(values) == 1 else f"{name}:\n{continuation(list(values))}"


def _patterns(component: Component) -> tuple[str, ...]:
    if component.paths:
        return tuple(sorted(_pattern(path) for path in component.paths))
    stem = component.name.replace("-", "_")
    return (_pattern(f"*/{stem}-{component.version}.dist-info/"),)


def _pattern(path: str) -> str:
    plain = one_line(path).removeprefix("/").replace("\\", "\\\\").replace(" ", "?")
    return f"{plain}*" if plain.endswith("/") else plain


def _terms(expression: str, texts: tuple[tuple[str, str], ...]) -> list[str]:
    """Return the lines of the licence: each text, with a reference in place of what every system has."""
    blocks: list[list[str]] = []
    shown: set[str] = set()
    for file_name, text in texts:
        common = whole_text_of(text)
        lines = [pointer(common)] if common else _trimmed(text)
        title = [f"{one_line(file_name)}:", ""] if file_name and len(texts) > 1 else []
        if common in shown:
            continue
        shown.update({common} if common else ())
        blocks.append([*title, *lines])
    own = common_name(expression)
    if own and own not in shown:
        blocks.append([pointer(own)])
    return list(_separated(blocks)) or [f"{one_line(expression)}; its text does not come with it."]


def _separated(blocks: list[list[str]]) -> Iterator[str]:
    for number, lines in enumerate(blocks):
        if number:
            yield ""
        yield from lines


def _trimmed(text: str) -> list[str]:
    lines = clean_lines(text)
    while lines and not lines[-1]:
        lines.pop()
    while lines and not lines[0]:
        lines.pop(0)
    return lines
