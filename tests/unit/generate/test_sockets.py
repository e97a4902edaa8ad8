from __future__ import annotations

from dataclasses import replace

import pytest

from svcctl.endpoints.grammar import parse_endpoint
from svcctl.generate.systemd.addresses import AddressError, is_loopback, of_text
from svcctl.generate.systemd.options import SystemdOptions
from svcctl.generate.systemd.render import addresses
from svcctl.manifest.model import Manifest, ServiceNode
from svcctl.operations.request import pair
from tests.unit.generate.reading import found, texts, values
from tests.verify.cases import OPTIONS, make_manifest, make_node

TEMPLATE = replace(OPTIONS, instances=True)


def only_socket(manifest: Manifest, options: SystemdOptions = OPTIONS) -> str:
    """Return the text of the one socket unit."""
    (text,) = (text for name, text in texts(manifest, options).items() if name.endswith(".socket"))
    return text


def with_node(node: ServiceNode) -> Manifest:
    """Return an application of one service."""
    return replace(make_manifest(), tree=node)


@pytest.mark.parametrize(
    ("endpoint", "lines"),
    [
        ("tcp:8007", {"ListenStream": "0.0.0.0:8007", "Backlog": "50", "FileDescriptorName": "tcp-8007"}),
        ("tcp:80:interface=10.0.0.1:backlog=7", {"ListenStream": "10.0.0.1:80", "Backlog": "7"}),
        ("tcp:80:interface=localhost", {"ListenStream": "127.0.0.1:80"}),
        ("tcp:80:interface=\\:\\:1", {"ListenStream": "[::1]:80", "BindIPv6Only": "ipv6-only"}),
        ("tcp6:80", {"ListenStream": "[::]:80", "BindIPv6Only": "ipv6-only"}),
        ("tcp6:80:interface=localhost", {"ListenStream": "[::1]:80"}),
        ("tcp6:80:interface=fe80\\:\\:1%eth0", {"ListenStream": "[fe80::1%%eth0]:80"}),
        ("ssl:443", {"ListenStream": "0.0.0.0:443", "Backlog": "50"}),
        ("udp:53", {"ListenDatagram": "0.0.0.0:53"}),
        ("udp:53:interface=\\:\\:", {"ListenDatagram": "[::]:53", "BindIPv6Only": "ipv6-only"}),
        ("unix:/run/a b/100%i.sock:mode=660", {"ListenStream": "/run/a b/100%%i.sock", "SocketMode": "0660"}),
        ("unix:/run/x", {"SocketMode": "0666", "RemoveOnStop": "yes", "Backlog": "50"}),
        (
            "tls:/etc/certs:backlog=7",
            {
                "ListenStream": "[::]:443",
                "BindIPv6Only": "both",
                "Backlog": "7",
                "FileDescriptorName": "tls-443",
            },
        ),
        (r"tls:/etc/certs:interface=\:\:1", {"ListenStream": "[::1]:443", "BindIPv6Only": "ipv6-only"}),
        ("tls:/etc/certs:interface=10.0.0.1", {"ListenStream": "10.0.0.1:443"}),
        (
            "unixgram:/run/x:mode=600",
            {"ListenDatagram": "/run/x", "SocketMode": "0600", "RemoveOnStop": "yes"},
        ),
        ("haproxy:tcp:8007:backlog=9", {"ListenStream": "0.0.0.0:8007", "Backlog": "9"}),
        ("haproxy:unix:/run/x:mode=660", {"ListenStream": "/run/x", "SocketMode": "0660"}),
        ("haproxy:tcp:8007", {"FileDescriptorName": "tcp-8007"}),
    ],
)
def test_each_kind_of_endpoint_is_written_as_systemd_wants_it(endpoint: str, lines: dict[str, str]) -> None:
    """The address, and what systemd has to do as the application would."""
    text = only_socket(make_manifest(endpoint))
    assert {name: values(text, name) for name in lines} == {name: [value] for name, value in lines.items()}


def test_a_socket_unit_starts_its_service_with_a_limit_of_its_own() -> None:
    """The limit that keeps a broken application from being started for ever."""
    text = only_socket(make_manifest("tcp:8007"))
    assert values(text, "Service") == ["echo.service"]
    assert values(text, "TriggerLimitIntervalSec") == ["10s"]
    assert values(text, "TriggerLimitBurst") == ["10"]
    assert values(text, "WantedBy") == ["sockets.target"]


