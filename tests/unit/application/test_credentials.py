"""Secrets: where they are read from, and where they do not show."""

from __future__ import annotations

import asyncio
import logging
import os
import pickle
from collections.abc import Iterator
from pathlib import Path

import pytest

from svcctl.application.credentials import (
    MOST_BYTES,
    CredentialError,
    Secret,
    credential,
    credential_bytes,
    variable_of,
)
from svcctl.application.describing import asked
from svcctl.application.observing import opening
from svcctl.application.service import Application
from svcctl.errors import EX_CONFIG, UsageError
from svcctl.manifest.codec import encode
from svcctl.manifest.model import Origin

WORD = "hunter2"
ORIGIN = Origin(kind="tac", digest="0" * 64)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give the folder that an init system would hand over, and forget afterwards what was asked for."""
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    yield tmp_path
    asked.credentials.clear()


def test_a_credential_is_its_file_without_the_newline_at_its_end(folder: Path) -> None:
    """One newline, as editors write it; bytes are left as they are."""
    (folder / "db-password").write_bytes(b"two words\n\n")
    assert credential("db-password") == "two words\n"
    assert credential_bytes("db-password") == b"two words\n\n"


def test_a_credential_is_read_anew_each_time(folder: Path) -> None:
    """So a reload finds what the init system hands over then."""
    (folder / "key").write_text("old")
    assert credential("key") == "old"
    (folder / "key").write_text("new")
    assert credential("key") == "new"


def test_for_development_a_variable_holds_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """With or without a folder of the init system's; a file comes first."""
    monkeypatch.setenv("SVCCTL_CREDENTIAL_DB_PASSWORD", WORD)
    assert credential("db-password") == WORD
    monkeypatch.delenv("CREDENTIALS_DIRECTORY")
    assert credential_bytes("db-password") == WORD.encode()
    assert variable_of("a.b@C-1") == "SVCCTL_CREDENTIAL_A_B_C_1"


def test_a_file_comes_before_a_variable(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What an init system hands over is meant."""
    monkeypatch.setenv("SVCCTL_CREDENTIAL_KEY", "of the variable")
    (folder / "key").write_text("of the file")
    assert credential("key") == "of the file"


def test_a_missing_credential_names_the_ways_to_give_it() -> None:
    """It is a mistake of the configuration: starting again does not help."""
    with pytest.raises(CredentialError, match="the credential db-password is missing") as caught:
        credential("db-password")
    hint = caught.value.hint
    assert "svcctl credential set NAME db-password" in hint
    assert "$CREDENTIALS_DIRECTORY" in hint
    assert "$SVCCTL_CREDENTIAL_DB_PASSWORD" in hint
    assert "needs=" not in hint
    assert caught.value.exit_status == EX_CONFIG


def test_a_default_stands_for_a_missing_one() -> None:
    """Also an empty one."""
    assert credential("none", "") == ""
    assert credential_bytes("none", b"x") == b"x"


def test_one_that_is_asked_for_while_serving_has_to_be_stated() -> None:
    """The description could not know of it, and the error says what to write."""

    async def serve() -> None:
        credential("late")

    with pytest.raises(CredentialError) as caught:
        asyncio.run(serve())
    assert 'needs={"credentials": ["late"]}' in caught.value.hint
    assert "late" not in asked.credentials


@pytest.mark.parametrize(
    "name", ["", ".", "..", ".hidden", "a/b", "../etc/passwd", "a b", "a:b", "ä", "x" * 129]
)
def test_a_name_that_is_none_is_refused(name: str) -> None:
    """No path leads out of the folder."""
    with pytest.raises(UsageError, match="cannot name a credential"):
        credential(name)


def test_what_cannot_be_read_is_told(folder: Path) -> None:
    """A folder, bytes that are no text, too much."""
    (folder / "folder").mkdir()
    with pytest.raises(CredentialError, match=r"folder cannot be read: .*Is a directory"):
        credential("folder")
    (folder / "bytes").write_bytes(b"\xff\xfe")
    with pytest.raises(CredentialError, match="bytes is no text in UTF-8"):
        credential("bytes")
    (folder / "large").write_bytes(bytes(MOST_BYTES + 1))
    with pytest.raises(CredentialError, match="large is larger than 1048576 bytes"):
        credential_bytes("large")


def test_a_pipe_in_its_place_does_not_make_anybody_wait(folder: Path) -> None:
    """It gives what is in it now: nothing."""
    os.mkfifo(folder / "pipe")
    assert credential("pipe") == ""


def test_a_secret_does_not_show_itself(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Its repr has its name; a log with %r as well."""
    (folder / "key").write_text(WORD)
    secrets = (credential("key"), credential_bytes("key"))
    assert repr(secrets) == "(<secret key>, <secret key>)"
    logging.getLogger("x").warning("%r", {"secrets": secrets})
    assert WORD not in caplog.text


def test_a_secret_is_the_text_in_all_else(folder: Path) -> None:
    """It can be used as any text."""
    (folder / "key").write_text(WORD)
    secret = credential("key")
    assert isinstance(secret, Secret)
    assert (secret == WORD, hash(secret) == hash(WORD), f"{secret}!", secret.upper()) == (
        True,
        True,
        f"{WORD}!",
        "HUNTER2",
    )


def test_a_saved_secret_is_its_name(folder: Path) -> None:
    """It is read anew where it is loaded."""
    (folder / "key").write_text(WORD)
    saved = [
        pickle.dumps(secret) for secret in (credential("key"), credential_bytes("key"), credential("no", "-"))
    ]
    assert WORD.encode() not in b"".join(saved)
    (folder / "key").write_text("another")
    again = [pickle.loads(each) for each in saved]  # noqa: S301 (saved a moment ago)
    assert again == ["another", b"another", "-"]


def test_a_description_has_the_name_and_reads_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The units ask for what was asked for while the application was loaded, beside what it states."""
    (folder / "key").write_text(WORD)
    monkeypatch.setattr(opening, "describing", True)
    assert credential("key") == "<credential key>"
    assert credential_bytes("other") == b"<credential other>"
    manifest = Application("shop", needs={"credentials": ["stated", "key"]}).describe(ORIGIN)
    assert manifest.needs.credentials == ("stated", "key", "other")
    assert WORD not in encode(manifest)
