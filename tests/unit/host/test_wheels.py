from __future__ import annotations

import io
import stat
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.errors import ProblemsError, SvcctlError
from svcctl.host import wheels
from svcctl.host.wheels import WheelError, read_installed, read_wheel
from tests.fakes.wheel_files import contents, digest, write_archive, write_wheel

INFO = "demo-1.0.dist-info"
FILE = "demo-1.0-py3-none-any.whl"


def refused(path: Path) -> str:
    """Return why a wheel is not taken."""
    with pytest.raises(WheelError) as caught:
        read_wheel(path)
    assert str(path) in str(caught.value)
    return str(caught.value)


def written(folder: Path, changes: dict[str, bytes | None]) -> Path:
    """Write a wheel some of whose files are other ones, or not there, than its RECORD says."""
    found = {**contents("demo"), **changes}
    path = folder / FILE
    write_archive(path, {name: content for name, content in found.items() if content is not None})
    return path


def test_a_wheel_is_read_with_what_it_says_of_itself(tmp_path: Path) -> None:
    """Its files, its tags one by one, and the digest of the archive."""
    path = write_wheel(
        tmp_path,
        "demo",
        {"demo/__init__.py": b"x = 1\n"},
        tag="py2.py3-none-any",
        metadata="Summary: A\n demo\nRequires-Dist: other>=1\n",
    )
    wheel = read_wheel(path)
    assert (wheel.metadata.name, wheel.metadata.version, wheel.metadata.summary) == ("demo", "1.0", "A demo")
    assert wheel.metadata.requires == ("other>=1",)
    assert wheel.tags == ("py2-none-any", "py3-none-any")
    assert wheel.info == INFO
    assert wheel.files[-1].content == b"x = 1\n"
    assert [file.path for file in wheel.files] == sorted(file.path for file in wheel.files)
    assert len(wheel.sha256) == 64


@pytest.mark.parametrize(
    "name", ["/etc/passwd", "../up.py", "demo/../../up.py", "a//b", "./a", "a\\b", "a\nb"]
)
def test_names_that_lead_elsewhere_are_refused(name: str, tmp_path: Path) -> None:
    """Whether or not the RECORD lists them."""
    record = contents("demo")[f"{INFO}/RECORD"] + f'"{name}",{digest(b"x")},1\n'.encode()
    assert "leads out of the folder" in refused(written(tmp_path, {name: b"x", f"{INFO}/RECORD": record}))


def test_links_are_refused(tmp_path: Path) -> None:
    """Installers would not make them either."""
    path = written(tmp_path, {})
    with zipfile.ZipFile(path, "a") as archive:
        entry = zipfile.ZipInfo("link.py")
        entry.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(entry, "/etc/passwd")
    assert "link.py is a link" in refused(path)


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    """Which one is meant?"""
    path = written(tmp_path, {})
    with pytest.warns(UserWarning, match="Duplicate name"), zipfile.ZipFile(path, "a") as archive:
        archive.writestr("demo.py", "other")
    assert "demo.py is there twice" in refused(path)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"demo.py": b"VALUE = 2\n"}, "demo.py is not what its RECORD says"),
        ({"more.py": b""}, "more.py is not in its RECORD"),
        ({"demo.py": None}, "demo.py is in its RECORD, but not there"),
        ({f"{INFO}/RECORD": None}, "it has no RECORD"),
        ({f"{INFO}/RECORD": f"{INFO}/METADATA,,\n".encode()}, "has no digest in its RECORD"),
        ({f"{INFO}/RECORD": f"{INFO}/METADATA,md5=abc,10\n".encode()}, "too weak"),
        ({f"{INFO}/METADATA": None, f"{INFO}/RECORD": b""}, "is not in its RECORD"),
        ({"more-1.0.dist-info/METADATA": b""}, "no folder of metadata, or several"),
    ],
)
def test_files_and_record_have_to_agree(changes: dict[str, bytes | None], why: str, tmp_path: Path) -> None:
    """Each file is listed with a good digest, and each listed file is there."""
    assert why in refused(written(tmp_path, changes))


def test_a_signed_record_need_not_be_listed(tmp_path: Path) -> None:
    """It is made after the list."""
    path = written(tmp_path, {f"{INFO}/RECORD.jws": b"{}"})
    assert f"{INFO}/RECORD.jws" in [file.path for file in read_wheel(path).files]


def test_the_name_of_the_archive_has_to_be_the_distributions(tmp_path: Path) -> None:
    """In whatever spelling; the version, too."""
    found = contents("Demo_App")
    path = tmp_path / "demo.app-1.0-py3-none-any.whl"
    write_archive(path, found)
    assert read_wheel(path).metadata.name == "Demo_App"
    other = path.rename(tmp_path / "demo_app-1.1-py3-none-any.whl")
    assert "holds Demo_App 1.0" in refused(other)
    assert "not that of a wheel" in refused(other.rename(tmp_path / "demo.zip"))
    assert "is not there" in refused(tmp_path / FILE)


