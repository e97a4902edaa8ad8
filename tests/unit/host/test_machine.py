from __future__ import annotations

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
    assert machine.find("system", str(tmp_path), version=254).version == 254


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
