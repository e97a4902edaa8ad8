"""Entries for the journal, through the real systemd-python where it is installed."""

from __future__ import annotations

import logging

import pytest

pytest.importorskip("systemd.journal", reason="systemd-python is not installed")

from svcctl.runtime.journal import make_handler


def test_the_facts_of_a_record_are_fields_of_its_entry() -> None:
    """Under names that the journal accepts: capitals."""
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
    handler = make_handler("shop")

    def refuse(_message: str, **_fields: object) -> None:
        raise OSError("no journal")

    handler.send = refuse  # type: ignore[attr-defined]  # its own way in for tests
    handler.handle(logging.makeLogRecord({"levelno": logging.INFO, "msg": "hello"}))
    assert capfd.readouterr().err == "<6>hello\n"
