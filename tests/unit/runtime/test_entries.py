"""Whole entries for the journal."""

from __future__ import annotations

import socket
from pathlib import Path

from svcctl.runtime import entries


def parsed(data: bytes) -> dict[str, bytes]:
    """Read an entry as the journal does: NAME, the length as 64 bits, the value."""
    found = {}
    while data:
        name, _, rest = data.partition(b"\n")
        length = int.from_bytes(rest[:8], "little")
        found[name.decode()] = rest[8 : 8 + length]
        assert rest[8 + length : 9 + length] == b"\n"
        data = rest[9 + length :]
    return found


def test_an_entry_is_one_datagram_whatever_its_text_is(tmp_path: Path) -> None:
    """Line breaks, and characters that are none."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as journal:
        journal.bind(str(tmp_path / "journal"))
        journal.settimeout(10)
        fields = {"MESSAGE": "one\ntwo\n\nPRIORITY=0 \udcff é", "PRIORITY": "2"}
        assert entries.send(fields, str(tmp_path / "journal"))
        found = parsed(journal.recv(100_000))
    assert found == {"MESSAGE": "one\ntwo\n\nPRIORITY=0 \\udcff é".encode(), "PRIORITY": b"2"}


def test_a_journal_that_is_not_there_is_told(tmp_path: Path) -> None:
    """Somebody else has to be told then."""
    assert not entries.send({"MESSAGE": "hello"}, str(tmp_path / "journal"))


def test_what_is_too_large_is_refused_as_a_whole(tmp_path: Path) -> None:
    """No half entries."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as journal:
        journal.bind(str(tmp_path / "journal"))
        assert not entries.send({"MESSAGE": "x" * 2**24}, str(tmp_path / "journal"))
        assert entries.send({"MESSAGE": "x" * 100 * 1024}, str(tmp_path / "journal"))