@pytest.mark.parametrize(
    ("endpoint", "said"),
    [
        ("tcp:0", "a port from 1 to 65535"),
        ("tcp:80:interface=example.org", "'example.org' is a name"),
        ("unix:run/x.sock", "an absolute path"),
        ("systemd:domain=INET:name=web", "only the init system knows its address"),
    ],
)
def test_an_endpoint_that_systemd_cannot_open_is_an_error_with_the_option_to_mend_it(
    endpoint: str, said: str
) -> None:
    """No socket unit is written for it."""
    manifest = make_manifest(endpoint)
    (error,) = found(manifest, OPTIONS, "error")
    (listener,) = manifest.listeners()
    assert error.subject == "echo/server0"
    assert said in error.message
    assert error.hint.startswith(f"give its address: --listen {listener.name}=")
    assert list(texts(manifest, OPTIONS)) == ["echo.service"]


@pytest.mark.parametrize(
    ("endpoint", "name", "given", "written"),
    [
        ("systemd:domain=INET:name=web", "web", "127.0.0.1:80", "127.0.0.1:80"),
        ("systemd:domain=INET:name=web", "web", "80", "0.0.0.0:80"),
        ("systemd:domain=INET6:name=web", "web", "80", "[::]:80"),
        ("systemd:domain=UNIX:name=web", "web", "/run/100%.sock", "/run/100%%.sock"),
        ("systemd:domain=INET:index=0", "index-0", "80", "0.0.0.0:80"),
        ("tcp:8007", "tcp-8007", "127.0.0.1:9", "127.0.0.1:9"),
    ],
)
def test_an_address_by_hand_is_used(endpoint: str, name: str, given: str, written: str) -> None:
    """It gives a handed-over socket its address, or another one to any listener."""
    options = replace(OPTIONS, listen=((name, given),))
    text = only_socket(make_manifest(endpoint), options)
    assert values(text, "ListenStream") == [written]
    assert values(text, "FileDescriptorName") == [name]
    assert found(make_manifest(endpoint), options, "error") == []


def test_a_datagram_service_on_a_socket_of_the_init_system_listens_for_datagrams() -> None:
    """The endpoint alone does not say so; the service does."""
    node = make_node("echo", "systemd:domain=INET:name=dns", kind="datagram-server")
    text = only_socket(with_node(node), replace(OPTIONS, listen=(("dns", "53"),)))
    assert values(text, "ListenDatagram") == ["0.0.0.0:53"]


@pytest.mark.parametrize(
    "given", ["", "x", "0", "65536", "1.2.3:80", "[::1]:80", "/run/x", "1.2.3.4:80\nService=x"]
)
def test_an_address_by_hand_that_does_not_fit_is_refused(given: str) -> None:
    """A wrong family would hand the service a socket that it cannot use."""
    with pytest.raises(AddressError):
        of_text(given, parse_endpoint("tcp:80"), instances=False)


def test_unknown_and_useless_addresses_by_hand_are_errors() -> None:
    """A misspelt name must not be passed over."""
    manifest = make_manifest("tcp:8007")
    (unknown,) = found(manifest, replace(OPTIONS, listen=(("tcp-80", "80"),)), "error")
    assert unknown.hint == "the listeners are tcp-8007"
    (useless,) = found(manifest, replace(OPTIONS, sockets=False, listen=(("tcp-8007", "80"),)), "error")
    assert "no" in useless.message


@pytest.mark.parametrize(
    ("endpoint", "written"),
    [
        ("tcp:8007", "0.0.0.0:%i"),
        ("tcp6:8007:interface=\\:\\:1", "[::1]:%i"),
        ("unix:/run/echo.sock", "/run/echo-%i.sock"),
        ("unix:/run/echo", "/run/echo-%i"),
        ("unix:/run/.echo", "/run/.echo-%i"),
        ("unix:/run/%i/100%.sock", "/run/%i/100%%.sock"),
    ],
)
def test_instances_differ_in_port_or_path(endpoint: str, written: str) -> None:
    """The instance's name replaces the port or goes into the path."""
    text = only_socket(make_manifest(endpoint), TEMPLATE)
    assert values(text, "ListenStream") == [written]
    assert values(text, "Service") == ["echo@%i.service"]


