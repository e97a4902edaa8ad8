"""A typed dataclass as options."""

from __future__ import annotations

import enum
import ipaddress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest

from svcctl.application.options.asked import HelpRequestedError
from svcctl.application.options.reading import read_options, table_of
from svcctl.application.options.values import seconds
from svcctl.errors import UsageError


class Colour(enum.Enum):
    """A choice."""

    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True, kw_only=True)
class Server:
    """Serves what it is told to."""

    root: Path = field(metadata={"help": "Folder to serve.", "short": "r"})
    port: int = field(default=80, metadata={"help": "Port to listen on.", "short": "p"})
    wait: float = field(default=1.5, metadata={"units": "seconds", "coerce": seconds, "help": "Patience."})
    name: str | None = None
    host: list[str] = field(default_factory=list, metadata={"help": "A host to serve."})
    number: tuple[int, ...] = ()
    utc: bool = False
    log: bool = True
    level: Literal["low", "high"] = "low"
    colour: Colour = Colour.RED
    address: ipaddress.IPv4Address | None = None
    dest_port: int = 0
    words: tuple[str, ...] = field(default=(), metadata={"rest": True})
    made: str = field(default="here", init=False)

    def __post_init__(self) -> None:
        """Refuse what does not go together."""
        if self.number and not self.host:
            raise ValueError("numbers need a host")


def parsed(*words: str) -> Any:  # noqa: ANN401 (an instance)
    """Return the options of a command line."""
    return read_options(Server, ["--root=/srv", *words], "svcctl run server")


@pytest.mark.parametrize(
    ("words", "name", "value"),
    [
        ([], "root", Path("/srv")),
        ([], "port", 80),
        (["-p", "8080"], "port", 8080),
        (["--wait=2"], "wait", 2.0),
        (["--name", "x"], "name", "x"),
        (["--host=a", "--host=b"], "host", ["a", "b"]),
        (["--host=a", "--number=1", "--number=2"], "number", (1, 2)),
        (["--utc"], "utc", True),
        (["--no-log"], "log", False),
        (["--no-log", "--log"], "log", True),
        (["--level=high"], "level", "high"),
        (["--colour=blue"], "colour", Colour.BLUE),
        (["--address=192.0.2.1"], "address", ipaddress.IPv4Address("192.0.2.1")),
        (["--dest-port=5"], "dest_port", 5),
        (["--dest_port=5"], "dest_port", 5),
        (["--utc", "a", "--b"], "words", ("a", "--b")),
        ([], "made", "here"),
    ],
)
def test_the_type_of_a_field_says_what_fits(words: list[str], name: str, value: object) -> None:
    """Texts become values of that type."""
    assert getattr(parsed(*words), name) == value


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--port=http"], "--port: 'http' is not a whole number"),
        (["--wait=-1"], "--wait: '-1' cannot be used: it is no span of time"),
        (["--level=middle"], "--level: 'middle' cannot be used: it is none of low, high"),
        (["--colour=green"], "--colour: 'green' cannot be used: it is none of red, blue"),
        (["--address=x"], "--address: 'x' cannot be used: "),
        (["--number=x"], "--number: 'x' is not a whole number"),
        (["--made=x"], "there is no option --made"),
        (["--utc=1"], "--utc takes no value"),
        (["--number=1"], "numbers need a host"),
    ],
)
def test_what_does_not_fit_names_its_option(words: list[str], said: str) -> None:
    """One line, status 64; what the class itself refuses, too."""
    with pytest.raises(UsageError) as caught:
        parsed(*words)
    assert said in str(caught.value)
    assert caught.value.exit_status == 64


def test_a_field_without_a_default_has_to_be_given() -> None:
    """All that are missing are named at once."""

    @dataclass
    class Two:
        one_thing: str
        other: int

    with pytest.raises(UsageError, match=r"^--one-thing, --other are needed$"):
        read_options(Two, [], "two")
    with pytest.raises(UsageError, match=r"^--other is needed$"):
        read_options(Two, ["--one-thing=x"], "two")


def test_words_behind_the_options_need_a_field_that_takes_them() -> None:
    """Else they are refused."""

    @dataclass
    class Plain:
        utc: bool = False

    assert read_options(Plain, ["--utc"], "plain") == Plain(utc=True)
    with pytest.raises(UsageError, match="there is 'x', expected nothing"):
        read_options(Plain, ["x"], "plain")


def test_the_help_has_units_defaults_choices_and_the_docstring() -> None:
    """And is raised, not printed."""
    with pytest.raises(HelpRequestedError) as caught:
        parsed("--help")
    lines = str(caught.value).splitlines()
    assert lines[0] == "Usage: svcctl run server [options] [WORDS …]"
    assert "  -r, --root=VALUE          Folder to serve. [needed]" in lines
    assert "      --wait=SECONDS        Patience. [default: 1.5 seconds]" in lines
    assert "      --host=VALUE          A host to serve. [repeatable]" in lines
    assert "      --level=VALUE         [one of low, high; default: low]" in lines
    assert lines[-1] == "Serves what it is told to."


def test_a_docstring_that_python_made_is_not_shown() -> None:
    """It says nothing that the options do not."""

    @dataclass
    class Plain:
        utc: bool = False

    assert table_of(Plain).about == ""
    assert [option.name for option in table_of(Plain).options] == ["utc", "help"]


def test_a_type_that_no_text_can_become_is_a_mistake_of_the_class() -> None:
    """It is told by the name of the field."""

    @dataclass
    class Wrong:
        table: dict[str, int] = field(default_factory=dict)

    with pytest.raises(TypeError, match="the field 'table' has a type"):
        read_options(Wrong, [], "wrong")
