"""Addresses with names for their parts."""

from __future__ import annotations

import pytest

from svcctl.application.address import IPv4Address, IPv6Address, UNIXAddress, named_address


def test_an_address_of_ipv4_has_a_host_and_a_port() -> None:
    """And is the tuple that the socket module has."""
    address = named_address(("127.0.0.1", 80), "TCP")
    assert isinstance(address, IPv4Address)
    assert (address.host, address.port, address.type) == ("127.0.0.1", 80, "TCP")
    assert address == ("127.0.0.1", 80)


def test_an_address_of_ipv6_has_flow_and_scope_besides() -> None:
    """As the framework names them."""
    address = named_address(("fe80::1", 53, 7, 2), "UDP")
    assert isinstance(address, IPv6Address)
    assert (address.host, address.port, address.flowInfo, address.scopeID) == ("fe80::1", 53, 7, 2)


def test_the_address_of_a_unix_socket_is_its_path() -> None:
    """By name, too."""
    address = named_address("/run/app.sock", "TCP")
    assert isinstance(address, UNIXAddress)
    assert (address, address.name) == ("/run/app.sock", "/run/app.sock")


@pytest.mark.parametrize("other", [None, b"\0abstract", 7])
def test_addresses_of_other_families_stay_as_they_are(other: object) -> None:
    """Nothing is known of their parts."""
    assert named_address(other, "TCP") is other
