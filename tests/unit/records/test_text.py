from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import pytest

from svcctl.errors import ProblemsError
from svcctl.records.reading import MAX_PROBLEMS
from svcctl.records.text import MAX_BYTES, from_text, to_text


class Point(NamedTuple):
    """A record of the other kind."""

    x: int
    y: int = 0


@dataclass(frozen=True)
class Sample:
    """A record with a field of every type that records may have."""

    text: str
    flag: bool = False
    choice: Literal["a", "b"] = "a"
    either: str | int | None = None
    texts: tuple[str, ...] = ()
    below: tuple[Sample, ...] = ()
    point: Point | None = None


FULL = Sample("ä\n\x1f", flag=True, choice="b", either=5, texts=("x",), below=(Sample("y"),), point=Point(1))


def problems_in(text: str) -> list[tuple[str, str]]:
    """Return what is wrong with a text, which must not be a Sample."""
    with pytest.raises(ProblemsError) as caught:
        from_text(text, Sample)
    return [(problem.where, problem.message) for problem in caught.value.problems]


def test_a_record_of_every_type_survives_being_written_and_read() -> None:
    """Nested records of both kinds come back equal."""
    assert from_text(to_text(FULL), Sample) == FULL


def test_the_text_is_canonical() -> None:
    """Names are sorted, there are no blanks, and only what JSON must escape is escaped."""
    assert to_text(Sample("ä\n\x1f\x7f/", texts=("q",))) == (
        '{"below":[],"choice":"a","either":null,"flag":false,"point":null,'
        '"text":"ä\\n\\u001f\x7f/","texts":["q"]}'
    )


def test_fields_with_defaults_may_be_missing() -> None:
    """Only the others are required."""
    assert from_text('{"text":"x"}', Sample) == Sample("x")


@pytest.mark.parametrize(
    ("text", "where", "message"),
    [
        ("{}", "text", "is missing"),
        ("[]", "the record", "expected an object, not a list"),
        ('{"text":5}', "text", "expected text, not 5"),
        ('{"text":null}', "text", "expected text, not null"),
        ('{"text":"","flag":1}', "flag", "expected true or false, not 1"),
        ('{"text":"","flag":"true"}', "flag", "expected true or false, not 'true'"),
        ('{"text":"","choice":"c"}', "choice", "expected 'a' or 'b', not 'c'"),
        ('{"text":"","either":true}', "either", "expected text or a whole number or null, not true or false"),
        ('{"text":"","either":1.0}', "either", "not a number with a fraction"),
        ('{"text":"","either":1e400}', "either", "not a number with a fraction"),
        ('{"text":"","either":9007199254740992}', "either", "not a number beyond"),
        ('{"text":"","texts":"abc"}', "texts", "expected a list, not 'abc'"),
        ('{"text":"","texts":["a",5]}', "texts[1]", "expected text, not 5"),
        ('{"text":"","below":[{"text":""},{"text":1}]}', "below[1].text", "expected text, not 1"),
        ('{"text":"","point":{"x":true}}', "point.x", "expected a whole number, not true or false"),
        ('{"text":"","point":[1,2]}', "point", "expected an object or null, not a list"),
        ('{"text":"","\\u001b[2J":1}', "the record", r"has no field '\x1b[2J'"),
        ('{"text":"\\ud800"}', "text", "which UTF-8 cannot hold"),
        ('{"text":"a","text":"b"}', "the text", "the name 'text' stands twice"),
        ('{"text":NaN}', "the text", "NaN is not JSON"),
        ('{"text":', "line 1, column 9", "Expecting value"),
        ("", "line 1, column 1", "Expecting value"),
        ('{"text":' + "9" * 5000 + "}", "the text", "digits"),
        ("[" * 201 + "]" * 201, "the text", "nested deeper than 200 levels"),
        ('{"text":' + "[" * 100_000, "the text", "nested deeper than 200 levels"),
        ('"' + "x" * MAX_BYTES + '"', "the text", "longer than 4194304 bytes"),
        ('"' + "ä" * (MAX_BYTES // 2) + '"', "the text", "longer than 4194304 bytes"),
    ],
)
def test_a_wrong_text_is_a_problem_with_its_path(text: str, where: str, message: str) -> None:
    """Nothing is converted or guessed."""
    [(found, said)] = problems_in(text)
    assert found == where
    assert message in said
    assert "\n" not in said


def test_all_problems_are_collected() -> None:
    """The user sees them together."""
    problems = problems_in('{"flag":1,"choice":2,"texts":[1,"",2],"below":[{}],"what":0}')
    assert [where for where, _ in problems] == [
        "the record",
        "text",
        "flag",
        "choice",
        "texts[0]",
        "texts[2]",
        "below[0].text",
    ]


def test_a_hostile_text_cannot_make_endless_problems() -> None:
    """The list of problems has an end, and so has each message."""
    problems = problems_in('{"text":"","texts":[' + ",".join(["1"] * 100_000) + '],"' + "k" * 10**6 + '":1}')
    assert len(problems) == MAX_PROBLEMS
    assert max(len(message) for _, message in problems) < 200


def test_brackets_inside_texts_do_not_count_as_levels() -> None:
    """Also behind escaped quotes and backslashes."""
    text = '\\"' + "[" * 300 + "\\\\"
    assert from_text(f'{{"text":"{text}"}}', Sample).text == '"' + "[" * 300 + "\\"


@pytest.mark.parametrize("value", [b"x", 1.5, ["list"], object(), True, "\ud800"])
def test_what_could_not_be_read_is_not_written(value: object) -> None:
    """A record in memory can hold anything; writing it finds out."""
    with pytest.raises(ProblemsError, match=r"point\.x"):
        to_text(Sample("", point=Point(value)))  # type: ignore[arg-type]  # the wrong type is the test


def test_a_record_that_is_too_deep_is_not_written() -> None:
    """A tree of thousands of levels is a problem, not a recursion error."""
    deep = Sample("x")
    for _ in range(5000):
        deep = Sample("x", below=(deep,))
    with pytest.raises(ProblemsError, match="nested deeper than 200 levels"):
        to_text(deep)
