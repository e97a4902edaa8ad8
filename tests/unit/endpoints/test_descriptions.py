"""What people may write besides the grammar: old spellings and types of plug-ins."""

from __future__ import annotations

import pytest

from svcctl.endpoints.descriptions import resolve, resolve_endpoint
from svcctl.endpoints.rare import Unixgram
from svcctl.endpoints.values import Endpoint, Tcp, Unix
from svcctl.errors import ConfigurationError, EndpointError, UsageError
from tests.unit.endpoints.conftest import Install


@pytest.mark.parametrize(
    ("text", "endpoint"),
    [
        ("8080", Tcp(8080)),
        ("port=80", Tcp(80)),
        ("port=80:interface=127.0.0.1", Tcp(80, "127.0.0.1")),
        ("interface=127.0.0.1:port=80", Tcp(80, "127.0.0.1")),
    ],
)
def test_a_description_without_a_type_is_tcp_with_a_warning(text: str, endpoint: Endpoint) -> None:
    """It names the new spelling and points at the line of whoever wrote it."""
    with pytest.warns(DeprecationWarning, match=f"write 'tcp:{text}'") as caught:
        assert resolve(text) == endpoint
    assert caught[0].filename == __file__


def test_the_type_of_a_description_without_one_may_be_another() -> None:
    """As the framework's second argument had it."""
    with pytest.warns(DeprecationWarning, match="write 'unix:/run/s'"):
        assert resolve("/run/s", default="unix") == Unix("/run/s")


@pytest.mark.parametrize(
    ("text", "position", "expected"),
    [
        ("99999", 0, "a port from 0 to 65535"),
        ("port=x", 0, "a port from 0 to 65535"),
        ("port=80:intreface=a", 8, "did you mean 'interface'?"),
        ("interface=a", 11, "'port'"),
        ("80:interface=a", 0, "a type first: 'tcp:80'"),
        ("/run/s", 0, "a type first, as in 'unix:/run/web.sock'"),
        ("interface=a:80", 0, "one of the types"),
        ("", 0, "one of the types"),
        ("nosuchtype:80", 0, "one of the types"),
        ("nosuch:a=1:a=2", 11, "'a' once only"),
    ],
)
def test_what_is_wrong_in_an_old_spelling_is_an_error_at_its_place(
    text: str, position: int, expected: str
) -> None:
    """In the text as it was written."""
    with pytest.raises(EndpointError) as caught:
        resolve(text)
    assert (caught.value.text, caught.value.position) == (text, position)
    assert expected in caught.value.expected


PLUGIN = """
from svcctl.endpoints.rare import Unixgram
from svcctl.endpoints.values import Unix, Tcp
from svcctl.errors import EndpointError

def local(name, mode="600"):
    return Unix(f"/run/{name}.sock", int(mode, 8))

def fussy(*arguments):
    raise EndpointError("fussy", 0, "nothing at all")

def broken(*arguments):
    return 1 / 0

def strange(*arguments):
    return 42

class Maker:
    def service(self, factory):
        return factory

def maker(*arguments):
    return Maker()
"""
NAMES = ("local", "fussy", "broken", "strange", "maker", "tcp")


@pytest.fixture
def _onions(install: Install) -> None:
    install(PLUGIN, **{name: f"onions_plugin:{name}" for name in NAMES}, absent="no_such_module:x")


@pytest.mark.usefixtures("_onions")
def test_a_plug_in_gets_the_arguments_as_text_and_returns_an_endpoint() -> None:
    """By position and by name, without their backslashes."""
    assert resolve(r"local:a\:b:mode=660") == Unix("/run/a:b.sock", 0o660)
    assert resolve_endpoint("local:a") == Unix("/run/a.sock", 0o600)
    assert resolve_endpoint("Local:a") == Unix("/run/a.sock", 0o600)


@pytest.mark.usefixtures("_onions")
def test_no_plug_in_takes_the_place_of_a_type_of_ours() -> None:
    """Whatever it is called."""
    assert resolve("tcp:80") == Tcp(80)
    assert resolve("unixgram:/x") == Unixgram("/x")


@pytest.mark.usefixtures("_onions")
def test_a_plug_in_that_makes_services_is_for_strports_service() -> None:
    """Where only an endpoint will do, that is said."""
    with pytest.raises(UsageError) as caught:
        resolve_endpoint("maker:")
    assert "strports.service" in caught.value.hint


@pytest.mark.usefixtures("_onions")
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("broken:1", "the plug-in 'broken' of onions 1.0 failed: ZeroDivisionError: division by zero"),
        ("strange:", "the plug-in 'strange' of onions 1.0 returned int"),
        ("absent:", "the plug-in 'absent' of onions 1.0 failed: ModuleNotFoundError"),
        ("local:a:b:c", "the plug-in 'local' of onions 1.0 failed: TypeError: local() takes"),
    ],
)
def test_a_broken_plug_in_is_one_line_that_names_its_distribution(text: str, message: str) -> None:
    """And what it raised."""
    with pytest.raises(ConfigurationError) as caught:
        resolve(text)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.usefixtures("_onions")
def test_what_a_plug_in_itself_has_to_say_is_left_as_it_is() -> None:
    """It knows its arguments best."""
    with pytest.raises(EndpointError, match="nothing at all"):
        resolve("fussy:1")


@pytest.mark.usefixtures("_onions")
def test_an_unknown_type_is_told_with_those_of_plug_ins() -> None:
    """Each once."""
    with pytest.raises(EndpointError) as caught:
        resolve("locale:a")
    assert caught.value.expected.endswith(
        "absent, broken, fussy, local, maker, strange; did you mean 'local'?"
    )


def test_two_plug_ins_of_one_type_are_an_error_that_names_both(install: Install) -> None:
    """Neither of them is taken by chance."""
    install(PLUGIN, "onions", layered="onions_plugin:local")
    install(PLUGIN, "shallots", layered="shallots_plugin:local")
    with pytest.raises(ConfigurationError, match=r"claimed by onions 1\.0 and shallots 1\.0"):
        resolve("layered:1")
