"""What holds for every text; that systemd reads the same text back, only a real manager can show."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.errors import UsageError
from svcctl.generate.systemd.directives import (
    Assignment,
    Command,
    GlobPath,
    Paths,
    RawPath,
    Text,
    Url,
    Value,
    Verbatim,
    Words,
)
from svcctl.generate.systemd.names import (
    check_service_name,
    check_unit_name,
    directory_name,
    is_user_name,
    user_name,
)
from svcctl.generate.systemd.unit import Line, Unit, comment, title, write
from svcctl.generate.text import one_line
from svcctl.manifest.model import ApplicationInfo
from tests.verify.cases import OPTIONS, make_manifest

#: Every character that Python has, those that no file can hold included.
ANYTHING = st.text(st.characters() | st.sampled_from("\n\r\t\0\\\"'%$;[]#=- \x7f\x85\u2028\ud800"))
PRINTABLE = ANYTHING.filter(lambda text: "\0" not in text and not re.search("[\ud800-\udfff]", text))


def all_types(text: str) -> list[Value]:
    """Return a value of each type that takes text."""
    return [
        Text(text),
        RawPath(f"/{text}"),
        GlobPath(f"/{text}"),
        Paths((f"/{text}", text)),
        Url(text),
        Words((text,)),
        Command(f"/{text}"),
        Command("/bin/x", (text, text)),
        Assignment("A", text),
        Assignment(text, "a"),
        Verbatim(text),
    ]


@given(ANYTHING)
def test_a_value_is_one_line_or_an_error(text: str) -> None:
    """No text begins a new directive, joins the next line, or is cut."""
    for value in all_types(text):
        try:
            written = value.render("Directive")
        except UsageError as error:
            assert "Directive=" in str(error)  # noqa: PT017 (either outcome is right)
            continue
        assert not re.search(r"[\x00-\x1f\x7f]", written)
        assert written == written.strip()
        assert not written.endswith("\\")
        assert written.encode().decode() == written


@given(PRINTABLE)
def test_every_text_without_nul_can_be_an_argument_and_a_variable(text: str) -> None:
    """There is no other string that a program can be given."""
    for value in (Command("/bin/x", (text,)), Assignment("A", text)):
        assert value.render("Directive")


@given(PRINTABLE)
def test_nothing_of_ours_is_left_for_systemd_to_expand(text: str) -> None:
    """Percent signs stand in pairs, and in a command line dollar signs as well."""
    argument = Command("/bin/x", (text,)).render("ExecStart")
    assert not argument.replace("%%", "").count("%")
    assert not argument.replace("$$", "").count("$")
    assert not Assignment("A", text).render("Environment").replace("%%", "").count("%")


@given(PRINTABLE, PRINTABLE)
def test_different_arguments_are_written_differently(first: str, second: str) -> None:
    """Whatever systemd makes of the text, it cannot tell apart what looks the same."""
    written = [Command("/bin/x", (text,)).render("ExecStart") for text in (first, second)]
    assert (written[0] == written[1]) is (first == second)


@given(st.lists(ANYTHING, max_size=4), ANYTHING)
def test_reasons_and_headers_stay_comments(header: list[str], reason: str) -> None:
    """A unit has the directives that it was given, and no more."""
    lines = (Line("Service", "Type", Words(("notify",)), reason), Line("Service", "Nice", Words(("5",))))
    text = write(Unit("x.service", tuple(header), lines)).decode()
    kept = [line for line in text.split("\n") if line and not line.startswith("#")]
    assert kept == ["[Service]", "Type=notify", "Nice=5"]
    assert not re.search(r"[\r\0\x85\u2028\u2029]|\\\n", text)


@given(ANYTHING)
def test_a_comment_keeps_the_words(text: str) -> None:
    """Wrapping moves them, nothing else."""
    words = " ".join(line.removeprefix("# ") for line in comment([text])).split()
    assert "".join(words).replace("\\", "") == "".join(one_line(text).split()).replace("\\", "")
    assert title(text) == one_line(text).rstrip("\\ ")


@given(ANYTHING)
def test_a_refused_service_name_comes_with_one_that_is_taken(name: str) -> None:
    """The proposal is never refused in its turn."""
    try:
        assert check_service_name(name) == name
    except UsageError as error:
        proposed = error.hint.removeprefix("use --name ")
        assert check_service_name(proposed) == proposed


@given(ANYTHING)
def test_names_made_from_any_name_can_be_used(name: str) -> None:
    """For users, folders and other units."""
    assert is_user_name(user_name(name))
    folder = directory_name(make_manifest(application=ApplicationInfo(name=name)), OPTIONS)
    assert re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.\-]*", folder)
    with pytest.raises(UsageError):
        check_unit_name(f"{name} x")
