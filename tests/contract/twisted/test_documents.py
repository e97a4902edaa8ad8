"""The .tac files of Twisted's own manuals, from its source package: all that start under twistd.

Of the 50 files the other 27 need something that is not there (a password hash, a list of users, a file beside them),
or Python 2, and fail under twistd, too.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from tests.contract.networks import needs_root, run
from tests.systemd.trees import kept

#: The version whose manuals these are.
TWISTED = "twisted==26.10.0"
FILES = (
    "conch/examples/telnet_echo",
    "core/examples/simple",
    "core/examples/twistd-logging",
    "core/howto/listings/amp/basic_server",
    "core/howto/listings/application/service",
    *(
        f"core/howto/tutorial/listings/finger/{each}"
        for each in ("finger11", "finger12", "finger13", "fingerproxy")
    ),
    "mail/examples/emailserver",
    *(f"mail/tutorial/smtpclient/smtpclient-{number}" for number in (1, 3, 4, 5, 6)),
    *(f"mail/tutorial/smtpserver/smtpserver-{number}" for number in range(1, 9)),
)


@pytest.fixture(scope="session")
def manuals() -> Path:
    """Give the folder with the manuals."""
    return kept("manuals", TWISTED, _download) / "docs"


@needs_root
@pytest.mark.parametrize("file", FILES)
def test_what_starts_under_twistd_starts_here(tmp_path: Path, manuals: Path, file: str) -> None:
    """It becomes ready, with the ports that stand in it, and stops in order."""
    with run(tmp_path, Path(shutil.copy(manuals / f"{file}.tac", tmp_path))) as init:
        init.wait_for("READY", "1")
        assert init.stop() == 0, init.stderr
        assert "Traceback" not in init.stderr


def _download(work: Path) -> Path:
    wanted = ("--no-deps", "--no-binary", ":all:", "--retries", "5", "--dest", str(work), TWISTED)
    subprocess.run([sys.executable, "-m", "pip", "download", "-q", *wanted], check=True)
    (package,) = work.glob("*.tar.gz")
    with tarfile.open(package) as archive:
        archive.extractall(work, filter="data")
    return next(each for each in work.iterdir() if each.is_dir())
