"""What ``svcctl generate windows`` writes, and what it refuses."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from svcctl.cli.main import run_command
from svcctl.errors import EX_CONFIG, EX_DATAERR, EX_USAGE, ConfigurationError
from svcctl.operations.windows.generate import GenerateRequest, generate
from svcctl.plan.windows import WindowsService
from svcctl.records.text import from_text
from tests.fakes.describing import FakeDescribe
from tests.fakes.manifests import echo_manifest
from tests.verify.cases import make_manifest

pytestmark = pytest.mark.usefixtures("described")

FILES = {"echo.json", "echo-winsw.xml", "install.ps1", "uninstall.ps1"}


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """Give a folder with all that an installer brings."""
    folder = tmp_path / "bundle"
    for name in (
        "python/python.exe",
        "python/Lib/site-packages/svcctl/runtime/windows/__main__.py",
        "python/Lib/venv/scripts/nt/python.exe",
        "python/Lib/abc.pyc",
        "echo.tac",
    ):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return folder


def defined(folder: Path) -> WindowsService:
    """Return the definition that was written."""
    return from_text((folder / "echo.json").read_text(), WindowsService)


def test_a_folder_is_made_with_all_that_windows_needs(tmp_path: Path) -> None:
    """Paths are those of Windows, where Python's installer and a virtual environment put what they have."""
    result = generate(GenerateRequest(application="/srv/echo.tac", output=str(tmp_path / "out")))
    assert {path.name for path in (tmp_path / "out").iterdir()} == FILES
    assert {Path(path).name for path in result.paths} == FILES
    service = defined(tmp_path / "out")
    assert service.interpreter == r"C:\Program Files\Python311\python.exe"
    assert service.host.startswith(r"C:\Program Files\echo\venv\Lib\site-packages\svcctl")
    assert service.hosted.python == r"C:\Program Files\echo\venv\Scripts\python.exe"
    assert r"C:\Program Files\echo\echo.tac" in service.hosted.arguments


def test_the_application_is_read_without_rights(described: FakeDescribe, tmp_path: Path) -> None:
    """With the variables it will have."""
    request = GenerateRequest(
        application="/srv/echo.tac", output=str(tmp_path), environment=(("ECHO_PORT", "7"),)
    )
    generate(request)
    assert described.targets == ["/srv/echo.tac"]
    assert described.environments == [{"ECHO_PORT": "7"}]
    assert described.user == ("nobody" if os.geteuid() == 0 else None)


def test_an_installer_brings_the_bundle(bundle: Path, tmp_path: Path) -> None:
    """Bytecode apart; Python and svcctl are found in it, a copy that lies deeper is not taken for it."""
    request = GenerateRequest(
        application=str(bundle / "echo.tac"), output=str(tmp_path / "out"), bundle=str(bundle)
    )
    assert generate(request).installer
    out = tmp_path / "out"
    assert {path.name for path in out.iterdir()} == {*FILES, "echo.wxs", "files"}
    service = defined(out)
    assert service.interpreter == service.hosted.python == r"C:\Program Files\echo\python\python.exe"
    assert (
        service.host == r"C:\Program Files\echo\python\Lib\site-packages\svcctl\runtime\windows\__main__.py"
    )
    brought = {str(path.relative_to(out / "files")) for path in out.glob("files/**/*") if path.is_file()}
    assert "echo.tac" in brought
    assert "python/Lib/abc.pyc" not in brought
    assert len(brought) == 4


def test_an_application_beside_the_bundle_is_put_into_it(bundle: Path, tmp_path: Path) -> None:
    """Unless there is another one of that name."""
    elsewhere = tmp_path / "echo.tac"
    elsewhere.write_text("another")
    request = GenerateRequest(application=str(elsewhere), output=str(tmp_path / "out"), bundle=str(bundle))
    with pytest.raises(ConfigurationError, match=r"another echo\.tac"):
        generate(request)
    (bundle / "echo.tac").unlink()
    generate(request)
    assert (tmp_path / "out/files/echo.tac").read_text() == "another"


def test_the_same_again_is_written_again_and_another_bundle_is_not(bundle: Path, tmp_path: Path) -> None:
    """Somebody may have worked in that folder."""
    request = GenerateRequest(
        application=str(bundle / "echo.tac"), output=str(tmp_path / "out"), bundle=str(bundle)
    )
    generate(request)
    before = {path.name: path.read_bytes() for path in (tmp_path / "out").glob("*.*")}
    generate(request)
    assert before == {path.name: path.read_bytes() for path in (tmp_path / "out").glob("*.*")}
    (bundle / "more.py").touch()
    with pytest.raises(ConfigurationError, match="there already"):
        generate(request)
    assert before == {path.name: path.read_bytes() for path in (tmp_path / "out").glob("*.*")}


def test_bundles_that_could_not_run_are_refused(bundle: Path, tmp_path: Path) -> None:
    """No Python, no svcctl, a Python that would not look for it, a link, nothing at all; and nothing is written."""
    out = tmp_path / "out"
    request = GenerateRequest(application=str(bundle / "echo.tac"), output=str(out), bundle=str(bundle))

    def refused(reason: str) -> None:
        with pytest.raises(ConfigurationError, match=reason) as caught:
            generate(request)
        assert caught.value.hint
        assert not out.exists()

    paths = bundle / "python/python311._pth"
    paths.write_text("python311.zip\n.\n")
    refused(r"does not name Lib\\site-packages")
    paths.write_text("python311.zip\n.\nLib\\site-packages\n")
    (bundle / "link").symlink_to("echo.tac")
    refused("is a link")
    (bundle / "link").unlink()
    (bundle / "python/Lib/site-packages/svcctl/runtime/windows/__main__.py").unlink()
    refused("no svcctl")
    (bundle / "python/python.exe").unlink()
    (bundle / "python/Lib/venv/scripts/nt/python.exe").unlink()
    refused("no Python")


def test_a_dry_run_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It says what would be."""
    command = ["generate", "windows", "/srv/echo.tac", "-o", str(tmp_path / "out"), "--dry-run"]
    assert run_command(command) == 0
    shown = capsys.readouterr()
    assert str(tmp_path / "out/install.ps1") in shown.out.splitlines()
    assert "would be written" in shown.err
    assert not (tmp_path / "out").exists()
    assert run_command([*command, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["written"] is False


def test_what_cannot_be_a_service_of_windows_is_refused(
    described: FakeDescribe, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With what to do about it."""
    described.manifest = make_manifest("unix:/run/x.sock")
    assert run_command(["generate", "windows", "/srv/echo.tac", "-o", str(tmp_path / "out")]) == EX_DATAERR
    assert "listen on tcp:PORT" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    described.manifest = echo_manifest()
    output = ["-o", str(tmp_path / "out")]
    for words, status in {
        ("/srv/a b.tac",): EX_USAGE,
        ("/srv/echo.tac", "--directory", "opt"): EX_USAGE,
        ("/srv/echo.tac", "--set", "stop_limit_ms"): EX_USAGE,
        ("/srv/echo.tac", "--set", "python=1"): EX_USAGE,
        ("/srv/echo.tac", "--start", "never"): EX_USAGE,
        ("/srv/echo.tac", "--bundle", str(tmp_path / "none")): EX_USAGE,
        ("/srv/echo.tac", "--bundle", str(tmp_path)): EX_CONFIG,
    }.items():
        assert run_command(["generate", "windows", *words, *output]) == status, words
    assert not (tmp_path / "out").exists()
