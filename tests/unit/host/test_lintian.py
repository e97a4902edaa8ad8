"""Lintian's verdict, from a lintian that says what the real one (2.116 and 2.122) has said."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from svcctl.errors import CommandError
from svcctl.host.lintian import Lint, examine

SAID = """\
E: echo: alien-tag package-supports-alternative-init-but-no-init.d-script [usr/share/lintian/overrides/echo:2]
E: echo: dir-or-file-in-opt [opt/x/y]
E: echo: no-copyright-file
W: echo: absolute-symlink-in-top-level-folder /usr/bin/python3 [usr/lib/echo/bin/python3]
W: echo source: out-of-date-standards-version 4.6.0 (released 2021-08-18) (current is 4.6.2)
I: echo: package-contains-documentation-outside-usr-share-doc [usr/lib/echo/notes.txt]
P: echo: repeated-path-segment lib [usr/lib/echo/lib/]
X: echo: maintainer-script-calls-service "(service" [preinst:9]
N: The sandbox and the sockets are systemd's; policy 9.3.1 asks for no init
N: script.
O: echo: package-supports-alternative-init-but-no-init.d-script [usr/lib/systemd/system/echo.service]
"""
SCRIPT = r"""#!/bin/sh
here=$(dirname "$0")
if [ "$*" = --print-version ]; then
	echo 2.116.3+deb12u1
	exit 0
fi
for word in "$@"; do echo "$word"; done >"$here/words"
cat "$here/said"
[ -f "$here/error" ] || exit 0
cat "$here/error" >&2
exit 2
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder with a lintian that is found first; it says what is in the file ``said``."""
    tool = tmp_path / "lintian"
    tool.write_text(SCRIPT)
    tool.chmod(0o755)
    (tmp_path / "said").write_text(SAID)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    return tmp_path


def test_tags_are_counted_by_their_weight(folder: Path) -> None:
    """Remarks of lintian's own and what a package overrides are none; the others are kept as they were said."""
    lint = examine(["echo_1.0_all.deb"])
    assert lint == Lint("2.116.3+deb12u1", 3, 2, 1, 2, tuple(SAID.splitlines()[:8]))
    assert (folder / "words").read_text().splitlines()[-1] == "echo_1.0_all.deb"


def test_a_package_without_faults_has_no_tags(folder: Path) -> None:
    """Lintian then says nothing."""
    (folder / "said").write_text("")
    assert examine(["echo_1.0_all.deb"]) == Lint("2.116.3+deb12u1", 0, 0, 0, 0, ())


def test_all_tags_are_asked_for(folder: Path) -> None:
    """No configuration hides any, and none makes it fail."""
    examine(["a.deb", "b.dsc"])
    words = (folder / "words").read_text().splitlines()
    assert {"--display-info", "--pedantic", "--display-experimental", "--no-cfg"} < set(words)
    assert words[words.index("--tag-display-limit") + 1] == "0"
    assert words[words.index("--fail-on") + 1] == "none"
    assert ("--allow-root" in words) == (os.geteuid() == 0)


def test_what_is_no_package_is_told(folder: Path) -> None:
    """Lintian's own words say why."""
    (folder / "error").write_text("none.deb is not a readable file\n")
    with pytest.raises(CommandError, match=r"ended with status 2: none\.deb is not a readable file"):
        examine(["none.deb"])


def test_without_lintian_there_is_no_verdict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is no fault of the package."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert examine(["echo_1.0_all.deb"]) is None
