from __future__ import annotations

import logging
import os
import pickle
import stat
from pathlib import Path
from typing import Any

import pytest

from svcctl.application import sob
from svcctl.application.persisting import files, keys
from svcctl.application.persisting.envelope import MAGIC, facts_of, line_of, seal
from svcctl.application.persisting.errors import DamagedStateError, StateNotSavedError
from svcctl.errors import ApplicationNotFoundError, ConfigurationError, SavedStateError
from tests.unit.persisting import shops

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files to others")
NOBODY = 65534


def saved(nextkey: int = 0) -> Path:
    """Save the application that hands out keys, and return the file."""
    application = shops.otk()
    shops.keys_of(application).nextkey = nextkey
    return Path(sob.Persistent(application, "otk").save())


def loaded(path: Path) -> int:
    """Return the next key of the application in a file."""
    return shops.keys_of(sob.load(str(path), "pickle")).nextkey


class Exploding:
    """What a pickle does when it is loaded although it must not be."""

    def __reduce__(self) -> Any:  # noqa: ANN401 (what pickle takes)
        """Raise where it is loaded."""
        return (exec, ("raise AssertionError('executed')",))


def test_every_bit_that_is_flipped_is_noticed() -> None:
    """In the magic, the digest, the facts and the application."""
    path = saved()
    whole = path.read_bytes()
    for place in range(len(whole)):
        for bit in range(8):
            path.write_bytes(whole[:place] + bytes([whole[place] ^ 1 << bit]) + whole[place + 1 :])
            with pytest.raises(DamagedStateError):
                files.read_state(str(path))
    path.write_bytes(whole)
    assert loaded(path) == 0


def test_a_file_that_ends_early_is_refused_wherever_it_does() -> None:
    """From no byte at all to all but one; and one that has more than it should."""
    path = saved()
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(DamagedStateError):
            files.read_state(str(path))
    path.write_bytes(whole + b"x")
    with pytest.raises(DamagedStateError, match="altered or truncated"):
        files.read_state(str(path))


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "it is empty"),
        (pickle.dumps(Exploding()), "it was not saved by svcctl"),
        (MAGIC + b"2 ", "of another version"),
        (MAGIC + b"1 " + b"0" * 64 + b"\n" + line_of({"key": None}) + pickle.dumps(Exploding()), "altered"),
        (MAGIC + b"1 " + b"0" * 64 + b"\n# [\n", "altered"),
        (MAGIC + b"1 " + b"0" * 64 + b"\n" + b"# " + b"[" * 100_000, "altered"),
    ],
)
def test_nothing_is_executed_before_the_digest_is_right(data: bytes, why: str) -> None:
    """A pickle of somebody else's, with our two lines before it or without them."""
    path = saved()
    path.write_bytes(data)
    with pytest.raises(DamagedStateError, match=why) as raised:
        sob.load(str(path), "pickle")
    assert str(path) in raised.value.message
    assert raised.value.hint
    assert raised.value.exit_status == 65


def test_a_file_of_another_machine_is_told_from_a_damaged_one(folder: Path) -> None:
    """With the way to bring it over."""
    path = saved()
    (folder / "svcctl-state.key").write_text("ab" * 32 + "\n")
    with pytest.raises(
        DamagedStateError, match=r"was sealed with the key [0-9a-f]{8}, which is not here"
    ) as raised:
        sob.load(str(path), "pickle")
    assert "svcctl convert --key" in raised.value.hint


def test_a_damaged_file_gives_way_to_the_one_before_it(caplog: pytest.LogCaptureFixture) -> None:
    """With one warning that says which and why."""
    saved(1)
    path = saved(2)
    path.write_bytes(path.read_bytes()[:-1])
    assert loaded(path) == 1
    (record,) = (each for each in caplog.records if each.levelno >= logging.WARNING)
    assert record.getMessage() == "the saved state cannot be used; the one before it is taken"
    assert vars(record)["svcctl_path"] == f"{path}.previous"
    assert "altered or truncated" in vars(record)["svcctl_reason"]


def test_a_missing_file_gives_way_to_the_one_before_it() -> None:
    """A file system without second names has a moment in which there is only that."""
    saved(1)
    path = saved(2)
    path.unlink()
    assert loaded(path) == 1


def test_if_both_are_damaged_the_newer_one_is_named() -> None:
    """There is nothing to go on with."""
    saved(1)
    path = saved(2)
    for each in (path, Path(f"{path}.previous")):
        each.write_bytes(b"")
    with pytest.raises(DamagedStateError, match=r"otk\.tap is not used: it is empty"):
        sob.load(str(path), "pickle")


def test_a_damaged_file_does_not_take_the_place_of_a_good_one() -> None:
    """Else the process that is killed at the wrong moment leaves two damaged ones."""
    saved(1)
    path = saved(2)
    path.write_bytes(b"")
    saved(3)
    assert loaded(path) == 3
    path.unlink()
    assert loaded(path) == 1


