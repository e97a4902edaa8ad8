"""Secrets and settings as the runner and the description have them, and the example that the documentation shows."""

from __future__ import annotations

import re
import signal
import socket
import sys
from pathlib import Path

import pytest

from svcctl.errors import EX_CONFIG, ConfigurationError
from svcctl.loading.describe import describe
from tests.contract.running import supervise
from tests.fakes.init import FakeInit

PAGE = Path(__file__).parents[2] / "docs/how-to/settings-and-secrets.md"
WORD = "hunter2"
ASKING = """
from svcctl.application.credentials import credential
from svcctl.application.settings import Settings
class Shop(Settings):
    port: int = 80
    dsn: str
shop = Shop()
word = credential("db-password")
note(f"{shop.port} {shop.dsn} {word!r} {word == 'hunter2'}")
"""


def test_the_example_of_the_documentation_works_as_it_is_printed(tmp_path: Path) -> None:
    """With its secret in a folder, as systemd hands it over, and a setting."""
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    (tmp_path / "keeper.tac").write_text(blocks[0])
    (tmp_path / "token").write_text("s3cret")
    environ = {
        "CREDENTIALS_DIRECTORY": str(tmp_path),
        "KEEPER_GREETING": "welcome",
        "LISTEN_FDNAMES": "tcp-7210",
    }
    command = [sys.executable, "-P", "-m", "svcctl.runtime", "--inherit", "keeper.service", "keeper.tac"]
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        FakeInit(command, tmp_path, environ, (server,)) as init,
    ):
        init.wait_for("READY")
        with socket.create_connection(server.getsockname(), timeout=10) as connection:
            assert connection.makefile().readline() == "welcome, the token has 6 characters\n"
        assert init.stop() == 0


def test_the_error_of_the_documentation_is_the_one_there_is(tmp_path: Path) -> None:
    """But for the folder, and the name of the unit, which only a real one has."""
    text = PAGE.read_text()
    (tmp_path / "keeper.tac").write_text(re.findall(r"```python\n(.*?)```", text, re.DOTALL)[0])
    shown = re.search(r"svcctl: /srv/keeper/(.*)\n", text)
    assert shown is not None
    command = [sys.executable, "-P", "-m", "svcctl.runtime", "keeper.tac"]
    with FakeInit(command, tmp_path, {"KEEPER_PATIENCE": "soon"}) as init:
        init.wait_for_log(shown[1])
        assert init.wait() == EX_CONFIG


def test_all_that_is_wrong_with_settings_ends_the_process_at_once(tmp_path: Path) -> None:
    """With the status after which nobody starts it again, and without a traceback."""
    with supervise(tmp_path, ASKING, environ={"PORT": "http"}) as init:
        assert init.wait() == EX_CONFIG
        init.wait_for_log(
            "settings Shop: PORT: expected a whole number, not 'http'; DSN: is not set: expected a text"
        )
        init.wait_for_log("hint: set them in")
        assert "Traceback" not in init.stderr


@pytest.mark.parametrize("late", [False, True], ids=["while it is loaded", "when it starts"])
def test_a_missing_credential_ends_the_process(tmp_path: Path, *, late: bool) -> None:
    """With the same status, wherever it is asked for."""
    tac = "from svcctl.application.credentials import credential\n"
    if late:
        tac += "class Asking(Service):\n    def startService(self):\n        credential('db-password')\n"
        tac += "Asking().setServiceParent(application)\n"
    else:
        tac += "credential('db-password')\n"
    with supervise(tmp_path, tac) as init:
        assert init.wait() == EX_CONFIG
        init.wait_for_log("the credential db-password is missing")
        init.wait_for_log("svcctl credential set NAME db-password")
        assert "Traceback" not in init.stderr


def test_a_secret_is_in_no_log(tmp_path: Path) -> None:
    """Not at the most talkative level either."""
    tac = ASKING + "import logging\nlogging.getLogger('x').error('%r', word)\n"
    environ = {"DSN": "x", "SVCCTL_CREDENTIAL_DB_PASSWORD": WORD}
    with supervise(tmp_path, tac, "--log-level", "debug", environ=environ) as init:
        init.wait_for("READY")
        init.wait_for_log("<secret db-password>")
        assert init.stop() == 0
        assert (tmp_path / "notes").read_text() == "80 x <secret db-password> True\n"
        assert WORD not in init.stderr


def test_a_reload_reads_what_the_init_system_hands_over_then(tmp_path: Path) -> None:
    """Where it does so; the hook alone decides what becomes of it."""
    tac = """
from svcctl.application.credentials import credential
class Reading(Service):
    def startService(self):
        note(str(credential("key")))
    def reload(self):
        note(str(credential("key")))
Reading().setServiceParent(application)
"""
    (tmp_path / "key").write_text("old")
    with supervise(tmp_path, tac, environ={"CREDENTIALS_DIRECTORY": str(tmp_path)}) as init:
        init.wait_for("READY")
        (tmp_path / "key").write_text("new")
        init.kill(signal.SIGHUP)
        init.wait_for("RELOADING")
        init.wait_for("STATUS", "reloaded, 2/2 ready")
        assert init.stop() == 0
        assert (tmp_path / "notes").read_text() == "old\nnew\n"


def _describe(tmp_path: Path, **environment: str) -> str:
    tac = tmp_path / "shop.tac"
    tac.write_text("from svcctl.application.service import Application\ndef note(text):\n    pass\n" + ASKING)
    with tac.open("a") as file:
        file.write("application = Application(f'{word} {shop.dsn}')\n")
    described = describe(str(tac), python=sys.executable, user=None, environment=environment, time_limit=30.0)
    needs = described.manifest.needs
    assert needs.credentials == ("db-password",)
    assert needs.environment == ("PORT", "DSN")
    assert [(each.name, each.default) for each in needs.settings] == [("PORT", "80"), ("DSN", None)]
    return described.manifest.application.name


def test_a_description_needs_neither_secret_nor_setting(tmp_path: Path) -> None:
    """And reads no secret that is there: what stands for it shows what it is."""
    assert _describe(tmp_path) == "<credential db-password> <DSN is not set>"
    assert _describe(tmp_path, SVCCTL_CREDENTIAL_DB_PASSWORD=WORD, DSN="x") == "<credential db-password> x"


def test_a_setting_that_is_wrong_at_the_installation_is_told_there(tmp_path: Path) -> None:
    """As a mistake of the configuration."""
    with pytest.raises(ConfigurationError, match="PORT: expected a whole number, not 'http'") as caught:
        _describe(tmp_path, PORT="http")
    assert caught.value.hint.startswith("set them in")