def test_with_several_ports_each_instance_needs_its_addresses_by_hand() -> None:
    """One name cannot stand for two ports."""
    manifest = make_manifest("tcp:8007", "tcp:8008", "unix:/run/x.sock")
    errors = found(manifest, TEMPLATE, "error")
    assert [one.subject for one in errors] == ["echo/server0", "echo/server1"]
    proposed = "--listen tcp-8007=0.0.0.0:%i --listen tcp-8008=0.0.0.0:1%i"
    assert {one.hint for one in errors} == {
        f"give each an address, no two of them with the same port: {proposed}"
    }
    options = replace(TEMPLATE, listen=tuple(pair(word) for word in proposed.split() if "=" in word))
    assert found(manifest, options, "error") == []
    given = replace(TEMPLATE, listen=(("tcp-8007", "%i"), ("tcp-8008", "127.0.0.1:1%i")))
    assert found(manifest, given, "error") == []
    assert addresses(manifest, given) == ("0.0.0.0:%i", "127.0.0.1:1%i", "/run/x-%i.sock")


def test_a_proposed_address_is_none_that_another_listener_was_given() -> None:
    """Also where systemd's own sockets have no address at all."""
    manifest = make_manifest("tcp:8007", "tcp6:8008", "udp:53")
    given = replace(TEMPLATE, listen=(("tcp-8007", "127.0.0.1:%i"), ("udp-53", "1%i")))
    (error,) = found(manifest, given, "error")
    assert error.hint == "give its address: --listen tcp6-8008=[::]:2%i"
    manifest = make_manifest("systemd:domain=INET:name=a", "systemd:domain=INET6:name=b", "tcp:8002")
    hints = {one.hint for one in found(manifest, replace(OPTIONS, listen=(("tcp-8002", "8000"),)), "error")}
    proposed = "--listen a=0.0.0.0:8001 --listen b=[::]:8002"
    assert hints == {f"give each an address, no two of them with the same port: {proposed}"}


def test_an_address_that_all_instances_would_share_is_refused() -> None:
    """The second instance could not start."""
    (error,) = found(make_manifest("tcp:8007"), replace(TEMPLATE, listen=(("tcp-8007", "80"),)), "error")
    assert "%i" in error.message


def test_a_shared_address_has_a_unit_for_each_of_those_who_share_it() -> None:
    """All of them hand over a descriptor of the same name."""
    manifest = make_manifest("udp:5353:shared=1", "udp:5353:shared=1")
    assert found(manifest, OPTIONS, "error") == []
    sockets = {name: text for name, text in texts(manifest, OPTIONS).items() if name.endswith(".socket")}
    assert set(sockets) == {"echo-udp-5353.socket", "echo-udp-5353_2.socket"}
    assert {values(text, "FileDescriptorName")[0] for text in sockets.values()} == {"udp-5353"}


def test_the_same_address_twice_names_both_services() -> None:
    """It could not be bound twice either."""
    (error,) = found(make_manifest("tcp:8007", "tcp:8007"), OPTIONS, "error")
    assert error.subject == "echo/server1"
    assert "echo/server0" in error.message


def test_an_index_among_several_sockets_is_refused() -> None:
    """Systemd does not define their order."""
    manifest = make_manifest("systemd:domain=INET:index=0", "tcp:8007")
    options = replace(OPTIONS, listen=(("index-0", "80"),))
    (error,) = found(manifest, options, "error")
    assert error.hint == "write name=NAME instead of index=N"


def test_addresses_lists_what_the_units_listen_on() -> None:
    """In the order of their names; none without socket activation."""
    manifest = make_manifest("udp:53", "unix:/run/x")
    assert addresses(manifest, OPTIONS) == ("0.0.0.0:53", "/run/x")
    assert addresses(manifest, replace(OPTIONS, sockets=False)) == ()


@pytest.mark.parametrize(
    ("endpoint", "loopback"),
    [
        ("tcp:80", False),
        ("tcp:80:interface=127.0.0.2", True),
        ("tcp:80:interface=localhost", True),
        ("tcp6:80:interface=\\:\\:1", True),
        ("tcp6:80", False),
        ("tcp:80:interface=example.org", False),
        ("unix:/x", True),
        ("systemd:domain=INET:name=x", False),
    ],
)
def test_loopback_addresses_are_known(endpoint: str, loopback: bool) -> None:  # noqa: FBT001 (a column of the table)
    """Only clients of this machine reach them."""
    assert is_loopback(parse_endpoint(endpoint)) is loopback


def test_a_socket_in_the_runtime_folder_is_refused() -> None:
    """Systemd removes that folder, and the socket in it, whenever the service stops."""
    manifest = make_manifest("unix:/run/echo/echo.sock")
    needs = replace(manifest.needs, directories=("runtime",))
    (error,) = found(replace(manifest, needs=needs), OPTIONS, "error")
    assert error.hint == "let it listen beside that folder, such as unix:/run/echo.sock"
    assert found(manifest, OPTIONS, "error") == []
