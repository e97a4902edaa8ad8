"""A saved application with a passphrase, started as a unit starts it: with nothing but the file and a credential."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.fakes.init import PATIENCE, FakeInit


@pytest.mark.parametrize(("style", "suffix"), [("pickle", "etap"), ("source", "etas")])
def test_the_passphrase_is_found_among_the_credentials(tmp_path: Path, style: str, suffix: str) -> None:
    """And what is saved at the end has it, too."""
    credentials = tmp_path / "secrets"
    credentials.mkdir()
    (credentials / "svcctl-passphrase").write_text("correct horse\n")
    (credentials / "svcctl-passphrase").chmod(0o400)
    environ = {"STATE_DIRECTORY": str(tmp_path), "CREDENTIALS_DIRECTORY": str(credentials)}
    source = f"--passphrase=file:{credentials / 'svcctl-passphrase'}"
    make = [sys.executable, "-P", "-m", "svcctl", "make", "-e", source, "-t", style]
    address = f"--port=unix:{tmp_path / 'socket'}"
    subprocess.run([*make, "echo", address], cwd=tmp_path, env=environ, check=True, timeout=PATIENCE)
    for name in (f"echo.{suffix}", f"echo-shutdown.{suffix}"):
        with FakeInit([sys.executable, "-P", "-m", "svcctl.runtime", name], tmp_path, environ) as init:
            init.wait_for("READY")
            assert init.stop() == 0
        assert b'"cipher"' in (tmp_path / f"echo-shutdown.{suffix}").read_bytes()
        assert b"socket" not in (tmp_path / f"echo-shutdown.{suffix}").read_bytes()
