from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.loading.target import is_plugin
from svcctl.operations import request
from svcctl.operations.request import InstallRequest, from_options, to_options

word = st.text(min_size=1).filter(lambda text: not text.startswith("-"))
name = st.text(alphabet="abcXYZ_", min_size=1)


@st.composite
def requests(draw: st.DrawFn) -> InstallRequest:
    """Draw a request with any of its options."""
    pairs = st.lists(st.tuples(name, st.text()), max_size=2).map(tuple)
    words = st.lists(word, max_size=2).map(tuple)
    application = draw(word | st.just("web"))
    return InstallRequest(
        application=application,
        arguments=draw(st.lists(st.text(), max_size=3).map(tuple)) if is_plugin(application) else (),
        name=draw(st.none() | word),
        python=draw(st.none() | word),
        scope=draw(st.sampled_from(("system", "user"))),
        root=draw(st.just("") | word),
        systemd_version=draw(st.none() | st.integers(1, 300)),
        sockets=draw(st.booleans()),
        environment=draw(pairs),
        environment_files=draw(words),
        settings=draw(st.lists(st.tuples(name, name, st.text()), max_size=2).map(tuple)),
        after=draw(words),
        requires=draw(words),
        instances=draw(st.booleans()),
        listen=draw(pairs),
        passphrase=draw(st.none() | word),
    )


@given(requests())
def test_the_options_of_a_request_ask_for_the_same(wanted: InstallRequest) -> None:
    """What a receipt keeps is enough to repeat it."""
    assert from_options(to_options(wanted), scope=wanted.scope) == wanted


def test_what_is_done_once_is_not_repeated() -> None:
    """Starting and enabling."""
    assert to_options(InstallRequest(application="a.tac", enable=True, now=True)) == ("a.tac",)


def test_options_of_somebody_else_are_refused() -> None:
    """A receipt is a file, and files are edited."""
    with pytest.raises(ValueError, match="'--what' is no option"):
        from_options(("a.tac", "--what"), scope="system")


@pytest.mark.parametrize("text", ["", "A", "=b"])
def test_a_pair_needs_a_name_and_an_equals_sign(text: str) -> None:
    """The value may be empty or hold more of them."""
    assert request.pair("A=b=") == ("A", "b=")
    with pytest.raises(ValueError, match="is not NAME=VALUE"):
        request.pair(text)


@pytest.mark.parametrize("text", ["MemoryMax=1G", ".MemoryMax=1G", "Service.=1G"])
def test_a_setting_needs_a_section_and_a_directive(text: str) -> None:
    """In front of the value."""
    assert request.setting("Service.Environment=A=b.c") == ("Service", "Environment", "A=b.c")
    with pytest.raises(ValueError, match=r"is not Section\.Directive=VALUE"):
        request.setting(text)
