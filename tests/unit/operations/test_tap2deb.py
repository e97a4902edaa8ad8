from __future__ import annotations

import pytest

from svcctl.errors import UsageError
from svcctl.operations.tap2deb import parse

WHO = ("--maintainer", "Ann Example <ann@example.org>")


def test_the_defaults_are_those_of_the_tool() -> None:
    """A saved application, version 1.0, signed, with its source."""
    request = parse(WHO)
    assert request is not None
    assert (request.service.application, request.service.name) == ("./twistd.tap", "twisted-twistd")
    assert (request.source, request.sign) == (True, "-")
    assert request.overrides == ("maintainer=Ann Example <ann@example.org>", "version=1.0")


def test_every_option_has_its_meaning() -> None:
    """In its long form and as a letter."""
    long = parse(
        [
            *(
                "--unsigned",
                "--tapfile=/srv/shop.tac",
                "--type=python",
                "--protocol=buy",
                "--set-version=2.1",
            ),
            *("--description=Sells things", "--long_description=And gives change.", *WHO),
        ]
    )
    short = parse(
        [
            *("-u", "-t", "/srv/shop.tac", "-y", "python", "-p", "buy", "-V", "2.1", "-e", "Sells things"),
            *("-l", "And gives change.", "-m", WHO[1]),
        ]
    )
    assert long == short
    assert long is not None
    assert (long.service.application, long.service.name, long.sign) == ("/srv/shop.tac", "twisted-buy", "")
    assert long.overrides == (
        "maintainer=Ann Example <ann@example.org>",
        "version=2.1",
        "synopsis=Sells things",
        "description=And gives change.",
    )


def test_the_package_can_have_a_name_of_its_own() -> None:
    """Whatever the protocol."""
    request = parse(["-d", "shop", "-p", "buy", *WHO])
    assert request is not None
    assert request.service.name == "shop"


def test_help_is_no_package() -> None:
    """Whatever else is asked for."""
    assert parse(["--help"]) is None


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "--maintainer is missing"),
        (("-y", "xml", *WHO), "there is no type 'xml'"),
        (("shop.tac", *WHO), "'shop.tac' is no option"),
        (("--shop", *WHO), "option --shop not recognized"),
    ],
)
def test_what_cannot_be_meant_is_refused(arguments: tuple[str, ...], said: str) -> None:
    """In a line that says what to type."""
    with pytest.raises(UsageError, match=said) as caught:
        parse(arguments)
    assert caught.value.hint
