from __future__ import annotations

import contextlib

from hypothesis import given
from hypothesis import strategies as st

from svcctl.endpoints.client_grammar import LONGEST_TIMEOUT, format_client, parse_client
from svcctl.endpoints.clients import CLIENT_TYPES, ClientEndpoint, SslClient, TcpClient, TlsClient, UnixClient
from svcctl.endpoints.grammar import DOMAINS, MAX_UNIX_PATH, format_endpoint, parse_endpoint
from svcctl.endpoints.rare import RARE_TYPES, Haproxy, Stdio, Tls, Unixgram
from svcctl.endpoints.values import TYPES, Endpoint, Ssl, Systemd, Tcp, Tcp6, Udp, Unix
from svcctl.errors import EndpointError

PORTS = st.integers(0, 65_535)
NUMBERS = st.integers(0, 2**31 - 1)
SPECIAL = st.text(alphabet=":\\=\n ä€𝄞'\"%$0iname")
TEXTS = SPECIAL | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
PATHS = TEXTS.filter(lambda text: 1 <= len(text.encode()) <= MAX_UNIX_PATH)
NAMES = st.text(
    st.characters(min_codepoint=32, max_codepoint=126, exclude_characters=":"), min_size=1, max_size=255
)
STREAMS = st.one_of(
    st.builds(Tcp, PORTS, TEXTS, NUMBERS),
    st.builds(Tcp6, PORTS, NUMBERS, TEXTS),
    st.builds(Ssl, PORTS, TEXTS, TEXTS, TEXTS, TEXTS, NUMBERS, TEXTS),
    st.builds(Unix, PATHS, st.integers(0, 0o7777), NUMBERS, st.booleans()),
    st.builds(Tls, TEXTS.filter(bool), PORTS, NUMBERS, TEXTS),
    st.builds(Systemd, st.sampled_from(DOMAINS), NUMBERS, st.none()),
    st.builds(Systemd, st.sampled_from(DOMAINS), st.none(), NAMES),
)
ENDPOINTS: st.SearchStrategy[Endpoint] = st.one_of(
    st.builds(Udp, PORTS, TEXTS, st.booleans()),
    st.builds(Stdio),
    st.builds(Unixgram, PATHS, st.integers(0, 0o7777)),
    STREAMS,
    st.builds(Haproxy, STREAMS),
)
HOSTS = st.text(st.characters(exclude_characters=" ", categories=["L", "N", "P"]), min_size=1, max_size=60)
TIMEOUTS = st.floats(0, LONGEST_TIMEOUT, exclude_min=True)
TCP_CLIENTS = st.builds(TcpClient, HOSTS, st.integers(1, 65_535), TIMEOUTS, TEXTS)
UNIX_CLIENTS = st.builds(UnixClient, PATHS, TIMEOUTS, st.booleans())
CLIENTS: st.SearchStrategy[ClientEndpoint] = st.one_of(
    TCP_CLIENTS,
    UNIX_CLIENTS,
    st.builds(SslClient, HOSTS, st.integers(1, 65_535), TIMEOUTS, TEXTS, TEXTS, TEXTS, TEXTS, TEXTS),
    st.builds(
        TlsClient,
        *(HOSTS, st.integers(1, 65_535), TIMEOUTS, TEXTS, TEXTS, TEXTS, TEXTS),
        st.none() | TCP_CLIENTS | UNIX_CLIENTS,
    ),
)
PIECES = st.sampled_from(
    [
        *TYPES,
        *RARE_TYPES,
        *CLIENT_TYPES,
        "port",
        "interface",
        "index",
        "name",
        "mode",
        *":::=\\",
        "80",
        "660",
        "INET",
        "/x",
    ]
)
DESCRIPTIONS = st.text() | st.lists(PIECES, max_size=12).map("".join)


@given(ENDPOINTS)
def test_every_endpoint_survives_being_written_and_read(endpoint: Endpoint) -> None:
    """Formatting loses nothing and escapes everything."""
    assert parse_endpoint(format_endpoint(endpoint)) == endpoint


@given(DESCRIPTIONS)
def test_any_text_parses_or_is_an_endpoint_error_with_a_position_inside(text: str) -> None:
    """No input leads to another error, and what parses is kept by writing it."""
    refused: list[EndpointError] = []
    try:
        endpoint = parse_endpoint(text)
    except EndpointError as error:
        refused.append(error)
    else:
        assert parse_endpoint(format_endpoint(endpoint)) == endpoint
    assert all(error.text == text and 0 <= error.position <= len(text) for error in refused)
    assert not any("\n" in str(error) for error in refused)


@given(ENDPOINTS, st.data())
def test_a_damaged_description_never_raises_another_error(endpoint: Endpoint, data: st.DataObject) -> None:
    """Dropping or doubling a piece of a right description is read or refused."""
    text = format_endpoint(endpoint)
    cut = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(cut, len(text)))
    damaged = data.draw(st.sampled_from([text[:cut] + text[end:], text[:end] + text[cut:]]))
    with contextlib.suppress(EndpointError):
        again = parse_endpoint(damaged)
        assert parse_endpoint(format_endpoint(again)) == again


@given(CLIENTS)
def test_every_client_survives_being_written_and_read(endpoint: ClientEndpoint) -> None:
    """The same for where clients connect."""
    assert parse_client(format_client(endpoint)) == endpoint


@given(DESCRIPTIONS)
def test_any_text_is_a_client_or_an_endpoint_error(text: str) -> None:
    """The same for them, too."""
    refused: list[EndpointError] = []
    try:
        endpoint = parse_client(text)
    except EndpointError as error:
        refused.append(error)
    else:
        assert parse_client(format_client(endpoint)) == endpoint
    assert all(0 <= error.position <= len(text) and "\n" not in str(error) for error in refused)
