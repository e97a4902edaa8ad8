from __future__ import annotations

import io
import json
import tarfile
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from svcctl.generate.debian.archive import archive
from svcctl.generate.debian.control import control_text
from svcctl.generate.debian.model import Component
from svcctl.manifest.model import Needs, Setting
from tests.unit.generate.debian.packages import BUNDLE, EPOCH, NAMED, content, package_of

#: Also halves of characters, as names that are no text become in Python.
TEXT = st.text(st.characters(exclude_categories=()), max_size=40) | st.sampled_from(
    [
        "\n\nPackage: x",
        "\r\nEssential: yes",
        ".\n..\n.so /etc/passwd\n'br",
        "$(id)`id`'\"\\",
        "\udc80\x85\u2028x\x00",
    ]
)


@settings(max_examples=60)
@given(TEXT, TEXT, TEXT, TEXT)
def test_no_text_of_others_changes_the_form_of_a_package(
    name: str, text: str, licence: str, value: str
) -> None:
    """Whatever a wheel's metadata or an application's settings hold, fields and stanzas are ours alone."""
    component = Component(
        name=name or "x", version=value or "1", licence=licence or "MIT", licence_texts=((name, text),), summary=text,
        homepage=value, paths=(f"/usr/lib/echo/{name}",),
    )  # fmt: skip
    # A manifest comes from JSON: it has whole characters only.
    expects, default = (part.encode("utf-8", "replace").decode() for part in (text, value))
    needs = Needs(settings=(Setting(name="PORT", expects=expects, default=default),))
    package = package_of(replace(NAMED, needs=needs), replace(BUNDLE, components=(component,)))
    fields = [line.partition(":")[0] for line in control_text(package.control).splitlines() if line[0] != " "]
    assert fields == [field for field, _ in package.control]
    terms = content(package, "/usr/share/doc/echo/copyright")
    assert len(terms.split("\n\n")) == 3
    assert "\0" not in terms
    assert len(json.loads(content(package, "/usr/share/doc/echo/bom.cdx.json"))["components"]) == 1
    variables = content(package, "/etc/default/echo").split("\n")
    assert all(line.startswith("#") for line in variables if line)
    assert archive(package, EPOCH).startswith(b"!<arch>\n")


@settings(max_examples=60)
@given(st.lists(st.binary(max_size=300), max_size=3), st.integers(0, 8**11 - 1))
def test_an_archive_holds_what_was_put_in(contents: list[bytes], epoch: int) -> None:
    """Each member is found again by a reader of the format that shares no line with the writer."""
    package = package_of()
    files = tuple(
        replace(package.files[0], path=f"/usr/x/{number}", content=one) for number, one in enumerate(contents)
    )
    written = archive(replace(package, files=files), epoch)
    position, members = 8, {}
    while position < len(written):
        header = written[position : position + 60]
        size = int(header[48:58])
        members[header[:16].rstrip()] = written[position + 60 : position + 60 + size]
        assert (int(header[16:28]), header[58:]) == (epoch, b"`\n")
        position += 60 + size + size % 2
    with tarfile.open(fileobj=io.BytesIO(members[b"data.tar.xz"]), mode="r:xz") as tar:
        found = [tar.extractfile(member) for member in tar.getmembers() if member.isfile()]
        assert [one.read() for one in found if one is not None] == contents