def test_each_file_has_its_generation() -> None:
    """Counted on over a damaged one."""
    path = Path()
    for expected in (1, 2, 3):
        path = saved()
        assert facts_of(path.read_bytes())["generation"] == expected
    path.unlink()
    assert facts_of(saved().read_bytes())["generation"] == 3


@as_root
@pytest.mark.parametrize("which", ["otk.tap", "svcctl-state.key"])
def test_a_file_of_another_user_is_refused(which: str, folder: Path) -> None:
    """Whatever is in it, and with no way round through the one before it."""
    saved(1)
    path = saved(2)
    os.chown(folder / which, NOBODY, NOBODY)
    with pytest.raises(SavedStateError, match=rf"{which} belongs to another user \(uid 65534\)"):
        loaded(path)
    with pytest.raises(SavedStateError, match="belongs to another user"):
        saved(3)


@pytest.mark.parametrize("which", ["otk.tap", "svcctl-state.key"])
@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_file_that_others_could_have_written_is_refused(which: str, mode: int, folder: Path) -> None:
    """By group or by everybody."""
    path = saved()
    (folder / which).chmod(mode)
    with pytest.raises(SavedStateError, match=f"{which} can be written by other users") as raised:
        loaded(path)
    assert "chmod go-" in raised.value.hint


@pytest.mark.parametrize("mode", [0o640, 0o604])
def test_a_key_that_others_could_have_read_is_refused(mode: int, folder: Path) -> None:
    """They could have sealed anything with it."""
    path = saved()
    (folder / "svcctl-state.key").chmod(mode)
    with pytest.raises(SavedStateError, match=r"state\.key can be read by other users"):
        loaded(path)


@pytest.mark.parametrize("which", ["otk.tap", "svcctl-state.key"])
def test_a_link_is_refused(which: str, folder: Path) -> None:
    """Also one that leads to a good file; nothing is written through it."""
    path = saved()
    (folder / which).rename(folder / "elsewhere")
    (folder / which).symlink_to("elsewhere")
    with pytest.raises(SavedStateError, match=f"{which} is a link"):
        loaded(path)
    with pytest.raises(SavedStateError, match=f"{which} is a link"):
        saved()


def test_what_is_no_file_is_refused(folder: Path) -> None:
    """A folder, and a pipe without waiting for who writes to it."""
    saved()
    (folder / "folder.tap").mkdir()
    os.mkfifo(folder / "pipe.tap")
    with pytest.raises(SavedStateError, match=r"folder\.tap is a folder"):
        files.read_state(str(folder / "folder.tap"))
    with pytest.raises(SavedStateError, match=r"pipe\.tap is no regular file"):
        files.read_state(str(folder / "pipe.tap"))
    with pytest.raises(SavedStateError, match="names no file"):
        files.read_state(f"{folder}/")


@pytest.mark.parametrize("mode", [0o777, 0o1777])
@pytest.mark.parametrize("given", [True, False])
def test_a_folder_that_others_can_write_is_no_place_for_state(
    mode: int, folder: Path, monkeypatch: pytest.MonkeyPatch, *, given: bool
) -> None:
    """Neither with the sticky bit: others could be there first."""
    path = saved()
    if not given:
        monkeypatch.setenv("STATE_DIRECTORY", str(folder / "own"))
        (folder / "own").mkdir()
        (folder / "svcctl-state.key").rename(folder / "own/svcctl-state.key")
    folder.chmod(mode)
    with pytest.raises(SavedStateError, match="can be written by other users"):
        files.read_state(str(path))
    with pytest.raises(SavedStateError, match="can be written by other users"):
        sob.Persistent([], "x").save(filename=str(path))


def test_a_sticky_folder_may_lie_on_the_way(folder: Path) -> None:
    """What is ours in /tmp can only be exchanged by us; without the sticky bit by everybody."""
    key = keys.own_key()
    (folder / "open/ours").mkdir(parents=True, mode=0o755)
    path = folder / "open/ours/x.tap"
    files.write_state(str(path), {"style": "pickle", "application": "x", "main": None}, b"N.", key=key)
    (folder / "open").chmod(0o1777)
    assert files.read_state(str(path)).body == b"N."
    (folder / "open").chmod(0o777)
    with pytest.raises(SavedStateError, match="open can be written by other users"):
        files.read_state(str(path))


@as_root
def test_a_folder_of_another_user_on_the_way_is_refused(folder: Path) -> None:
    """He could put another one into its place; so could who made a link on the way."""
    key = keys.own_key()
    (folder / "theirs/ours").mkdir(parents=True)
    path = str(folder / "theirs/ours/x.tap")
    files.write_state(path, {"style": "pickle", "application": "x", "main": None}, b"N.", key=key)
    (folder / "link").symlink_to("theirs/ours")
    assert files.read_state(f"{folder}/link/x.tap").body == b"N."
    os.chown(folder / "link", NOBODY, NOBODY, follow_symlinks=False)
    with pytest.raises(SavedStateError, match="link is a link made by another user"):
        files.read_state(f"{folder}/link/x.tap")
    os.chown(folder / "theirs", NOBODY, NOBODY)
    with pytest.raises(SavedStateError, match="theirs belongs to another user"):
        files.read_state(path)


