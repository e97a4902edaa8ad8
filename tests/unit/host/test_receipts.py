from __future__ import annotations

import fcntl
import os
from dataclasses import replace
from pathlib import Path

import pytest

from svcctl.errors import ConfigurationError, PermissionDeniedError
from svcctl.host import files, receipts
from svcctl.plan import codec
from svcctl.plan.model import Receipt
from tests.fakes.machines import machine_in, picture

FOLDER = "var/lib/svcctl/receipts"


def write(root: Path, name: str, *, text: str | None = None) -> Receipt:
    """Put a receipt on the machine and return it."""
    receipt = Receipt(
        name=name,
        scope="system",
        application=f"/srv/{name}.tac",
        python="/usr/bin/python3",
        python_version="3.11.2",
        service=f"{name}.service",
        sockets=(),
        addresses=(),
        files=(),
        directories=(),
        manifest_digest="0" * 64,
        manifest="{}",
        options=(f"/srv/{name}.tac",),
    )
    files.make_folder(str(root), f"/{FOLDER}")
    (root / FOLDER / f"{name}.json").write_text(text if text is not None else codec.encode_receipt(receipt))
    return receipt


def test_without_an_installation_there_is_no_receipt(tmp_path: Path) -> None:
    """Neither file nor folder."""
    machine = machine_in(tmp_path)
    assert receipts.read(machine, "echo") is None
    assert receipts.read_all(machine) == ((), ())


def test_all_receipts_are_read_in_the_order_of_their_names(tmp_path: Path) -> None:
    """Other files in the folder are none."""
    zebra, ape = write(tmp_path, "zebra"), write(tmp_path, "ape")
    (tmp_path / FOLDER / "README").write_text("")
    assert receipts.read_all(machine_in(tmp_path)).receipts == (ape, zebra)


@pytest.mark.parametrize("text", ["", "{", '{"name": 1}', "\udcff", "[]"])
def test_a_damaged_receipt_is_named_and_hides_no_other(text: str, tmp_path: Path) -> None:
    """The error has the file and the way back."""
    good = write(tmp_path, "good")
    write(tmp_path, "bad", text="")
    (tmp_path / FOLDER / "bad.json").write_bytes(text.encode(errors="surrogateescape"))
    machine = machine_in(tmp_path)

    found = receipts.read_all(machine)
    assert found.receipts == (good,)
    assert len(found.damaged) == 1
    assert f"{tmp_path}/{FOLDER}/bad.json is damaged" in str(found.damaged[0])
    with pytest.raises(ConfigurationError, match=r"bad\.json is damaged") as caught:
        receipts.read(machine, "bad")
    assert f"remove {tmp_path}/{FOLDER}/bad.json" in caught.value.hint


def test_a_receipt_under_another_name_is_damaged(tmp_path: Path) -> None:
    """A copy by hand would let one application's removal take another's files."""
    write(tmp_path, "echo")
    (tmp_path / FOLDER / "echo.json").rename(tmp_path / FOLDER / "copy.json")
    with pytest.raises(ConfigurationError, match="it is the receipt of 'echo'"):
        receipts.read(machine_in(tmp_path), "copy")


def test_receipts_in_a_folder_that_all_may_write_are_not_believed(tmp_path: Path) -> None:
    """They say which files root removes."""
    write(tmp_path, "echo")
    (tmp_path / FOLDER).chmod(0o777)
    with pytest.raises(PermissionDeniedError, match="can be written by other users"):
        receipts.read(machine_in(tmp_path), "echo")


def test_the_lock_leaves_nothing_behind(tmp_path: Path) -> None:
    """Its folder goes with the last receipt."""
    machine = machine_in(tmp_path)
    with receipts.locked(machine) as made:
        assert (tmp_path / FOLDER).is_dir()
        assert made == ("/var", "/var/lib", "/var/lib/svcctl", "/var/lib/svcctl/receipts")
    assert picture(tmp_path) == {}

    write(tmp_path, "echo")
    with receipts.locked(machine):
        pass
    assert (tmp_path / FOLDER / "echo.json").exists()


def test_only_one_at_a_time_has_the_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other one waits its time and then says who has it."""
    machine = machine_in(tmp_path)
    monkeypatch.setattr(receipts, "_WAIT", 0.0)
    monkeypatch.setattr(receipts, "_PAUSE", 0.0)
    with (
        receipts.locked(machine),
        pytest.raises(receipts.BusyError, match="another svcctl is at work") as caught,
        receipts.locked(machine),
    ):
        pass
    assert caught.value.exit_status == 75


def test_a_lock_on_a_folder_that_was_removed_meanwhile_is_taken_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else two would have one each, on two folders of the same name."""
    machine = machine_in(tmp_path)
    real, calls = fcntl.flock, iter(range(10))

    def flock(folder: int, operation: int) -> None:
        if next(calls) == 0:
            (tmp_path / FOLDER).rmdir()
        real(folder, operation)

    monkeypatch.setattr(fcntl, "flock", flock)
    with receipts.locked(machine):
        assert next(calls) == 2
        assert (tmp_path / FOLDER).is_dir()


def test_only_root_may_change_what_is_installed_for_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Below --root the file system decides."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    receipts.need_permission(machine_in(tmp_path))
    with pytest.raises(PermissionDeniedError, match="only root") as caught:
        receipts.need_permission(replace(machine_in(tmp_path), root=""))
    assert "sudo" in caught.value.hint
    assert "--user" in caught.value.hint
