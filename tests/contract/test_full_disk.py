"""An application that is saved while it serves, on a disk that fills up: it goes on serving, and keeps what it had saved."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from svcctl.application import sob
from svcctl.application.service import IService
from tests.contract.networks import needs_root, tool
from tests.fakes.init import PATIENCE, FakeInit
from tests.systemd.machine import wait_until

pytestmark = needs_root

CODE = """
from svcctl.application import internet, service
from svcctl.application.protocol import Factory, Protocol

class Key(Protocol):
    def connectionMade(self):
        self.transport.write(b"%d" % self.factory.nextkey)
        self.factory.nextkey += 1
        self.transport.loseConnection()

class Keys(Factory):
    protocol = Key
    nextkey = 0

def make():
    application = service.Application("otk")
    keys = Keys()
    server = internet.UNIXServer("keys", keys)
    server.setName("keys")
    server.keys = keys
    server.setServiceParent(application)
    return application
"""

#: The mount is seen by the process alone, which stays the same.
ENTER = 'mount -t tmpfs -o size=64k,mode=0700 tmpfs disk && exec "$@"'


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return a folder with the application's code, which can be imported here, too."""
    (tmp_path / "onetime.py").write_text(CODE)
    (tmp_path / "otk.tac").write_text("import onetime\napplication = onetime.make()\n")
    (tmp_path / "disk").mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "copy"))
    yield tmp_path
    sys.modules.pop("onetime", None)


def key(folder: Path) -> int:
    """Return the next key that is served."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(PATIENCE)
        client.connect(os.path.relpath(folder / "keys"))
        return int(client.makefile().read())


def saved(folder: Path, disk: Path) -> int:
    """Return the next key in what is on the disk now."""
    shutil.rmtree(folder / "copy", ignore_errors=True)
    (folder / "copy").mkdir(mode=0o700)
    for name in ("otk-shutdown.tap", "svcctl-state.key"):
        shutil.copy(disk / name, folder / "copy")
    application: Any = sob.load(str(folder / "copy/otk-shutdown.tap"), "pickle")
    return int(application.getComponent(IService).getServiceNamed("keys").keys.nextkey)


def fill(path: Path) -> None:
    """Leave no room on a disk."""
    with path.open("wb", buffering=0) as ballast, contextlib.suppress(OSError):
        while True:
            ballast.write(bytes(1024))


def test_a_disk_that_is_full_stops_no_service_and_loses_nothing_that_was_saved(folder: Path) -> None:
    """The log says what could not be saved; once there is room, it is."""
    runner = [sys.executable, "-P", "-m", "svcctl.runtime", "--checkpoint=0.05", "otk.tac"]
    shell = [tool("unshare"), "--mount", tool("sh"), "-c", ENTER, "sh", *runner]
    environ = {"STATE_DIRECTORY": str(folder / "disk"), "PYTHONPATH": str(folder)}
    with FakeInit(shell, folder, environ) as init:
        init.wait_for("READY")
        disk = Path(f"/proc/{init.process.pid}/root{folder}/disk")
        assert key(folder) == 0
        assert wait_until(lambda: (disk / "otk-shutdown.tap").exists() and saved(folder, disk) == 1)
        fill(disk / "ballast")
        assert [key(folder), key(folder)] == [1, 2]
        init.wait_for_log("No space left on device")
        kept = saved(folder, disk)
        assert kept in {1, 2, 3}  # what was saved while the disk filled up
        assert [key(folder), key(folder)] == [3, 4]
        seen = init.stderr.count("No space left on device")
        assert wait_until(lambda: init.stderr.count("No space left on device") > seen + 2)
        assert saved(folder, disk) == kept
        (disk / "ballast").unlink()
        assert wait_until(lambda: saved(folder, disk) == 5)
        assert init.stop() == 0
    assert "Traceback" not in init.stderr
