from __future__ import annotations

import os
import pty
import sys
from pathlib import Path

import pytest

from svcctl.application import sob
from svcctl.application.persisting import envelope, files, keys, passphrases
from svcctl.application.persisting.sealing import Cipher
from svcctl.errors import (
    ApplicationNotFoundError,
    ConfigurationError,
    SavedStateError,
    UsageError,
)
from tests.unit.persisting import shops
from tests.unit.persisting.shops import STYLES


def saved(style: str = "pickle") -> Path:
    """Save the application that hands out keys, encrypted."""
    persistent = sob.Persistent(shops.otk(), "otk")
    persistent.setStyle(style)
    return Path(persistent.save("x", None, "secret"))


@pytest.mark.parametrize("style", STYLES)
def test_an_encrypted_file_shows_nothing_and_comes_back(style: str) -> None:
    """Its name has an e; its text is gone."""
    path = saved(style)
    assert path.name == {"pickle": "otk-x.etap", "source": "otk-x.etas"}[style]
    assert b"nextkey" not in path.read_bytes()
    assert shops.keys_of(sob.load(str(path), style, "secret")).nextkey == 0


def test_what_was_encrypted_stays_so(folder: Path) -> None:
    """With the same passphrase, which is in no file; each time with another nonce."""
    application = sob.load(str(saved()), "pickle", "secret")
    assert files.saved_path(application, "shutdown") == str(folder / "otk-shutdown.etap")
    application.save("shutdown")
    first = (folder / "otk-shutdown.etap").read_bytes()
    application.save("shutdown")
    second = (folder / "otk-shutdown.etap").read_bytes()
    ciphers = [envelope.facts_of(data)["cipher"] for data in (first, second)]
    assert ciphers[0]["salt"] == ciphers[1]["salt"]
    assert ciphers[0]["nonce"] != ciphers[1]["nonce"]
    assert isinstance(sob.load(str(folder / "otk-shutdown.etap"), "pickle", "secret").name, str)


@pytest.mark.parametrize("wrong", ["Secret", "secret ", "x"])
def test_a_wrong_passphrase_is_told(wrong: str) -> None:
    """From a damaged file: its digest was right."""
    path = saved()
    with pytest.raises(SavedStateError, match=r"that is not the passphrase of .*otk-x\.etap") as raised:
        sob.load(str(path), "pickle", wrong)
    assert raised.value.exit_status == 65


def test_a_passphrase_that_is_missing_or_too_much_is_told(folder: Path) -> None:
    """Before anything is done with the file."""
    with pytest.raises(SavedStateError, match=r"otk-x\.etap is encrypted"):
        sob.load(str(saved()), "pickle")
    shops.otk().save()
    with pytest.raises(UsageError, match=r"otk\.tap is not encrypted"):
        sob.load(str(folder / "otk.tap"), "pickle", "secret")
    with pytest.raises(UsageError, match="passphrase is empty"):
        shops.otk().save(passphrase="")


def test_the_facts_of_a_file_are_bound_to_its_text() -> None:
    """Also for somebody who has the key: the text of another file does not fit."""
    path = saved()
    key = keys.own_key()
    opened = envelope.unseal(path.read_bytes(), [key])
    line = envelope.line_of({**opened.facts, "generation": 99})
    path.write_bytes(envelope.seal(line, opened.body, key))
    with pytest.raises(SavedStateError, match="not the passphrase"):
        sob.load(str(path), "pickle", "secret")


@pytest.mark.parametrize("changed", [{"name": "rot13"}, {"n": 2**30}])
def test_an_encryption_that_is_not_known_is_told(changed: dict[str, object]) -> None:
    """Or that would take all memory."""
    path = saved()
    key = keys.own_key()
    opened = envelope.unseal(path.read_bytes(), [key])
    line = envelope.line_of({**opened.facts, "cipher": opened.facts["cipher"] | changed})
    path.write_bytes(envelope.seal(line, opened.body, key))
    with pytest.raises(SavedStateError, match="in a way that this svcctl does not know"):
        sob.load(str(path), "pickle", "secret")


