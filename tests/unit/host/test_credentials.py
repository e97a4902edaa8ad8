"""The stores of secrets, and the tool that encrypts them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from svcctl.errors import ConfigurationError, PermissionDeniedError
from svcctl.host import credentials
from tests.fakes.machines import machine_in, picture

NAME = "shop@key"


def test_a_credential_is_root_s_alone(tmp_path: Path) -> None:
    """Its store, too, whatever the umask is."""
    (tmp_path / "etc").mkdir()
    before = os.umask(0)
    try:
        path = credentials.put(machine_in(tmp_path), NAME, b"secret", encrypted=False)
    finally:
        os.umask(before)
    assert path == "/etc/credstore/shop@key"
    assert picture(tmp_path)["etc/credstore"][1] == 0o700
    assert picture(tmp_path)["etc/credstore/shop@key"] == ("file", 0o600, b"secret")
    assert set(picture(tmp_path)) == {"etc", "etc/credstore", "etc/credstore/shop@key"}


def test_there_is_one_credential_of_a_name(tmp_path: Path) -> None:
    """The later one, be it encrypted or not."""
    (tmp_path / "etc").mkdir()
    machine = machine_in(tmp_path)
    for encrypted in (True, False, True):
        path = credentials.put(machine, NAME, b"x", encrypted=encrypted)
        assert credentials.listed(machine, "shop@") == (credentials.Stored(NAME, path, encrypted),)
        assert credentials.find(machine, NAME) == credentials.Stored(NAME, path, encrypted)


def test_what_the_machine_was_started_with_counts(tmp_path: Path) -> None:
    """A container gets its secrets so; they are not ours to list."""
    folder = tmp_path / "run/credentials/@system"
    folder.mkdir(parents=True)
    (folder / NAME).write_text("x")
    machine = machine_in(tmp_path)
    assert credentials.find(machine, NAME) == (NAME, f"/run/credentials/@system/{NAME}", False)
    assert credentials.find(machine, "shop@other") is None
    assert credentials.listed(machine, "shop@") == ()


def test_a_store_that_others_can_write_to_hides_none_that_is_elsewhere(tmp_path: Path) -> None:
    """On some systems a group may write below /usr/local."""
    (tmp_path / "usr/local/lib").mkdir(parents=True)
    (tmp_path / "usr/local").chmod(0o777)
    machine = machine_in(tmp_path)
    if os.geteuid() == 0:
        assert credentials.find(machine, NAME) is None
    else:  # somebody else may know more
        with pytest.raises(PermissionDeniedError):
            credentials.find(machine, NAME)
    (tmp_path / "usr/lib/credstore").mkdir(parents=True)
    (tmp_path / "usr/lib/credstore" / NAME).write_text("x")
    assert credentials.find(machine, NAME) == (NAME, f"/usr/lib/credstore/{NAME}", False)


def test_a_link_in_the_place_of_a_credential_is_refused(tmp_path: Path) -> None:
    """Nothing is written where it leads to."""
    (tmp_path / "etc/credstore").mkdir(parents=True)
    (tmp_path / "elsewhere").write_text("old")
    (tmp_path / "etc/credstore" / NAME).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ConfigurationError, match="a link to"):
        credentials.put(machine_in(tmp_path), NAME, b"x", encrypted=False)
    assert (tmp_path / "elsewhere").read_text() == "old"


def test_a_store_that_others_can_write_to_is_refused(tmp_path: Path) -> None:
    """They could exchange what is in it."""
    (tmp_path / "etc/credstore").mkdir(parents=True)
    (tmp_path / "etc/credstore").chmod(0o777)
    with pytest.raises(PermissionDeniedError, match="can be written by other users"):
        credentials.put(machine_in(tmp_path), NAME, b"x", encrypted=False)


def test_the_tool_gets_the_secret_through_its_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The list of processes shows arguments to everybody."""
    tool = tmp_path / "systemd-creds"
    tool.write_text(f'#!/bin/sh\nprintf "%s\\n" "$*" >{tmp_path}/arguments\n/usr/bin/tr a-z A-Z\n')
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert credentials.encrypt("key", b"secret") == b"SECRET"
    assert (tmp_path / "arguments").read_text() == "encrypt --name=key - -\n"


@pytest.mark.parametrize(
    ("script", "said"), [("", "there is no systemd-creds"), ("echo no key >&2; exit 1", "no key")]
)
def test_without_encryption_the_way_out_is_named(
    script: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plain one, which is asked for expressly."""
    if script:
        (tmp_path / "systemd-creds").write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / "systemd-creds").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigurationError, match=said) as caught:
        credentials.encrypt("key", b"secret")
    assert "--plain" in caught.value.hint
    assert "secret" not in str(caught.value)
