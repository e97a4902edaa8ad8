"""A TLS context is tried, put in force, and taken back."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from svcctl.application import tls
from svcctl.application.certificates.renewal import Renewal
from svcctl.application.clients.connecting import Dialer
from svcctl.endpoints.clients import SslClient
from svcctl.errors import ConfigurationError
from tests.fakes import loop as jumping


class Counted(Renewal[int]):
    """Makes numbers; a negative one is an error."""

    number = 0

    def make(self) -> int:
        """Return the next number."""
        self.number += 1
        if self.number < 0:
            raise ValueError(self.number)
        return self.number


def test_what_was_tried_is_what_is_put_in_force() -> None:
    """Nothing is made twice; without a trial it is made then."""
    counted = Counted()
    counted.renew()
    counted.check()
    assert counted.current == 1
    counted.apply()
    assert counted.current == counted.number == 2
    counted.apply()
    assert counted.current == 3


def test_going_back_is_possible_once() -> None:
    """To what was in force before."""
    counted = Counted()
    counted.renew()
    counted.revert()
    assert counted.current == 1
    counted.check()
    counted.apply()
    for _ in range(2):
        counted.revert()
        assert counted.current == 1


@pytest.mark.parametrize("step", ["renew", "check", "apply"])
def test_an_error_leaves_what_is_in_force_and_forgets_an_earlier_trial(step: str) -> None:
    """The next attempt makes a new one."""
    counted = Counted()
    counted.renew()
    if step == "check":
        counted.check()
    counted.number = -10
    with pytest.raises(ValueError, match="-9"):
        getattr(counted, step)()
    assert counted.current == 1
    counted.number = 20
    counted.apply()
    assert counted.current == 21


def test_a_folder_that_was_taken_back_stays_so_until_it_changes_again(pems: Path, tmp_path: Path) -> None:
    """The looks at its files do not put in force what a reload has just taken back."""

    def change(source: str) -> None:
        (tmp_path / ".new").write_bytes((pems / source).read_bytes())
        (tmp_path / ".new").replace(tmp_path / "web.pem")

    async def main() -> None:
        change("leaf.all")
        current = tls.CurrentContext(tls.Folder(str(tmp_path)))
        before = current()
        change("renewed.all")
        current.check()
        current.apply()
        assert current() is not before
        current.revert()
        await asyncio.sleep(100)
        assert current() is before
        change("leaf.all")
        await asyncio.sleep(100)
        assert current() is not before

    jumping.run(main())


def test_a_client_checks_its_files_before_it_uses_them(pems: Path, tmp_path: Path) -> None:
    """A folder of authorities that is empty is refused, and what was read before stays."""
    folder = tmp_path / "trusted"
    folder.mkdir()
    (folder / "root.pem").write_bytes((pems / "root.pem").read_bytes())
    dialer = Dialer(SslClient("localhost", 443, caCertsDir=str(folder)))
    dialer.renew()
    before = dialer.current
    dialer.check()
    dialer.apply()
    assert dialer.current is not before
    dialer.revert()
    assert dialer.current is before
    (folder / "root.pem").unlink()
    with pytest.raises(ConfigurationError):
        dialer.check()
    assert dialer.current is before
