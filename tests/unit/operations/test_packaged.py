"""Applications that came in Debian packages: svcctl knows them, and leaves their files to dpkg."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from svcctl.errors import ConfigurationError, UsageError
from svcctl.host import receipts
from svcctl.host.machine import Machine
from svcctl.operations.control import control
from svcctl.operations.diff import diff
from svcctl.operations.install import install
from svcctl.operations.list import list_installed
from svcctl.operations.request import InstallRequest
from svcctl.operations.rollback import rollback
from svcctl.operations.status import status
from svcctl.operations.uninstall import uninstall
from svcctl.operations.upgrade import upgrade
from svcctl.plan import codec
from svcctl.plan.model import Receipt
from tests.fakes.describing import FakeDescribe
from tests.fakes.machines import picture
from tests.fakes.systemctl import FakeSystemctl

REQUEST = InstallRequest(application="/srv/echo.tac", python="/usr/bin/python3")
OWN = "var/lib/svcctl/receipts/echo.json"
PACKAGED = "usr/share/svcctl/receipts/echo.json"


@pytest.fixture
def packaged(root: Path, machine: Machine, describing: FakeDescribe) -> Receipt:
    """Put an application on the machine as a package does."""
    assert describing.manifest.application.name == "echo"
    receipt = install(REQUEST).receipt
    (root / "usr/lib/systemd").mkdir(parents=True)
    (root / "etc/systemd/system").rename(root / "usr/lib/systemd/system")
    (root / "etc/systemd/system").mkdir()
    shutil.rmtree(root / "var")
    files = tuple(
        replace(file, path=file.path.replace(machine.unit_directory, "/usr/lib/systemd/system"))
        for file in receipt.files
    )
    return write(root, replace(receipt, files=files, package="echo"))


def write(root: Path, receipt: Receipt) -> Receipt:
    """Put a receipt where packages have theirs."""
    (root / PACKAGED).parent.mkdir(parents=True, exist_ok=True)
    (root / PACKAGED).write_text(codec.encode_receipt(receipt))
    return receipt


def test_a_packaged_application_is_listed_shown_and_enabled(
    packaged: Receipt, root: Path, systemctl: FakeSystemctl
) -> None:
    """As one that svcctl has installed; a unit that is missing comes back with the package."""
    assert [entry.name for entry in list_installed().entries] == ["echo"]
    (root / "usr/lib/systemd/system/echo.socket").unlink()
    found = status("echo")
    assert (found.receipt, found.addresses) == (packaged, packaged.addresses)
    (gone,) = (each for each in found.findings if each.message == "is gone")
    assert gone.hint == "apt install --reinstall ./echo_VERSION.deb"
    assert control("enable", "echo").units == ("echo.socket", "echo.service")
    assert systemctl.units("enabled") == {"echo.socket", "echo.service"}


@pytest.mark.parametrize(
    ("verb", "act", "hint"),
    [
        ("uninstall", lambda: uninstall("echo"), "apt remove echo, or apt purge echo"),
        ("upgrade", lambda: upgrade("echo"), "apt install ./echo_NEWER.deb"),
        ("roll back", lambda: rollback("echo"), "apt install --allow-downgrades ./echo_OLDER.deb"),
        ("compare", lambda: diff("echo"), "dpkg --verify echo"),
        ("install", lambda: install(REQUEST), "apt install ./echo_NEWER.deb"),
    ],
    ids=["uninstall", "upgrade", "rollback", "diff", "install"],
)
@pytest.mark.usefixtures("packaged")
def test_what_dpkg_has_installed_is_left_to_it(
    verb: str, act: Callable[[], object], hint: str, root: Path
) -> None:
    """With the command that does the same to a package."""
    before = picture(root)
    with pytest.raises(UsageError) as caught:
        act()
    assert caught.value.message == f"echo came in the Debian package echo, which svcctl does not {verb}"
    assert hint in caught.value.hint
    assert picture(root) == before


@pytest.mark.usefixtures("packaged")
def test_an_address_of_a_packaged_application_is_taken(describing: FakeDescribe) -> None:
    """Whoever has it is named, and how it goes."""
    info = replace(describing.manifest.application, name="other")
    describing.manifest = replace(describing.manifest, application=info)
    with pytest.raises(ConfigurationError, match="belongs to the installed application echo") as caught:
        install(replace(REQUEST, application="/srv/other.tac"))
    assert "apt remove echo" in caught.value.hint


def test_what_svcctl_has_installed_goes_before_a_package(
    packaged: Receipt, root: Path, machine: Machine
) -> None:
    """As its units go before those of the package."""
    own = replace(packaged, package="", application="/srv/own.tac")
    (root / OWN).parent.mkdir(parents=True, exist_ok=True)
    (root / OWN).write_text(codec.encode_receipt(own))
    assert receipts.read(machine, "echo") == own
    assert receipts.read_all(machine).receipts == (own,)


@pytest.mark.usefixtures("packaged")
def test_a_damaged_receipt_of_a_package_comes_back_with_it(root: Path, machine: Machine) -> None:
    """Removing it by hand would not be noticed by dpkg."""
    (root / PACKAGED).write_text("{")
    with pytest.raises(ConfigurationError, match="is damaged") as caught:
        receipts.read(machine, "echo")
    assert f"dpkg --search /{PACKAGED}" in caught.value.hint