def test_limits_hold_whatever_the_archive_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the archive, of the files, of their content."""
    path = written(tmp_path, {})
    for name, limit, why in (
        ("_MAX_ARCHIVE", 10, "larger than 1 GiB"),
        ("_MAX_FILES", 2, "more than 2 files"),
        ("_MAX_CONTENT", 100, "larger than 2 GiB"),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(wheels, name, limit)
            assert why in refused(path)


def test_other_ways_of_compression_are_refused(tmp_path: Path) -> None:
    """Wheels do not use them, and some unpack to more than they say."""
    path = tmp_path / FILE
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
        for name, content in contents("demo").items():
            archive.writestr(name, content)
    assert "compressed in a way" in refused(path)


def test_a_link_in_place_of_the_archive_is_not_followed(tmp_path: Path) -> None:
    """Where wheels are got by another user, it could lead anywhere."""
    (tmp_path / "real").mkdir()
    path = write_wheel(tmp_path / "real", "demo")
    (tmp_path / FILE).symlink_to(path)
    with pytest.raises(SvcctlError, match="a link to"):
        read_wheel(tmp_path / FILE)


def _archive() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in contents("demo").items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return stream.getvalue()


ARCHIVE = _archive()


@given(
    st.lists(st.tuples(st.integers(0, len(ARCHIVE) - 1), st.integers(0, 255)), max_size=6),
    st.integers(0, len(ARCHIVE)),
)
def test_damaged_archives_never_do_more_than_raise(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[int, int]], length: int
) -> None:
    """Altered here and there, and cut off."""
    content = bytearray(ARCHIVE)
    for place, value in changes:
        content[place] = value
    path = tmp_path_factory.getbasetemp() / FILE
    path.write_bytes(content[:length])
    try:
        wheel = read_wheel(path)
    except WheelError:
        return
    assert wheel.metadata.name == "demo"


def installed(site: Path, name: str, changes: dict[str, bytes | None] | None = None, **given: str) -> None:
    """Put the files of a wheel where they would be installed."""
    for path, content in {**contents(name, **given), **(changes or {})}.items():  # type: ignore[arg-type] # (texts all)
        target = site / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if content is not None:
            target.write_bytes(content)


def test_what_is_installed_is_read_by_its_lists(tmp_path: Path) -> None:
    """Nothing else that lies there, no bytecode, no programs beside the folder."""
    installed(tmp_path, "demo")
    record = tmp_path / INFO / "RECORD"
    record.write_bytes(record.read_bytes() + b"../../../bin/demo,,\n__pycache__/demo.cpython-311.pyc,,\n")
    (tmp_path / "stray.py").write_bytes(b"")
    (wheel,) = read_installed(tmp_path)
    assert "stray.py" not in [file.path for file in wheel.files]
    assert [file.path for file in wheel.files if not file.path.startswith(INFO)] == ["demo.py"]
    assert wheel.tags == ("py3-none-any",)
    assert wheel.sha256 == ""


def test_installers_are_left_out_unless_somebody_requires_them(tmp_path: Path) -> None:
    """A virtual environment comes with some of them."""
    for name in ("pip", "setuptools", "wheel"):
        installed(tmp_path, name)
    installed(
        tmp_path, "demo", metadata="Requires-Dist: setuptools>=40\nRequires-Dist: wheel; extra == 'dev'\n"
    )
    assert [wheel.metadata.name for wheel in read_installed(tmp_path)] == ["demo", "setuptools"]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"demo.py": b"VALUE = 2\n"}, "demo.py is not what its RECORD says"),
        ({"demo.py": None}, "demo.py is in its RECORD, but not there"),
        ({f"{INFO}/RECORD": None}, "it has no RECORD"),
        ({f"{INFO}/direct_url.json": b'{"url": "file:///x", "dir_info": {"editable": true}}'}, "editable"),
        ({f"{INFO}/direct_url.json": b"{"}, "Expecting"),
    ],
)
def test_an_installation_that_is_not_whole_is_refused(
    changes: dict[str, bytes | None], why: str, tmp_path: Path
) -> None:
    """Altered since, incomplete, or in place from a source tree."""
    installed(tmp_path, "demo", changes)
    installed(tmp_path, "other", {"other.py": b"altered"})
    with pytest.raises(ProblemsError) as caught:
        read_installed(tmp_path)
    demo, other = caught.value.problems
    assert demo.where == "demo-1.0"
    assert why in demo.message
    assert other.where == "other-1.0"
    assert read_installed(tmp_path, without=["Demo", "other"]) == ()
