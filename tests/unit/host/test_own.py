from __future__ import annotations

import shutil
import sys
from importlib import metadata
from pathlib import Path

import pytest

import svcctl
from svcctl.errors import ConfigurationError
from svcctl.host.own import own_wheel

METADATA = f"Metadata-Version: 2.4\nName: svcctl\nVersion: {svcctl.__version__}\nLicense-File: LICENSE\n\n"


def test_it_is_what_runs() -> None:
    """Its code, without bytecode, its metadata, its plug-ins and its licence; wherever it lies."""
    wheel = own_wheel()
    content = {file.path: file.content for file in wheel.files}
    folder = Path(svcctl.__file__).parent
    assert content["svcctl/__init__.py"] == (folder / "__init__.py").read_bytes()
    assert "svcctl/runtime/control/io.svcctl.Control.varlink" in content
    assert not [path for path in content if path.endswith(".pyc")]
    assert (wheel.metadata.name, wheel.metadata.version) == ("svcctl", svcctl.__version__)
    assert wheel.tags == ("py3-none-any",)
    assert b"[svcctl.plugins]" in content[f"{wheel.info}/entry_points.txt"]
    assert b"Permission is hereby granted" in content[f"{wheel.info}/licenses/LICENSE"]
    assert [file.path for file in wheel.files] == sorted(content)


def installed(folder: Path, text: str) -> None:
    """Make metadata of svcctl that is found before the real ones."""
    info = folder / "svcctl-9.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(text)
    (info / "LICENSE").write_text("terms")


def test_it_is_read_from_a_folder_of_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As Debian's is, with its licence beside the metadata and no other file there."""
    shutil.copytree(Path(svcctl.__file__).parent, tmp_path / "svcctl", ignore=shutil.ignore_patterns("[!_]*"))
    installed(tmp_path, METADATA)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    monkeypatch.setattr(svcctl, "__file__", str(tmp_path / "svcctl" / "__init__.py"))
    info = f"svcctl-{svcctl.__version__}.dist-info"
    assert [file.path for file in own_wheel().files] == [
        f"{info}/LICENSE",
        f"{info}/METADATA",
        "svcctl/__init__.py",
        "svcctl/__main__.py",
    ]


@pytest.mark.parametrize("text", ["Name: svcctl\nVersion: 0.0.1\n\n", ""])
def test_metadata_of_another_version_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    """A package would say what is not true."""
    installed(tmp_path, text)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    with pytest.raises(ConfigurationError, match="metadata") as caught:
        own_wheel()
    assert caught.value.hint


def test_missing_metadata_is_told() -> None:
    """As where only a folder of sources is on the search path: here, a package of Python's own."""
    with pytest.raises(ConfigurationError, match="not installed"):
        own_wheel("json")


def test_what_speaks_to_the_init_system_is_had_in_the_same_way() -> None:
    """Without it, nothing that svcctl runs could."""
    wheel = own_wheel("sdnotify")
    assert wheel.metadata.name == "sdnotify"
    assert "sdnotify/__init__.py" in {file.path for file in wheel.files}


def test_metadata_that_are_a_single_file_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As Debian 12 has those of sdnotify, without a folder."""
    text = f"Metadata-Version: 1.1\nName: sdnotify\nVersion: {metadata.version('sdnotify')}\n"
    (tmp_path / "sdnotify-0.egg-info").write_text(text)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    wheel = own_wheel("sdnotify")
    about = {file.path: file.content.decode() for file in wheel.files}[f"{wheel.info}/METADATA"]
    assert (about, wheel.tags) == (text, ("py3-none-any",))
