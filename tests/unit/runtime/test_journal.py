"""Entries for the journal, through the real systemd-python: the environment's own or Debian's python3-systemd."""

from __future__ import annotations

import importlib.util
import logging
import sys
from collections.abc import Generator
from pathlib import Path

import pytest

DEBIAN = Path("/usr/lib/python3/dist-packages/systemd")


@pytest.fixture(autouse=True)
def systemd_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
    """Make Debian's package importable, and nothing else beside it, where there is no other."""
    if importlib.util.find_spec("systemd") is None and DEBIAN.is_dir():
        (tmp_path / "systemd").symlink_to(DEBIAN)
        monkeypatch.syspath_prepend(tmp_path)
    pytest.importorskip(
        "systemd.journal", reason="neither systemd-python nor python3-systemd for this Python"
    )
    yield
    for name in [name for name in sys.modules if name.partition(".")[0] == "systemd"]:
        del sys.modules[name]
    sys.modules.pop("svcctl.runtime.journal", None)


def test_the_facts_of_a_record_are_fields_of_its_entry() -> None:
    """Under names that the journal accepts: capitals."""
    from svcctl.runtime.journal import make_handler  # noqa: PLC0415 (not importable before the fixture)

    handler = make_handler("shop")
    sent: list[tuple[str, dict[str, object]]] = []
    handler.send = lambda message, /, **fields: sent.append((message, fields))  # type: ignore[attr-defined]  # its own way in for tests
    record = logging.makeLogRecord(
        {
            "name": "shop.db",
            "levelno": logging.ERROR,
            "levelname": "ERROR",
            "msg": "it broke",
            "svcctl_path": "shop/db",
        }
    )
    handler.handle(record)
    (message, fields), *rest = sent
    assert rest == []
    assert message == "it broke"
    assert fields["SVCCTL_PATH"] == "shop/db"
    assert fields["PRIORITY"] == "3"
    assert fields["SYSLOG_IDENTIFIER"] == "shop"
    assert fields["LOGGER"] == "shop.db"


def test_an_entry_that_the_journal_refuses_goes_to_stderr(capfd: pytest.CaptureFixture[str]) -> None:
    """With its priority, for the journal reads stderr, too."""
    from svcctl.runtime.journal import make_handler  # noqa: PLC0415 (not importable before the fixture)

    handler = make_handler("shop")

    def refuse(_message: str, **_fields: object) -> None:
        raise OSError("no journal")

    handler.send = refuse  # type: ignore[attr-defined]  # its own way in for tests
    handler.handle(logging.makeLogRecord({"levelno": logging.INFO, "msg": "hello"}))
    assert capfd.readouterr().err == "<6>hello\n"
