from __future__ import annotations

import pytest

from svcctl.generate.debian.embedded import embedded_libraries
from svcctl.generate.debian.model import Bundle, Override, ProgramFile
from tests.fakes.elf_files import Needs, make_elf
from tests.unit.generate.debian.packages import content, package_of

PATH = "/usr/share/lintian/overrides/echo"
MODULE = "/usr/lib/echo/lib/python3.13/site-packages/fast.so"
YAML = b"\0did not find expected <stream-start>\0"


def overridden(*files: ProgramFile, distribution: str = "trixie") -> list[str]:
    """Return the tags that are overridden in a package with some files."""
    package = package_of(bundle=Bundle(files=files), distribution=distribution)
    lines = content(package, PATH).splitlines() if PATH in {file.path for file in package.files} else []
    assert all(line.startswith("# ") for line in lines[::2])
    return [line.removeprefix("echo: ") for line in lines[1::2]]


def module(data: bytes) -> ProgramFile:
    """Return a file of the package with some content."""
    return ProgramFile(path=MODULE, content=data)


def test_overrides_belong_to_a_release() -> None:
    """Bookworm's lintian asks for an init script; trixie's does not know the tag, and says so as an error."""
    tag = "package-supports-alternative-init-but-no-init.d-script"
    assert overridden(distribution="bookworm") == [tag]
    assert overridden() == []
    own = (Override(tag="hardening-no-bindnow", reason="Built\nso."),)
    given = package_of(distribution="trixie", overrides=own)
    assert content(given, PATH) == "# Built so.\necho: hardening-no-bindnow\n"


def test_what_the_builder_of_a_wheel_chose_is_overridden_where_it_is_so() -> None:
    """An override for nothing would be a fault of its own."""
    plain = make_elf(symbols=(Needs("memcpy"),))
    assert overridden(module(plain)) == ["hardening-no-bindnow", "hardening-no-relro"]
    assert overridden(module(make_elf(now=True))) == ["hardening-no-relro"]
    assert "hardening-no-pie" in overridden(module(make_elf(kind=2)))
    assert "hardening-no-relro" not in overridden(module(make_elf(needed=())))


@pytest.mark.parametrize(
    ("names", "unchecked"), [(("read",), True), (("read", "__read_chk"), False), (("memset",), False)]
)
def test_functions_that_nobody_checks_are_seen(
    names: tuple[str, ...],
    unchecked: bool,  # noqa: FBT001 (given by pytest)
) -> None:
    """One call that is checked shows that the compiler was told to."""
    symbols = [Needs(name) for name in names]
    assert ("hardening-no-fortify-functions" in overridden(module(make_elf(symbols=symbols)))) is unchecked


def test_a_library_in_a_module_is_overridden_and_told() -> None:
    """The user has to know, since no update of Debian's reaches it."""
    files = (module(make_elf(now=True) + YAML), ProgramFile(path="/usr/lib/echo/text", content=YAML))
    assert embedded_libraries(files) == {"libyaml": (MODULE,)}
    assert "embedded-library libyaml *" in overridden(*files)
    told = {one.subject: one.message for one in package_of(bundle=Bundle(files=files)).diagnostics}
    assert told["libyaml"] == f"{MODULE} has a copy of it that Debian's security updates do not reach"


def test_a_library_that_a_release_does_not_look_for_is_not_overridden() -> None:
    """Its lintian would say that there is nothing to override."""
    text = b"pathological dataset : literals are not compressible : samples are noisy or too regular"
    compressed = module(make_elf() + text)
    assert "embedded-library libzstd *" in overridden(compressed)
    assert "embedded-library libzstd *" not in overridden(compressed, distribution="bookworm")


@pytest.mark.parametrize(
    ("name", "content", "tag"),
    [
        ("twisted/newsfragments/.gitignore", b"!\n", "package-contains-vcs-control-file"),
        ("twisted/runner/notes.txt", b"text", "package-contains-documentation-outside-usr-share-doc"),
        ("twisted/runner/9657.doc", b"text", "package-contains-documentation-outside-usr-share-doc"),
        (
            "shop-1.0.dist-info/entry_points.txt",
            b"[x]\n",
            "package-contains-documentation-outside-usr-share-doc",
        ),
        ("twisted/script.py", b"#!/usr/bin/env python\n", "unusual-interpreter python"),
        ("twisted/script.py", b"#! /usr/bin/python -tt\n", "unusual-interpreter /usr/bin/python"),
    ],
)
def test_what_is_in_a_wheel_stays_as_it_was_published(name: str, content: bytes, tag: str) -> None:
    """What plug-ins are found by is no documentation, though its name ends as texts for people do."""
    path = f"/usr/lib/echo/lib/python3.13/site-packages/{name}"
    assert overridden(ProgramFile(path=path, content=content)) == [f"{tag} [*/site-packages/*]"]


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("/usr/lib/echo/lib/python3.13/site-packages/shop/_templates/de/page.html", b"<p>"),
        ("/usr/lib/echo/lib/python3.13/site-packages/script.py", b"#!/usr/bin/env python3\n"),
        ("/usr/lib/echo/lib/python3.13/site-packages/script.py", b"# python\n"),
        ("/usr/share/echo/.gitignore", b"!\n"),
        ("/usr/share/echo/notes.txt", b"text"),
    ],
)
def test_what_lintian_does_not_mind_or_the_author_could_mend_is_not_overridden(
    path: str, content: bytes
) -> None:
    """The files beside the application are its author's."""
    assert overridden(ProgramFile(path=path, content=content)) == []
