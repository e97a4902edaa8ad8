"""Applications that Twisted has pickled: what ``twistd -f shop.tap`` takes."""

from __future__ import annotations

import hashlib
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from svcctl.loading.describe import describe
from svcctl.testing.init import FakeInit

if TYPE_CHECKING:
    from svcctl.testing.init import Maker

TILL = """
from twisted.application import internet, service
from twisted.internet import protocol
from twisted.persisted import styles
from zope.interface import implementer

class Echo(protocol.Protocol):
    def dataReceived(self, data):
        self.transport.write(data)

class Till(service.Service, styles.Versioned):
    persistenceVersion = 2
    coins = 3
    def upgradeToVersion2(self):
        self.coins *= 100
    def startService(self):
        service.Service.startService(self)
        print("coins", self.coins, flush=True)

def make():
    application = service.Application("shop")
    Till().setServiceParent(application)
    factory = protocol.Factory()
    factory.protocol = Echo
    internet.UNIXServer("shop.sock", factory).setServiceParent(application)
    return application
"""
SAVE = """
import till
from twisted.persisted import sob
till.Till.persistenceVersion = 1
application = till.make()
sob.IPersistable(application).save(filename="shop.tap")
"""
WARNING = "warning svcctl.application.persisting.files: a pickle is loaded that carries no digest; loading it executes what is in it"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """Return the folder of an application that Twisted itself has saved."""
    (tmp_path / "till.py").write_text(TILL)
    command = [sys.executable, "-W", "ignore", "-c", SAVE]
    environment = {"PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
    subprocess.run(command, cwd=tmp_path, env=environment, check=True, umask=0o022)
    assert (tmp_path / "shop.tap").read_bytes()[:2] == pickle.PROTO + b"\x02"
    return tmp_path


def test_it_serves_brought_up_to_date_and_with_a_warning(shop: Path, fake_init: Maker) -> None:
    """Twisted's own upgrades run; it is not saved when it stops, since its services run changed."""
    with fake_init(shop / "shop.tap", folder=shop, environment={"PYTHONPATH": str(shop)}) as init:
        assert init.stdout == "coins 300\n"
        assert (shop / "shop.sock").is_socket()
        assert WARNING in init.stderr
        assert init.stop().code == 0
    assert sorted(each.name for each in shop.glob("*.tap*")) == ["shop.tap"]


def test_the_command_line_of_twistd_takes_it(shop: Path) -> None:
    """As it was written for it, without the option that nothing is to be saved."""
    command = [sys.executable, "-P", "-m", "svcctl", "twistd", "-n", "--pidfile=", "-f", "shop.tap"]
    with FakeInit(command, folder=shop, environment={"PYTHONPATH": str(shop)}) as init:
        assert "coins 300" in init.stdout
        assert init.stop().code == 0


def test_units_start_it_by_its_digest(shop: Path, fake_init: Maker) -> None:
    """As every other saved application; it begins anew each time."""
    digest = hashlib.sha256((shop / "shop.tap").read_bytes()).hexdigest()
    environment = {"PYTHONPATH": str(shop)}
    with fake_init(shop / "shop.tap", "--resume", digest, folder=shop, environment=environment) as init:
        assert init.stop().code == 0
    (shop / "shop.tap").write_bytes(pickle.dumps(None))
    with fake_init(
        shop / "shop.tap", "--resume", digest, folder=shop, environment=environment, block=False
    ) as init:
        assert init.wait().code == 65
        assert "is not as it was when it was installed" in init.stderr


def test_it_is_described_without_rights(shop: Path) -> None:
    """Root reads it and holds it against the rules; it is executed as somebody without rights."""
    manifest = describe(
        str(shop / "shop.tap"),
        python=sys.executable,
        user=None,
        environment={"PYTHONPATH": str(shop)},
        time_limit=30.0,
    ).manifest
    assert manifest.application.name == "shop"
    assert manifest.origin.kind == "saved"
    assert [each.endpoint for each in manifest.listeners()] == ["unix:shop.sock"]


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("shop.tap", lambda file: file.chmod(0o666), "can be written by other users"),
        ("shop.tap", lambda file: file.write_bytes(file.read_bytes()[:40]), "pickle"),
        ("shop.etap", lambda file: file.write_bytes(os.urandom(64)), "Twisted up to 17.5 encrypted"),
        ("shop.tas", lambda file: file.write_text("app = None\n"), "Twisted has saved as source"),
    ],
    ids=["of others", "truncated", "encrypted", "source"],
)
def test_what_cannot_be_used_is_told(
    shop: Path, fake_init: Maker, name: str, change: object, message: str
) -> None:
    """The rules are those of all saved files; the forms that are not read are named."""
    file = (shop / "shop.tap").rename(shop / name)
    change(file)  # type: ignore[operator]  # a function
    environment = {"PYTHONPATH": str(shop), "PASSPHRASE": "coins"}
    arguments = ("--passphrase=env:PASSPHRASE",) if name.endswith(".etap") else ()
    with fake_init(file, *arguments, folder=shop, environment=environment, block=False) as init:
        assert init.wait().code == 65
        assert message in init.stderr
        assert "Traceback" not in init.stderr
        assert init.stdout == ""


def test_asking_for_its_state_to_be_saved_is_refused(shop: Path, fake_init: Maker) -> None:
    """Rather than to find out at the end."""
    with fake_init(
        shop / "shop.tap", "--save", folder=shop, environment={"PYTHONPATH": str(shop)}, block=False
    ) as init:
        assert init.wait().code == 64
        assert "an application of Twisted's is not saved" in init.stderr
