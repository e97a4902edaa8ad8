"""Needs that follow from the services of an application."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from svcctl.application.service import Application, MultiService, Service
from svcctl.endpoints.clients import ClientEndpoint, TcpClient, UnixClient
from svcctl.manifest.model import Manifest, Needs, Origin

ORIGIN = Origin(kind="tac", digest="0" * 64)


class Client(Service):
    """A service that connects."""

    kind = "stream-client"

    def __init__(self, *endpoints: ClientEndpoint) -> None:
        self.endpoints = endpoints

    def connecting_to(self) -> Sequence[ClientEndpoint]:
        """Return where."""
        return self.endpoints


class Starter(Service):
    """A service that starts programs."""

    def __init__(self, *programs: str) -> None:
        self.programs = programs

    def starting_programs(self) -> Sequence[str]:
        """Return which."""
        return self.programs


def describe(*services: Service, **needs: Any) -> Manifest:  # noqa: ANN401 (needs of any type)
    """Describe an application with these services below a collection."""
    application = Application("shop", needs=needs)
    holder = MultiService()
    for service in services:
        service.setServiceParent(holder)
    holder.setServiceParent(application)
    return application.describe(ORIGIN)


def test_connections_are_described_where_they_are() -> None:
    """In the form of the descriptions of endpoints."""
    manifest = describe(Client(TcpClient("db.example", 5432), UnixClient("/run/x.sock")))
    assert manifest.tree.children[0].children[0].connections == (
        "tcp:db.example:port=5432",
        "unix:/run/x.sock",
    )


@pytest.mark.parametrize(
    ("endpoints", "needs", "network"),
    [
        ((TcpClient("db", 1),), {}, "outbound"),
        ((TcpClient("db", 1),), {"network": "inbound"}, "inbound"),
        ((UnixClient("/run/x"),), {}, "inbound"),
        ((UnixClient("/run/x"), TcpClient("db", 1)), {"directories": ("cache",)}, "outbound"),
        ((), {}, "inbound"),
    ],
)
def test_who_connects_over_the_network_needs_it(
    endpoints: tuple[ClientEndpoint, ...], needs: dict[str, Any], network: str
) -> None:
    """Unless the application says something about its network itself; sockets in files are no network."""
    assert describe(Client(*endpoints), **needs).needs.network == network


def test_programs_that_are_started_are_needed() -> None:
    """Each once, from the whole tree."""
    manifest = describe(Starter("/bin/a", "/bin/b"), Starter("/bin/a"))
    assert manifest.needs.programs == ("/bin/a", "/bin/b")


def test_a_program_without_a_path_may_be_any() -> None:
    """Where it is, is found out when it is started."""
    assert describe(Starter("/bin/a", "date")).needs.programs == ("*",)


def test_stated_programs_stay_as_they_are() -> None:
    """The author knows more: which programs those start, say."""
    assert describe(Starter("/bin/a"), programs=("/bin/x",)).needs.programs == ("/bin/x",)


def test_services_that_say_nothing_need_nothing_more() -> None:
    """The defaults stay."""
    assert describe(Service()).needs == Needs()
