"""Lines that ask systemd for secrets, and the file that settings are set in."""

from __future__ import annotations

from dataclasses import replace

import pytest

from svcctl.generate.systemd.credentials import drop_in, stored_name, takes_encrypted
from svcctl.generate.systemd.defaults import defaults
from svcctl.host.environment import parse
from svcctl.manifest.model import Needs, Setting
from tests.unit.generate.reading import found, service, values
from tests.verify.cases import ECHO, OPTIONS, make_manifest

ASKING = make_manifest(needs=Needs(credentials=("a", "b.pem")))
USERS = replace(OPTIONS, scope="user")


def test_each_application_has_its_own_credentials_in_the_store() -> None:
    """Under its own name, whatever another calls its."""
    assert values(service(ASKING, OPTIONS), "LoadCredential") == ["a:echo@a", "b.pem:echo@b.pem"]
    assert stored_name("shop", "eu.key") != stored_name("shop.eu", "key")


def test_where_one_line_takes_plain_and_encrypted_ones_it_is_written() -> None:
    """And nothing beside it, which would come first."""
    text = service(ASKING, replace(OPTIONS, version=257))
    assert values(text, "ImportCredential") == ["echo@a:a", "echo@b.pem:b.pem"]
    assert values(text, "LoadCredential") == []
    assert takes_encrypted(text, "echo", "a")
    assert not takes_encrypted(service(ASKING, OPTIONS), "echo", "a")


@pytest.mark.parametrize("version", [252, 257])
def test_a_users_manager_takes_them_from_the_users_own_folder(version: int) -> None:
    """The stores of the machine are closed to it."""
    text = service(ASKING, replace(USERS, version=version))
    assert values(text, "LoadCredential") == ["a:%E/credstore/echo@a", "b.pem:%E/credstore/echo@b.pem"]
    assert values(text, "ImportCredential") == []


def test_a_drop_in_has_an_older_unit_take_an_encrypted_one() -> None:
    """Under the name that the unit has for it."""
    lines = drop_in("echo", "a").decode().splitlines()
    assert [line for line in lines if line and line[0] != "#"] == [
        "[Service]",
        "LoadCredentialEncrypted=a:echo@a",
    ]


def test_settings_are_told_with_their_forms() -> None:
    """What has to be set, and what is there otherwise."""
    settings = (
        Setting(name="PORT", expects="a whole number", default="80"),
        Setting(name="DSN", expects="a text"),
        Setting(name="GIVEN", expects="a text"),
    )
    manifest = make_manifest(needs=Needs(environment=("HOME", "PORT"), settings=settings))
    options = replace(OPTIONS, environment=(("GIVEN", "x"),))
    (note,) = (each for each in found(manifest, options) if each.subject == "needs.environment")
    assert note.message == (
        "the application reads HOME, PORT (a whole number, else 80), DSN (a text, which has to be set)"
    )


def test_the_file_for_settings_has_each_commented_out() -> None:
    """With its form and its default, as systemd would read it."""
    settings = (
        Setting(name="PORT", expects="a whole number", default="80"),
        Setting(name="DSN", expects="a text"),
        Setting(name="WORDS", expects="a text", default='two "words" $1'),
    )
    text = defaults(make_manifest(needs=Needs(settings=settings)), OPTIONS).decode()
    assert text == (
        "# Settings of echo, a NAME=value on each line.\n"
        "# They take effect when it starts again: svcctl restart echo\n"
        "\n# A whole number.\n#PORT=80\n"
        "\n# A text; it has to be set.\n#DSN=\n"
        '\n# A text.\n#WORDS="two \\"words\\" \\$1"\n'
    )
    assert parse(text) == {}
    assert parse(text.replace("#WORDS", "WORDS"))["WORDS"] == 'two "words" $1'


def test_nothing_that_an_application_says_takes_effect_in_the_file() -> None:
    """It is root's, and the application is anybody's."""
    hostile = "x\nLD_PRELOAD=/tmp/x.so\u2028\r\nPATH=/tmp \\"
    settings = (Setting(name="PORT", expects=hostile, default=hostile),)
    text = defaults(make_manifest(needs=Needs(settings=settings)), OPTIONS).decode()
    assert all(not line or line.startswith("#") for line in text.splitlines())
    assert parse(text) == {}


def test_without_settings_there_is_no_file() -> None:
    """Names alone say nothing that could be set."""
    assert defaults(ECHO, OPTIONS) == b""


def test_a_service_that_systemd_cannot_give_its_credentials_is_not_started_again() -> None:
    """They would not be others the next time."""
    for options in (OPTIONS, replace(OPTIONS, scope="user")):
        (statuses,) = values(service(ASKING, options), "RestartPreventExitStatus")
        assert statuses.split()[-1] == "243"
    (statuses,) = values(service(ECHO, OPTIONS), "RestartPreventExitStatus")
    assert "243" not in statuses