def test_without_the_package_the_way_to_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is an extra."""
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.kdf.scrypt", None)
    with pytest.raises(ConfigurationError, match="takes the package cryptography") as raised:
        Cipher.new("secret")
    assert "svcctl[crypto]" in raised.value.hint


def test_a_passphrase_comes_from_a_file(folder: Path) -> None:
    """That nobody else may read; without the end of its line."""
    path = folder / "passphrase"
    path.write_text(" se cret \n")
    path.chmod(0o600)
    assert passphrases.resolve(f"file:{path}") == " se cret "
    path.chmod(0o640)
    with pytest.raises(SavedStateError, match="can be read by other users"):
        passphrases.resolve(f"file:{path}")
    with pytest.raises(ApplicationNotFoundError, match="cannot read the passphrase"):
        passphrases.resolve(f"file:{folder}/missing")
    path.chmod(0o600)
    path.write_bytes(b"\xff")
    with pytest.raises(UsageError, match="no text"):
        passphrases.resolve(f"file:{path}")


def test_a_passphrase_comes_from_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which no child process inherits then."""
    monkeypatch.setenv("TAP_PASSPHRASE", "secret")
    assert passphrases.resolve("env:TAP_PASSPHRASE") == "secret"
    assert "TAP_PASSPHRASE" not in os.environ
    with pytest.raises(UsageError, match="no variable TAP_PASSPHRASE"):
        passphrases.resolve("env:TAP_PASSPHRASE")


def test_a_passphrase_comes_from_a_credential(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By name, or the usual one."""
    with pytest.raises(UsageError, match="no credential other"):
        passphrases.resolve("credential:other")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(folder))
    (folder / "other").write_text("secret\n")
    assert passphrases.resolve("credential:other") == "secret"
    (folder / "svcctl-passphrase").write_text("usual\n")
    assert passphrases.resolve() == "usual"


@pytest.mark.parametrize("source", ["secret", "file:", "env:", "stdin", "pass:secret", ""])
def test_other_sources_are_refused(source: str) -> None:
    """A passphrase itself is none: every user of the machine could read it in the command line."""
    with pytest.raises(UsageError, match="no source of a passphrase"):
        passphrases.resolve(source)


def test_an_empty_passphrase_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever it comes from."""
    monkeypatch.setenv("EMPTY", "")
    with pytest.raises(UsageError, match="empty"):
        passphrases.resolve("env:EMPTY")


def at_a_terminal(typed: str, program: str) -> str:
    """Run a program with a terminal of its own and return all that this shows."""
    child, terminal = pty.fork()
    if child == 0:
        os.execv(sys.executable, [sys.executable, "-c", program])  # noqa: S606 (there is none needed)
    shown = b""
    for line in typed.splitlines():
        while not shown.endswith(b": "):
            shown += os.read(terminal, 100)
        shown += b"|"
        os.write(terminal, f"{line}\n".encode())
    try:
        while more := os.read(terminal, 100):
            shown += more
    except OSError:  # Linux says so when the other side has gone
        pass
    os.close(terminal)
    os.waitpid(child, 0)
    return shown.decode().replace("\r\n", "\n")


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("secret\nsecret", "Passphrase: |\nPassphrase again: |\nsecret\n"),
        ("secret\nother", "Passphrase: |\nPassphrase again: |\nthe two passphrases differ\n"),
        ("\n\n", "Passphrase: |\nPassphrase again: |\nprompt gives an empty passphrase\n"),
    ],
)
def test_a_passphrase_is_asked_for_without_being_shown(typed: str, expected: str) -> None:
    """Twice, if it is a new one."""
    program = (
        "from svcctl.application.persisting import passphrases\n"
        "try:\n    print(passphrases.resolve(confirm=True))\nexcept ValueError as error:\n    print(error)"
    )
    assert at_a_terminal(typed, program) == expected


def test_nobody_is_asked_where_there_is_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor is a passphrase read from a pipe by chance."""

    def refused(*_: object) -> int:
        raise OSError

    monkeypatch.setattr("os.open", refused)
    with pytest.raises(UsageError, match="no terminal"):
        passphrases.resolve("prompt")
