"""A systemctl that keeps its state in a folder and writes down what it was asked to do.

It knows the verbs and options that svcctl uses. ``tests/contract/test_systemctl.py`` holds it to the real one
where that works without a running systemd.
"""

from __future__ import annotations

import os
from pathlib import Path

_SCRIPT = r"""#!/bin/sh
here={here}
echo "$*" >>"$here/calls"
while [ $# -gt 0 ]; do
  case "$1" in
    --version) echo "systemd 252 (fake)"; exit 0 ;;
    --property=*) wanted=${1#--property=} ;;
    --*) ;;
    *) break ;;
  esac
  shift
done
verb=$1
shift
if [ -f "$here/fail" ] && [ "$verb" = "$(/bin/cat "$here/fail")" ]; then
  echo "$verb went wrong" >&2
  failing=1
fi
units=
for word in "$@"; do
  case "$word" in --property=*) wanted=${word#--property=} ;; -*) ;; *) units="$units $word" ;; esac
done
case "$verb" in
  is-enabled)
    for unit in $units; do
      if [ -f "$here/enabled/$unit" ]; then echo enabled; else echo disabled; missing=1; fi
    done
    exit ${missing:-0} ;;
  enable) for unit in $units; do : >"$here/enabled/$unit"; done ;;
  disable) for unit in $units; do /bin/rm -f "$here/enabled/$unit"; done ;;
  start | restart) for unit in $units; do : >"$here/active/$unit"; done ;;
  stop) for unit in $units; do /bin/rm -f "$here/active/$unit"; done ;;
  show)
    for unit in $units; do
      state=inactive sub=dead
      [ -f "$here/active/$unit" ] && state=active sub=running
      echo "Id=$unit"
      echo "LoadState=loaded"
      echo "ActiveState=$state"
      echo "SubState=$sub"
      [ -f "$here/shown/$unit" ] && /bin/cat "$here/shown/$unit"
      echo
    done ;;
  list-units) for file in "$here"/active/${units# }; do [ -f "$file" ] && echo "${file##*/} loaded"; done ;;
  cat) [ -f "$here/cat" ] && /bin/cat "$here/cat" ;;
  daemon-reload | reset-failed) ;;
  *) echo "the fake does not know $verb" >&2; exit 99 ;;
esac
exit ${failing:-0}
"""


class FakeSystemctl:
    """A folder with the script in it, to be the whole of ``PATH``.

    A verb that is told to fail does its work before it fails, as half of a real failure does.

    Args:
        folder: An existing folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("enabled", "active", "shown"):
            (folder / name).mkdir()
        script = folder / "systemctl"
        script.write_text(_SCRIPT.replace("{here}", f"'{folder}'"))
        script.chmod(0o755)

    @property
    def calls(self) -> list[str]:
        """What it was called with."""
        calls = self.folder / "calls"
        return calls.read_text().splitlines() if calls.exists() else []

    def changes(self) -> list[str]:
        """Return the calls that change something."""
        asking = ("show", "is-enabled", "list-units", "--version")
        return [call for call in self.calls if not any(word in asking for word in call.split())]

    def units(self, state: str) -> set[str]:
        """Return the units that are ``enabled`` or ``active``."""
        return set(os.listdir(self.folder / state))  # noqa: PTH208 (names, not paths)

    def put(self, state: str, *units: str) -> None:
        """Make units ``enabled`` or ``active``."""
        for unit in units:
            (self.folder / state / unit).touch()

    def show(self, unit: str, **properties: str) -> None:
        """Let ``show`` print these properties of a unit after the common ones."""
        text = "".join(f"{name}={value}\n" for name, value in properties.items())
        (self.folder / "shown" / unit).write_text(text)

    def fail(self, verb: str) -> None:
        """Let a verb fail from now on; an empty one lets everything succeed."""
        (self.folder / "fail").write_text(verb)
