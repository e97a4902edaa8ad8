from __future__ import annotations

import os
from pathlib import Path

import pytest

from svcctl.errors import ConfigurationError, PermissionDeniedError
from svcctl.host import files

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files to others")


def test_a_file_is_read_with_its_mode(tmp_path: Path) -> None:
    """Bytes and permission bits."""
    (tmp_path / "x").write_bytes(b"\xff")
    (tmp_path / "x").chmod(0o640)
    assert files.read(str(tmp_path), "/x") == (b"\xff", 0o640)


@pytest.mark.parametrize("path", ["/missing", "/no/such/folder"])
def test_a_missing_file_is_none(path: str, tmp_path: Path) -> None:
    """Also when its folder is missing."""
    assert files.read(str(tmp_path), path) is None
    assert not files.exists(str(tmp_path), path)
    assert not files.remove_tree(str(tmp_path), path)


def test_links_in_safe_folders_lead_on(tmp_path: Path) -> None:
    """Administrators move folders and leave a link behind."""
    (tmp_path / "big/lib").mkdir(parents=True)
    (tmp_path / "var").mkdir()
    (tmp_path / "var/lib").symlink_to("../big/lib")
    (tmp_path / "big/lib/x").write_text("x")
    assert files.read(str(tmp_path), "/var/lib/x") == (b"x", 0o644)


def test_absolute_links_stay_below_the_root(tmp_path: Path) -> None:
    """As for a process that has it as its root folder; also with too many dots."""
    root = tmp_path / "root"
    (root / "inner").mkdir(parents=True)
    (root / "inner/x").write_text("right")
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner/x").write_text("wrong")
    (root / "absolute").symlink_to("/inner")
    (root / "dots").symlink_to("../../../inner")
    for name in ("absolute", "dots"):
        contents = files.read(str(root), f"/{name}/x")
        assert contents is not None
        assert contents.data == b"right"


def test_links_in_a_circle_are_refused(tmp_path: Path) -> None:
    """With a message instead of an endless walk."""
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(ConfigurationError, match="too many links"):
        files.read(str(tmp_path), "/a/x")


def test_a_file_in_the_place_of_a_folder_is_named(tmp_path: Path) -> None:
    """The component at fault, not only the whole path."""
    (tmp_path / "etc").write_text("")
    with pytest.raises(ConfigurationError, match="etc is no folder"):
        files.open_folder(str(tmp_path), "/etc/systemd")


@pytest.mark.parametrize("mode", [0o777, 0o1777])
def test_a_folder_that_others_can_write_is_no_place_for_files(mode: int, tmp_path: Path) -> None:
    """Neither with the sticky bit: others could be there first."""
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(mode)
    with pytest.raises(PermissionDeniedError, match="can be written by other users"):
        files.open_folder(str(tmp_path), "/open")


def test_a_sticky_folder_may_lie_on_the_way(tmp_path: Path) -> None:
    """What is ours in /tmp can only be exchanged by us."""
    (tmp_path / "open/ours").mkdir(parents=True)
    (tmp_path / "open").chmod(0o1777)
    os.close(files.open_folder(str(tmp_path), "/open/ours"))
    (tmp_path / "open").chmod(0o777)
    with pytest.raises(PermissionDeniedError, match="can be written by other users"):
        files.open_folder(str(tmp_path), "/open/ours")


@as_root
def test_a_folder_of_another_user_is_refused(tmp_path: Path) -> None:
    """Its owner could exchange what is in it at any time."""
    (tmp_path / "theirs/deeper").mkdir(parents=True)
    os.chown(tmp_path / "theirs", 4242, 4242)
    with pytest.raises(PermissionDeniedError, match="belongs to another user \\(uid 4242\\)"):
        files.open_folder(str(tmp_path), "/theirs/deeper")


@as_root
def test_a_link_of_another_user_is_refused(tmp_path: Path) -> None:
    """In a sticky folder they may make some."""
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o1777)
    (tmp_path / "real").mkdir()
    (tmp_path / "open/link").symlink_to("../real")
    os.chown(tmp_path / "open/link", 4242, 4242, follow_symlinks=False)
    with pytest.raises(PermissionDeniedError, match="a link made by another user"):
        files.open_folder(str(tmp_path), "/open/link")


@pytest.mark.parametrize("kind", ["link", "folder", "pipe"])
def test_only_plain_files_are_read(kind: str, tmp_path: Path) -> None:
    """A pipe does not keep the reader waiting."""
    path = tmp_path / "x"
    if kind == "link":
        path.symlink_to("/etc/hostname")
    elif kind == "folder":
        path.mkdir()
    else:
        os.mkfifo(path)
    with pytest.raises(ConfigurationError, match="where a plain file belongs"):
        files.read(str(tmp_path), "/x")


def test_folders_are_made_readable_whatever_the_umask(tmp_path: Path) -> None:
    """And their paths returned, for undoing."""
    old = os.umask(0o077)
    try:
        made = files.make_folder(str(tmp_path), "/var/lib/svcctl")
    finally:
        os.umask(old)
    assert made == ("/var", "/var/lib", "/var/lib/svcctl")
    assert (tmp_path / "var/lib/svcctl").stat().st_mode & 0o777 == 0o755
    assert files.make_folder(str(tmp_path), "/var/lib/svcctl") == ()


def test_only_empty_folders_are_removed(tmp_path: Path) -> None:
    """What somebody else has put there stays."""
    (tmp_path / "full/inner").mkdir(parents=True)
    assert not files.remove_empty_folder(str(tmp_path), "/full")
    assert files.remove_empty_folder(str(tmp_path), "/full/inner")
    assert not files.remove_empty_folder(str(tmp_path), "/missing")
    assert (tmp_path / "full").exists()


def test_removing_a_tree_follows_no_link(tmp_path: Path) -> None:
    """Neither one in its place nor one in it."""
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious/x").write_text("")
    (tmp_path / "state").mkdir()
    (tmp_path / "state/link").symlink_to(tmp_path / "precious")
    (tmp_path / "link").symlink_to(tmp_path / "precious")
    assert files.remove_tree(str(tmp_path), "/state")
    assert files.remove_tree(str(tmp_path), "/link")
    assert [path.name for path in tmp_path.iterdir()] == ["precious"]
    assert (tmp_path / "precious/x").exists()


@as_root
def test_a_folder_of_root_with_something_in_it_is_occupied(tmp_path: Path) -> None:
    """A service's own folder, an empty one and a link are not."""
    for name in ("roots", "empty", "services"):
        (tmp_path / name).mkdir()
    (tmp_path / "roots/x").write_text("")
    (tmp_path / "services/x").write_text("")
    os.chown(tmp_path / "services", 4242, 4242)
    (tmp_path / "link").symlink_to("private/link")
    names = ("roots", "empty", "services", "link", "missing")
    assert [name for name in names if files.is_occupied(str(tmp_path), f"/{name}")] == ["roots"]
