"""A journalctl that has the entries it was given, whatever it is asked for, and writes down what that was.

``tests/systemd/test_logs.py`` holds its form to that of the real one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

_SCRIPT = r"""#!/bin/sh
here={here}
for word in "$@"; do echo "$word"; done >"$here/words"
/bin/cat "$here/entries"
[ -f "$here/error" ] || exit 0
/bin/cat "$here/error" >&2
exit 1
"""


class FakeJournalctl:
    """A folder with the script in it, to be on ``PATH``.

    Args:
        folder: An existing folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "entries").touch()
        script = folder / "journalctl"
        script.write_text(_SCRIPT.replace("{here}", f"'{folder}'"))
        script.chmod(0o755)

    @property
    def words(self) -> list[str]:
        """What it was called with last."""
        return (self.folder / "words").read_text().splitlines()

    def add(self, message: object, **fields: object) -> None:
        """Have one more entry."""
        entry: Mapping[str, object] = {
            "__REALTIME_TIMESTAMP": "1769860800250000",
            "PRIORITY": "6",
            "SYSLOG_IDENTIFIER": "echo",
            "_PID": "12",
            "MESSAGE": message,
            **fields,
        }
        with (self.folder / "entries").open("a") as file:
            file.write(json.dumps(entry) + "\n")

    def fail(self, said: str) -> None:
        """End with an error from now on."""
        (self.folder / "error").write_text(said)
