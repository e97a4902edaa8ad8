"""What goes on at the same time while a package is made."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from svcctl.errors import SvcctlError
from svcctl.operations import deb, preparation
from svcctl.operations.packaging import program
from svcctl.operations.packaging.request import DebRequest, Sources
from svcctl.operations.request import InstallRequest

LIMIT = 60.0


@pytest.mark.parametrize(
    ("sources", "sign", "expected"),
    [
        (Sources(), "", True),
        (Sources(requirements="requirements.txt"), "", True),
        (Sources(project="."), "", False),  # its back end may write what the application imports
        (Sources(), "-", False),  # that there is no key is told first
    ],
)
def test_wheels_are_gathered_while_the_application_is_described(
    sources: Sources, sign: str, *, expected: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And what is wrong with the application is told first."""
    gathering = threading.Event()

    def gather(*_: object) -> None:
        gathering.set()
        raise SvcctlError("no wheels")

    def describe(_: object) -> None:
        assert gathering.wait(LIMIT if expected else 0) == expected
        raise SvcctlError("no application")

    monkeypatch.setattr(program, "gather", gather)
    monkeypatch.setattr(preparation, "describe_requested", describe)
    service = InstallRequest(application=str(tmp_path / "shop.tac"))
    request = DebRequest(service=service, distribution="bookworm", sources=sources, sign=sign)
    with pytest.raises(SvcctlError, match="no application"):
        deb.make_package(request, tell=print)
