"""Signatures by the real GnuPG, with a key that is thrown away."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from svcctl.errors import ConfigurationError, UsageError
from svcctl.host.signing import check_key, clearsign
from tests.fakes.gnupg import made_key, run

TEXT = "Format: 1.8\n- a line that begins with a hyphen, é\nFrom here\n"
#: What a program that asks for passphrases says to an agent.
PINENTRY = """\
#!/bin/sh
echo OK
while read -r line; do
	if [ "$line" = GETPIN ]; then
		echo "D PASSPHRASE"
	fi
	echo OK
done
"""


class Keys(NamedTuple):
    """A folder with one key.

    Attributes:
        home: The folder.
        fingerprint: The key.
    """

    home: Path
    fingerprint: str


@pytest.fixture(scope="module")
def made() -> Iterator[Keys]:
    """Make a key of Ann's, once for all tests."""
    if shutil.which("gpg") is None:
        pytest.skip("there is no gpg")
    with tempfile.TemporaryDirectory(prefix="gpg-") as folder:
        home = Path(folder, ".gnupg")
        with made_key(home, "Ann Example <ann@example.org>") as fingerprint:
            yield Keys(home, fingerprint)


@pytest.fixture
def keys(made: Keys, monkeypatch: pytest.MonkeyPatch) -> Keys:
    """Let gpg find the key, as it does for a user."""
    monkeypatch.setenv("GNUPGHOME", str(made.home))
    return made


@pytest.mark.parametrize("which", ["fingerprint", "id", "mail"])
def test_a_signed_text_is_readable_and_verified(keys: Keys, which: str) -> None:
    """By the fingerprint of the key, its id, or the address of its user."""
    key = {"fingerprint": keys.fingerprint, "id": keys.fingerprint[-16:], "mail": "<ann@example.org>"}[which]
    check_key(key)
    signed = clearsign(TEXT, key)
    assert signed.startswith("-----BEGIN PGP SIGNED MESSAGE-----\n")
    assert "\nFormat: 1.8\n" in signed
    assert "Good signature" in run(keys.home, "gpg", "--verify", given=signed)
    assert run(keys.home, "gpg", "--quiet", "--decrypt", given=signed).startswith(TEXT)


@pytest.mark.parametrize("answer", ["right", "wrong"])
def test_gpg_asks_for_a_passphrase_itself(
    answer: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """By the program that the user has for that; a wrong one is told in one line."""
    if shutil.which("gpg") is None:
        pytest.skip("there is no gpg")
    asking = tmp_path / "pinentry"
    asking.write_text(PINENTRY.replace("PASSPHRASE", answer))
    asking.chmod(0o755)
    with tempfile.TemporaryDirectory(prefix="gpg-") as folder:
        home = Path(folder, ".gnupg")
        monkeypatch.setenv("GNUPGHOME", str(home))
        with made_key(home, "Cleo <cleo@example.org>", "right") as key:
            (home / "gpg-agent.conf").write_text(f"pinentry-program {asking}\n")
            run(home, "gpgconf", "--kill", "all")  # the agent that runs has not read that
            if answer == "right":
                assert "BEGIN PGP SIGNATURE" in clearsign(TEXT, key)
            else:
                with pytest.raises(ConfigurationError, match=f"{key}: .*Bad passphrase$"):
                    clearsign(TEXT, key)


@pytest.mark.parametrize("call", [check_key, lambda key: clearsign("x\n", key)], ids=["checked", "signed"])
@pytest.mark.parametrize("key", ["<bob@example.org>", "0" * 40, "Ann Exampleton"])
@pytest.mark.usefixtures("keys")
def test_a_key_that_gpg_has_not_is_named(call: object, key: str) -> None:
    """In one line, with what to do."""
    assert callable(call)
    with pytest.raises(ConfigurationError) as caught:
        call(key)
    assert key in caught.value.message
    assert "\n" not in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize("key", ["", " ", "-a", "--output=x", "a\nb"])
def test_what_can_be_no_key_is_refused(key: str) -> None:
    """Before gpg could take it for an option."""
    with pytest.raises(UsageError, match="names no key"):
        check_key(key)


def test_without_gpg_one_line_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """And how to get it."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigurationError, match="gpg is not there") as caught:
        clearsign(TEXT, "<ann@example.org>")
    assert "apt install gpg" in caught.value.hint


def test_a_key_that_cannot_sign_is_told(keys: Keys, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Its public half is there, its secret one is not any more."""
    copied = tmp_path / "h"
    shutil.copytree(keys.home, copied, ignore=shutil.ignore_patterns("S.*", "*.key"))
    monkeypatch.setenv("GNUPGHOME", str(copied))
    with pytest.raises(ConfigurationError, match=r"gpg (has no secret key|did not sign)"):
        clearsign(TEXT, keys.fingerprint)
    run(copied, "gpgconf", "--kill", "all")