def test_links_and_dots_in_safe_folders_lead_on(folder: Path) -> None:
    """Administrators move folders and leave a link behind; a circle is no endless walk."""
    key = keys.own_key()
    (folder / "big/lib").mkdir(parents=True)
    (folder / "lib").symlink_to(f"{folder}/big/../big/./lib")
    path = str(folder / "lib/x.tap")
    files.write_state(path, {"style": "pickle", "application": "x", "main": None}, b"N.", key=key)
    assert files.read_state(path).body == b"N."
    (folder / "a").symlink_to("b")
    (folder / "b").symlink_to("a")
    with pytest.raises(SavedStateError, match="too many links"):
        files.read_state(str(folder / "a/x.tap"))


def test_the_state_folder_may_be_a_link_of_the_init_system(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As for dynamic users: the way to it is the init system's concern, what is in it ours."""
    (folder / "private/otk").mkdir(parents=True)
    (folder / "private").chmod(0o777)  # would be refused on any other way
    (folder / "otk").symlink_to("private/otk")
    monkeypatch.setenv("STATE_DIRECTORY", str(folder / "otk"))
    assert loaded(saved(7)) == 7
    assert (folder / "private/otk/otk.tap").exists()


def test_a_file_that_cannot_be_read_or_written_is_told(folder: Path) -> None:
    """With what the system said."""
    missing = str(folder / "missing/x.tap")
    with pytest.raises(ApplicationNotFoundError, match=r"x\.tap: No such file or directory"):
        files.read_state(missing)
    with pytest.raises(StateNotSavedError, match=r"cannot save .*missing/x\.tap: No such file") as raised:
        shops.otk().save(filename=missing)
    assert raised.value.exit_status == 78
    with pytest.raises(StateNotSavedError, match="File name too long"):
        sob.Persistent([], "x" * 300).save()


def test_a_key_is_made_once_and_for_its_owner_alone(folder: Path) -> None:
    """32 bytes from the system's generator."""
    first = keys.own_key()
    assert keys.own_key() == first
    assert len(first.secret) == 32
    assert stat.S_IMODE((folder / "svcctl-state.key").stat().st_mode) == 0o600


@pytest.mark.parametrize("text", ["", "ab", "ab" * 33, "zz" * 32, "\xff" * 64])
def test_a_damaged_key_is_told(text: str, folder: Path) -> None:
    """It is not replaced: what it has sealed would be lost."""
    path = saved()
    (folder / "svcctl-state.key").write_text(text)
    with pytest.raises(ConfigurationError, match=r"state\.key is no key"):
        loaded(path)
    with pytest.raises(ConfigurationError, match=r"state\.key is no key"):
        saved()


def test_without_a_state_folder_the_key_is_with_what_is_the_users(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a folder that is made for it."""
    monkeypatch.delenv("STATE_DIRECTORY")
    monkeypatch.chdir(folder)
    assert loaded(saved(3)) == 3
    assert stat.S_IMODE((folder / "own/svcctl").stat().st_mode) == (0o755 if os.geteuid() == 0 else 0o700)
    assert (folder / "own/svcctl/state.key").exists()


def test_a_key_that_cannot_be_made_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what to set."""
    (folder / "file").write_text("")
    monkeypatch.setenv("STATE_DIRECTORY", str(folder / "file"))
    with pytest.raises(ConfigurationError, match="cannot make the key") as raised:
        keys.own_key()
    assert "STATE_DIRECTORY" in raised.value.hint


@pytest.mark.parametrize("mode", [0o400, 0o440, 0o600])
def test_a_credential_is_the_key_if_there_is_one(
    mode: int, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the modes that systemd gives them: the bits of the group may be the mask of an access list."""
    before = saved(1)
    (folder / "credentials").mkdir()
    (folder / "credentials/svcctl-state-key").write_text("cd" * 32)
    (folder / "credentials/svcctl-state-key").chmod(mode)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(folder / "credentials"))
    assert loaded(before) == 1  # sealed with the key beside it, which still counts
    path = saved(2)
    assert facts_of(path.read_bytes())["key"] == keys.own_key().fingerprint
    (folder / "svcctl-state.key").unlink()
    assert loaded(path) == 2


def test_what_is_in_a_file_can_be_read_by_people() -> None:
    """Without its pickle being executed."""
    first, second = saved().read_bytes().split(b"\n")[:2]
    assert first.startswith(b"# svcctl-state 1 ")
    fingerprint = keys.own_key().fingerprint.encode()
    assert second == (
        b'# {"application":"otk","cipher":null,"generation":1,"key":"'
        + fingerprint
        + b'","main":null,"style":"pickle"}'
    )


def test_facts_that_are_verified_but_strange_are_told(folder: Path) -> None:
    """As of a newer version that has one more style."""
    key = keys.own_key()
    (folder / "x.tap").write_bytes(seal(line_of({"style": "yaml"}), b"", key))
    (folder / "x.tap").chmod(0o600)
    with pytest.raises(SavedStateError, match="of the style yaml, not pickle"):
        sob.load(str(folder / "x.tap"), "pickle")
