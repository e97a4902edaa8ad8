"""A service that goes on from what was saved when it last stopped."""

from __future__ import annotations

import hashlib
import logging
from pathlib import Path

import pytest

from svcctl.application import sob
from svcctl.application.persisting import files
from svcctl.errors import SavedStateError
from svcctl.loading.saved import go_on
from tests.unit.persisting import shops
from tests.unit.persisting.conftest import folder

__all__ = ["folder"]

SECRET = "open sesame"  # noqa: S105 (the test's own)
AT_STOP = "shutdown"


def save(nextkey: int, tag: str, **given: str) -> Path:
    """Save an application whose next key is this one."""
    application = shops.otk()
    shops.keys_of(application).nextkey = nextkey
    return Path(sob.Persistent(application, "otk").save(tag, **given)).resolve()


def installed(path: Path) -> str:
    """Return the digest that a unit has of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def key_of(path: Path, digest: str, passphrase: str | None = None) -> int:
    """Return the next key of the application that goes on."""
    application = go_on(str(path), AT_STOP, digest=digest, passphrase=passphrase)
    return shops.keys_of(application).nextkey


def messages(caplog: pytest.LogCaptureFixture) -> list[tuple[int, str]]:
    """Return what was logged while the application was loaded."""
    return [
        (each.levelno, each.getMessage()) for each in caplog.records if "was saved" not in each.getMessage()
    ]


def test_the_first_start_is_from_the_original(caplog: pytest.LogCaptureFixture) -> None:
    """The log says so, and does not warn."""
    caplog.set_level(logging.INFO)
    path = save(1, "start")
    assert key_of(path, installed(path)) == 1
    assert messages(caplog) == [
        (logging.INFO, "there is no saved state yet; starting from the original"),
    ]


def test_later_ones_are_from_what_was_saved_at_the_last_stop(caplog: pytest.LogCaptureFixture) -> None:
    """With no word."""
    caplog.set_level(logging.INFO)
    path = save(1, "start")
    save(5, AT_STOP)
    assert key_of(path, installed(path)) == 5
    assert not messages(caplog)


@pytest.mark.parametrize("rest", ["whole", "damaged", "missing"])
def test_a_damaged_one_gives_way_with_a_warning(caplog: pytest.LogCaptureFixture, rest: str) -> None:
    """To the one before it, and that to the original."""
    path = save(1, "start")
    save(5, AT_STOP)
    newest = save(6, AT_STOP)
    previous = newest.with_name(f"{newest.name}{files.PREVIOUS}")
    newest.write_bytes(newest.read_bytes()[:-1])
    if rest == "damaged":
        previous.write_bytes(b"")
    if rest == "missing":
        previous.unlink()
    assert key_of(path, installed(path)) == (5 if rest == "whole" else 1)
    warned = "the one before it is taken" if rest == "whole" else "starting from the original"
    [(level, message)] = messages(caplog)
    assert level == logging.WARNING
    assert warned in message


def test_a_missing_one_gives_way_to_the_one_before_it_or_says_why_not(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """That there was a state which is damaged is worth a warning, although the newest is gone."""
    path = save(1, "start")
    save(5, AT_STOP)
    newest = save(6, AT_STOP)
    newest.unlink()
    assert key_of(path, installed(path)) == 5
    caplog.clear()
    newest.with_name(f"{newest.name}{files.PREVIOUS}").write_bytes(b"x")
    assert key_of(path, installed(path)) == 1
    [(level, message)] = messages(caplog)
    assert (level, message) == (logging.WARNING, "no saved state can be used; starting from the original")


def test_a_state_that_others_could_have_written_is_no_reason_to_forget_it() -> None:
    """The service does not start: whoever looks at it decides."""
    path = save(1, "start")
    save(5, AT_STOP).chmod(0o666)
    with pytest.raises(SavedStateError, match="can be written by other users"):
        key_of(path, installed(path))


def test_a_state_whose_class_is_gone_is_none_either() -> None:
    """The next save would be the end of it."""
    path = save(1, "start")
    at_stop = files.in_state_folder("otk-shutdown.tap")
    facts = {"style": "pickle", "application": "otk", "main": None}
    files.write_state(at_stop, facts, b"cno_such_module\nThing\n.")
    with pytest.raises(SavedStateError, match="there is no module no_such_module"):
        key_of(path, installed(path))


def test_the_original_has_to_be_what_was_installed() -> None:
    """Another one that is sealed with the right key is not."""
    path = save(1, "start")
    digest = installed(path)
    save(2, "start")
    with pytest.raises(SavedStateError, match=r"otk-start\.tap is not as it was when it was installed"):
        key_of(path, digest)


def test_the_original_takes_no_key_and_may_be_handed_over(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The service can neither read the file nor knows the key that it was sealed with."""
    path = save(1, "start")
    digest = installed(path)
    credentials = folder / "credentials"
    credentials.mkdir()
    path.rename(credentials / "svcctl-start")
    (folder / "svcctl-state.key").unlink()
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(credentials))
    assert key_of(path, digest) == 1


def test_both_are_encrypted_with_the_same_passphrase() -> None:
    """A wrong one is an error, not a reason to begin anew."""
    pytest.importorskip("cryptography")
    path = save(1, "start", passphrase=SECRET)
    assert key_of(path, installed(path), SECRET) == 1
    application = go_on(str(path), AT_STOP, digest=installed(path), passphrase=SECRET)
    shops.keys_of(application).nextkey = 5
    assert application.getComponent(sob.IPersistable).save(AT_STOP).endswith("otk-shutdown.etap")
    assert key_of(path, installed(path), SECRET) == 5
    with pytest.raises(SavedStateError, match="is not the passphrase"):
        key_of(path, installed(path), "another")
    with pytest.raises(SavedStateError, match="is encrypted"):
        key_of(path, installed(path))
