"""What svcctl brings into pytest: one fixture, and nothing that is imported before a test asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import Unpack

    from svcctl.testing.init import FakeInit, Maker, Options


@pytest.fixture
def fake_init() -> Iterator[Maker]:
    """Give the function that puts an application under a fake init; see :func:`svcctl.testing.init.fake_init`.

    What is still running after the test is killed, and the transcript is shown if the test has failed.
    """
    from svcctl.testing import init  # noqa: PLC0415 (the plug-in is loaded by every pytest on the machine)

    made: list[FakeInit] = []

    def make(application: str | Path, *arguments: str, **options: Unpack[Options]) -> FakeInit:
        service = init.fake_init(application, *arguments, **options)
        made.append(service)
        return service

    yield make
    for service in made:
        service.close()
        print(service.transcript)  # noqa: T201 (pytest shows it with a failure)
