"""A folder with keys of GnuPG's own making, and nothing of anybody's."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def made_key(home: Path, user: str, passphrase: str = "") -> Iterator[str]:
    """Make a key for a user; yield its fingerprint, and end the agent that has it.

    Args:
        home: Where the keys lie; not there yet. Its path has to be short: sockets lie in it. dpkg looks for keys
            where it is called ``.gnupg``.
        user: ``Name <mail>``.
        passphrase: What its use asks for; empty for none.
    """
    home.mkdir(mode=0o700)
    quiet = ("--batch", "--pinentry-mode=loopback", f"--passphrase={passphrase}")
    try:
        run(home, "gpg", *quiet, "--quick-generate-key", user, "ed25519", "sign", "never")
        run(home, "gpgconf", "--kill", "all")  # it would remember the passphrase
        listed = run(home, "gpg", "--batch", "--with-colons", "--list-secret-keys")
        yield next(line.split(":")[9] for line in listed.splitlines() if line.startswith("fpr:"))
    finally:
        run(home, "gpgconf", "--kill", "all")


def run(home: Path, *command: str, given: str = "") -> str:
    """Run a tool with these keys; return what it says, or fail with that."""
    done = subprocess.run(
        command,
        input=given,
        env={"HOME": str(home.parent), "GNUPGHOME": str(home), "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout
