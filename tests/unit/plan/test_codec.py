from __future__ import annotations

import pytest

from svcctl.errors import ProblemsError
from svcctl.plan.codec import decode_receipt, encode_receipt
from svcctl.plan.model import InstalledFile, Receipt

RECEIPT = Receipt(
    name="echo",
    scope="system",
    application="/srv/ä/echo.tac",
    python="/usr/bin/python3",
    python_version="3.11.2",
    service="echo.service",
    sockets=("echo.socket",),
    addresses=("0.0.0.0:8007",),
    files=(InstalledFile(path="/etc/systemd/system/echo.service", digest="0" * 64),),
    directories=("/var/lib/echo",),
    manifest_digest="1" * 64,
    manifest="{}",
    options=("--name", "echo"),
)


def test_a_receipt_survives_being_written_and_read() -> None:
    """Every field comes back."""
    assert decode_receipt(encode_receipt(RECEIPT)) == RECEIPT


def test_a_damaged_receipt_names_every_problem() -> None:
    """Nothing is guessed about what was installed."""
    text = encode_receipt(RECEIPT).replace('"scope":"system"', '"scope":"global"').replace('"name"', '"nam"')
    with pytest.raises(ProblemsError) as caught:
        decode_receipt(text)
    assert [problem.where for problem in caught.value.problems] == ["the record", "name", "scope"]


def test_a_truncated_receipt_is_a_problem() -> None:
    """A file cut off by a crash is told from a whole one."""
    with pytest.raises(ProblemsError, match="line 1"):
        decode_receipt(encode_receipt(RECEIPT)[:-1])
