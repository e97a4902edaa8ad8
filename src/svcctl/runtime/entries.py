"""Whole entries for the journal, sent to its own socket: what comes in lines over stderr is an entry a line.

Source: the native protocol of the journal, systemd.journal-fields(7).
"""

from __future__ import annotations

import socket
from collections.abc import Mapping

SOCKET = "/run/systemd/journal/socket"

#: Seconds for which a journal that does not read is waited for.
LIMIT = 1.0


def send(fields: Mapping[str, str], address: str = SOCKET) -> bool:
    """Send one entry; return whether the journal has taken it.

    Args:
        fields: Names in capitals, with their texts, which may have line breaks; 100 KiB of them fit in any case.
        address: Path of the journal's socket.
    """
    data = b"".join(_field(name, text) for name, text in fields.items())
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as journal:
            journal.settimeout(LIMIT)
            journal.connect(address)
            journal.send(data)
    except OSError:
        return False
    return True


def _field(name: str, text: str) -> bytes:
    value = text.encode("utf-8", "backslashreplace")
    return b"%s\n%s%s\n" % (name.encode("ascii"), len(value).to_bytes(8, "little"), value)
