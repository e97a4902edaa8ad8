"""What is written beside a package: its source, the list of both, and signatures."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from svcctl.errors import ConfigurationError
from svcctl.generate.debian.changes import Artefact
from svcctl.generate.debian.render import settle
from svcctl.manifest.model import Identity
from svcctl.operations.packaging.source import signing_key, write_source
from tests.fakes.gnupg import made_key, run
from tests.unit.generate.debian.packages import NAMED, OPTIONS
from tests.unit.generate.debian.test_changes import fields
from tests.unit.generate.debian.test_source import source_of

SETTLED = settle(NAMED, OPTIONS)
DEB = Artefact("echo_1.0_all.deb", b"deb")


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give the folder of keys of the package's maintainer."""
    if shutil.which("gpg") is None:
        pytest.skip("there is no gpg")
    with tempfile.TemporaryDirectory(prefix="gpg-") as folder:
        keys = Path(folder, ".gnupg")
        with made_key(keys, OPTIONS.maintainer):
            monkeypatch.setenv("GNUPGHOME", str(keys))
            yield keys


def test_a_source_package_comes_with_its_folder_and_lists(tmp_path: Path) -> None:
    """The one of what was built last."""
    written = write_source(tmp_path, SETTLED, source=source_of(), deb=DEB)
    assert [path.name for path in written] == [
        "echo-1.0", "echo_1.0.tar.xz", "echo_1.0.dsc", "echo_1.0_all.deb", "echo_1.0_all.changes",
    ]  # fmt: skip
    assert sorted(tmp_path.iterdir()) == sorted(written)
    listed = written[-1].read_text()
    assert "\nArchitecture: source all\n" in listed
    for path in written[1:-1]:
        assert (
            f" {hashlib.sha256(path.read_bytes()).hexdigest()} {path.stat().st_size} {path.name}\n" in listed
        )


def test_each_can_be_written_without_the_other(tmp_path: Path) -> None:
    """The list is named after what is in it."""
    assert [path.name for path in write_source(tmp_path / "a", SETTLED, deb=DEB)] == [
        "echo_1.0_all.deb",
        "echo_1.0_all.changes",
    ]
    assert write_source(tmp_path / "b", SETTLED, source=source_of())[-1].name == "echo_1.0_source.changes"


@pytest.mark.parametrize("version", ["1.0", "2:1.0-1"])
def test_dpkg_unpacks_what_is_signed(tmp_path: Path, home: Path, version: str) -> None:
    """After it has verified the signature; the files are those of the folder."""
    if shutil.which("dpkg-source") is None:
        pytest.skip("there is no dpkg-source")
    options = settle(NAMED, source_of(version=version).options)
    key = signing_key("", options.maintainer)
    written = write_source(tmp_path, options, source=source_of(version=version), deb=DEB, key=key)
    for path in written:
        if path.suffix in {".dsc", ".changes"}:
            assert "Good signature" in run(home, "gpg", "--verify", str(path))
    listed = next(path for path in written if path.suffix == ".dsc")
    run(home, "gpg", "--batch", "--output", str(home / "trustedkeys.gpg"), "--export")
    unpack = ("dpkg-source", "--require-valid-signature", "-x", str(listed), str(tmp_path / "x"))
    run(home, *unpack)
    same = subprocess.run(
        ["/usr/bin/diff", "-r", "--exclude=.pc", tmp_path / "x", written[0]],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (same.returncode, same.stdout) == (0, "")


@pytest.mark.parametrize("version", ["1.0", "2:1.0-1"])
def test_dpkg_says_the_same_of_a_source_package(tmp_path: Path, version: str) -> None:
    """When it makes one of the folder; only the archives are its own."""
    if shutil.which("dpkg-source") is None:
        pytest.skip("there is no dpkg-source")
    source = source_of(
        replace(NAMED, identity=Identity(uid="echo")), version=version, homepage="https://example.org/"
    )
    folder, *_, listed, _ = write_source(tmp_path, source.options, source=source)
    ours = fields(listed.read_text())
    subprocess.run(
        ["/usr/bin/dpkg-source", "-b", folder],
        check=True,
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        timeout=60,
    )
    theirs = fields(listed.read_text())
    assert ours["Files"] != theirs["Files"]
    for name in ("Files", "Checksums-Sha1", "Checksums-Sha256"):
        del ours[name], theirs[name]
    assert list(ours.items()) == list(theirs.items())


@pytest.mark.usefixtures("home")
def test_nothing_is_written_that_cannot_be_signed(tmp_path: Path) -> None:
    """Neither for a wrong key, nor for a maintainer who has none."""
    output = tmp_path / "out"
    with pytest.raises(ConfigurationError, match=r"no secret key <bob@example\.org>"):
        signing_key("", "Bob <bob@example.org>")
    with pytest.raises(ConfigurationError, match="gpg has no secret key 0123456789ABCDEF"):
        write_source(output, SETTLED, source=source_of(), deb=DEB, key="0123456789ABCDEF")
    assert not output.exists()
