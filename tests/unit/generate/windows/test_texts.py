"""Texts of other languages: whatever an application is called, it stays a text in them."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from svcctl.generate.windows.markup import comment, element, escaped, text_element
from svcctl.generate.windows.powershell import array, file_content, literal
from svcctl.generate.windows.render import render
from svcctl.generate.windows.wix import formatted, plain, version
from tests.unit.generate.windows.cases import CASES, Case

#: What XML can hold; the line ends that its readers change are apart.
READABLE = st.characters(min_codepoint=32, max_codepoint=0xD7FF) | st.sampled_from("\t\n\r&<>\"'\U0001f40d")
MARKS = "'\u2018\u2019\u201a\u201b"


def read_literal(text: str) -> str:
    """Return what PowerShell takes a literal for; any mark ends it, two in a row are one, the first of them."""
    found = re.fullmatch(f"[{MARKS}]((?:[^{MARKS}]|[{MARKS}]{{2}})*)[{MARKS}]", text, re.DOTALL)
    assert found is not None
    return re.sub(f"([{MARKS}])[{MARKS}]", r"\1", found[1])


@given(st.text(st.characters() | st.sampled_from(MARKS + '$"`@{}')))
@example("it's \u2019; exit \u201b")
def test_powershell_takes_a_literal_as_it_is(text: str) -> None:
    """No quotation mark of those that it knows ends it."""
    assert read_literal(literal(text)) == text
    assert array([text, "b"]) == f"@({literal(text)}, 'b')"


def test_scripts_say_how_they_are_encoded() -> None:
    """The oldest PowerShell would take them for the machine's code page."""
    assert file_content("ä\n") == b"\xef\xbb\xbf\xc3\xa4\r\n"


@given(st.text(READABLE))
def test_xml_readers_get_the_text(text: str) -> None:
    """In attributes and in elements, with line ends and quotation marks."""
    read = ET.fromstring(element("a", {"b": text}, text_element("c", text)))  # noqa: S314 (written here)
    assert read.get("b") == text
    assert (read[0].text or "") == text


@given(st.text())
def test_xml_is_well_formed_whatever_it_is_made_of(text: str) -> None:
    """What it cannot hold is replaced; a comment does not end early."""
    read = ET.fromstring(element("a", {"b": text}, comment(text)))  # noqa: S314 (the same)
    assert read.get("b") == re.sub("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\ufffd", text)
    assert len(read) == 0


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_is_generated_can_be_read(case: Case) -> None:
    """Each XML, and with the application's own name in it."""
    for file in render(case.manifest, case.options).files:
        if file.path.endswith((".xml", ".wxs")):
            ET.fromstring(file.content.decode())  # noqa: S314 (the same)


def test_an_installer_replaces_nothing_in_a_formatted_text() -> None:
    """Brackets and braces are escaped, one by one."""
    assert formatted("$(a)") == "[\\$](a)"
    assert plain("$(a) $b") == "$ (a) $b"
    assert formatted("[a] {b}\\") == "[\\[]a[\\]] [\\{]b[\\}]\\"
    assert escaped(formatted("[")) == "[\\[]"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1.2", "1.2.0"),
        ("2024.12.70000.1", "255.12.65534"),
        ("v1", "0.0.0"),
        ("1.4rc1.7", "1.4.0"),
        ("1.²", "1.0.0"),
    ],
)
def test_versions_are_those_of_installers(text: str, expected: str) -> None:
    """Three numbers within their limits."""
    assert version(text) == expected
