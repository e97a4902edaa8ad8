from __future__ import annotations

import os
import pwd
from pathlib import Path

import pytest

from svcctl.errors import ConfigurationError, UsageError
from svcctl.host import machine


@pytest.mark.parametrize(
    "library",
    [
        "usr/lib/x86_64-linux-gnu/systemd/libsystemd-shared-257.so",
        "usr/lib/systemd/libsystemd-shared-257.so",
        "lib/systemd/libsystemd-shared-257.9-1.so",
        "usr/lib64/systemd/libsystemd-shared-257.so",
    ],
)
def test_the_version_below_a_root_is_that_of_its_library(library: str, tmp_path: Path) -> None:
    """Nothing in a strange tree is executed."""
    path = tmp_path / library
    path.parent.mkdir(parents=True)
    path.write_text("")
    assert machine.find("system", str(tmp_path)).version == 257
    assert not machine.find("system", str(tmp_path)).version_assumed
    assert machine.find("system", str(tmp_path), version=254).version == 254


def test_below_a_root_without_systemd_the_oldest_version_is_assumed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That of the machine it is made on means nothing there; an option has the last word."""
    monkeypatch.setattr(machine, "_version_here", lambda: 300)
    found = machine.find("system", str(tmp_path))
    assert (found.version, found.version_assumed) == (machine.OLDEST_VERSION, True)
    given = machine.find("system", str(tmp_path), version=254)
    assert (given.version, given.version_assumed) == (254, False)
    assert machine.find("system").version == 300


@pytest.mark.parametrize("there", [True, False])
def test_lingering_is_what_systemd_remembers_of_the_user(
    there: bool,  # noqa: FBT001 (a table)
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In a file of the user's name."""
    monkeypatch.setattr(machine, "_LINGERING", str(tmp_path))
    if there:
        (tmp_path / pwd.getpwuid(os.getuid()).pw_name).touch()
    assert machine.lingers() is there


def test_a_users_number_is_that_of_the_tree(tmp_path: Path) -> None:
    """Whatever number the name has here."""
    (tmp_path / "etc").mkdir()
    tree = machine.find("system", str(tmp_path))
    assert machine.uid_of(tree, "root") is None
    (tmp_path / "etc/passwd").write_text("root:x:7:7::/:/bin/sh\ndamaged\nbad:x:y:0::/:/bin/sh\n")
    assert [machine.uid_of(tree, name) for name in ("root", "damaged", "bad", "none")] == [
        7,
        None,
        None,
        None,
    ]
    assert machine.uid_of(machine.find("system"), "root") == 0
    assert machine.uid_of(machine.find("system"), "no-such-user") is None
    assert machine.uid_of(machine.find("system"), "4242") == 4242


def test_without_any_systemd_the_oldest_version_is_assumed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its units work on all later ones."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert machine.find("system").version == machine.OLDEST_VERSION


def test_a_root_that_is_no_folder_is_refused(tmp_path: Path) -> None:
    """Before anything is looked for in it."""
    with pytest.raises(ConfigurationError, match="is no folder"):
        machine.find("system", str(tmp_path / "none"))


def test_the_root_folder_is_this_machine() -> None:
    """However it is written."""
    assert machine.find("system", "/").root == ""
    assert machine.find("system", "/").booted == machine.find("system").booted


def test_user_and_root_do_not_go_together(tmp_path: Path) -> None:
    """Nobody is logged in there."""
    with pytest.raises(UsageError, match="do not go together"):
        machine.find("user", str(tmp_path))


def test_a_users_folders_are_where_the_variables_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else where the specification does."""
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    found = machine.find("user", version=257)
    assert found.unit_directory == f"{tmp_path}/.config/systemd/user"
    assert found.receipt_directory == f"{tmp_path}/.local/state/svcctl/receipts"
    assert found.directories["state"] == f"{tmp_path}/.local/state"
    monkeypatch.setenv("XDG_CONFIG_HOME", "/c")
    monkeypatch.setenv("XDG_STATE_HOME", "/s")
    assert machine.find("user", version=257).directories["logs"] == "/s/log"
    # systemd.exec(5) of 252: user units had their state below the configuration.
    assert machine.find("user", version=252).directories["state"] == "/c"
    assert machine.find("user", version=252).unit_directory == "/c/systemd/user"
