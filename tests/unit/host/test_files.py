from __future__ import annotations

import errno
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


@as_root
def test_a_folder_that_a_group_may_write_to_is_good_for_looking_alone(tmp_path: Path) -> None:
    """Root's own, not that of another user."""
    (tmp_path / "log/echo").mkdir(parents=True)
    os.chown(tmp_path / "log", 0, 4242)
    (tmp_path / "log").chmod(0o775)
    os.close(files.open_folder(str(tmp_path), "/log/echo", shared=True))
    assert not files.is_occupied(str(tmp_path), "/log/echo", owner=None)
    with pytest.raises(PermissionDeniedError, match="can be written by other users"):
        files.open_folder(str(tmp_path), "/log/echo")
    os.chown(tmp_path / "log", 4242, 4242)
    with pytest.raises(PermissionDeniedError, match="belongs to another user"):
        files.open_folder(str(tmp_path), "/log/echo", shared=True)


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
def test_a_folder_with_something_in_it_that_systemd_did_not_make_is_occupied(tmp_path: Path) -> None:
    """A service's own folder, an empty one and a link are not."""
    for name in ("roots", "empty", "services", "strangers"):
        (tmp_path / name).mkdir()
        if name != "empty":
            (tmp_path / name / "x").write_text("")
    os.chown(tmp_path / "services", 4242, 4242)
    os.chown(tmp_path / "strangers", 4243, 4243)
    (tmp_path / "link").symlink_to("private/link")
    names = ("roots", "empty", "services", "strangers", "link", "missing")
    occupied = [name for name in names if files.is_occupied(str(tmp_path), f"/{name}", owner=4242)]
    assert occupied == ["roots", "strangers"]


@as_root
@pytest.mark.parametrize(
    ("target", "occupied"),
    [
        ("../private/web/1", False),
        ("/lib/private/web/1", False),
        ("../private/web/2", True),
        ("../private/1", True),
        ("/etc/passwd", True),
        ("own", False),
        ("file", True),
    ],
)
def test_the_folder_of_instances_is_not_occupied_by_what_systemd_made(
    target: str,
    occupied: bool,  # noqa: FBT001 (a table)
    tmp_path: Path,
) -> None:
    """Links into the private folder under the instance's own name, or folders of the service's user."""
    folder = tmp_path / "lib/web"
    folder.mkdir(parents=True)
    (folder / "0").symlink_to("../private/web/0")
    if target == "own":
        (folder / "1").mkdir()
        os.chown(folder / "1", 4242, 4242)
    elif target == "file":
        (folder / "1").write_text("")
    else:
        (folder / "1").symlink_to(target)
    assert files.is_occupied(str(tmp_path), "/lib/web", owner=4242) is occupied


def test_the_names_in_a_folder_are_sorted(tmp_path: Path) -> None:
    """None if it is not there."""
    for name in ("b", "a"):
        (tmp_path / name).write_text("")
    assert files.names(str(tmp_path), "/") == ("a", "b")
    assert files.names(str(tmp_path), "/none") == ()


def test_a_link_to_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    """No folder can be made through it."""
    (tmp_path / "var").symlink_to("/data/var")
    with pytest.raises(ConfigurationError, match="/var is a link to /data/var, and there is no such folder"):
        files.make_folder(str(tmp_path), "/var/lib/svcctl")
    assert [path.name for path in tmp_path.iterdir()] == ["var"]


@pytest.mark.parametrize("number", [errno.EROFS, errno.ENOSPC])
def test_a_folder_that_finds_no_room_is_the_machines_fault(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A read-only or full disk is told with the path, and the folders above it are gone again."""
    make = os.mkdir

    def refuse(path: str, mode: int = 0o777, *, dir_fd: int | None = None) -> None:
        if path == "svcctl":
            raise OSError(number, os.strerror(number))
        make(path, mode, dir_fd=dir_fd)

    monkeypatch.setattr(os, "mkdir", refuse)
    with pytest.raises(ConfigurationError, match=f"cannot make /var/lib/svcctl: {os.strerror(number)}"):
        files.make_folder(str(tmp_path), "/var/lib/svcctl")
    assert list(tmp_path.iterdir()) == []


def test_an_empty_folder_stays_on_a_read_only_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing else was changed there either."""

    def refuse(*_arguments: object, **_options: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    (tmp_path / "empty").mkdir()
    monkeypatch.setattr(os, "rmdir", refuse)
    assert not files.remove_empty_folder(str(tmp_path), "/empty")
