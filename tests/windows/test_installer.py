"""The source of an installer makes one that installs a service which answers, and takes all of it away again.

Built by wixl and installed by Wine's msiexec: evidence for our source, not for Windows.
"""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import pytest

from svcctl.operations.windows.generate import GenerateRequest, generate
from tests.systemd.trees import REPOSITORY
from tests.windows.embedded import python
from tests.windows.wine import Wine, why_not_here, windows_path

_TOOLS = ("wixl", "msiinfo")
_MISSING = why_not_here() or ("" if all(map(shutil.which, _TOOLS)) else "wixl or msitools is not installed")
pytestmark = [pytest.mark.windows, pytest.mark.skipif(bool(_MISSING), reason=_MISSING)]

NAME = "echo-2"
FOLDER = r"C:\Program Files\Écho it's [x]"
TITLE = "Écho & Söhne [x] {y}"
LIMIT = 60.0


class Installer(NamedTuple):
    """An installer, and what it is made of.

    Attributes:
        path: The file.
        port: Where its service answers.
        files: How many files it brings.
    """

    path: Path
    port: int
    files: int


@pytest.fixture(scope="module")
def installer() -> Iterator[Installer]:
    """Give an installer of a Python, svcctl and an application."""
    with TemporaryDirectory(prefix="svcctl-installer-") as folder:
        work = Path(folder)
        work.chmod(0o755)  # an unprivileged user describes the application
        yield make(work)


def make(work: Path) -> Installer:
    """Make an installer in a folder, by the way that anybody would."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    bundle = bring(work / "bundle")
    request = GenerateRequest(
        application=str(bundle / "echo.tac"),
        output=str(work / "made"),
        name=NAME,
        directory=FOLDER,
        environment=(("ECHO_PORT", str(port)),),
        bundle=str(bundle),
    )
    generate(request)
    files = [path for path in (work / "made/files").rglob("*") if path.is_file()]
    command = (str(shutil.which("wixl")), "--output", "echo.msi", f"{NAME}.wxs")
    subprocess.run(command, check=True, cwd=work / "made", timeout=120)
    return Installer(work / "made/echo.msi", port, len(files))


def bring(folder: Path) -> Path:
    """Put what an installer has to bring into a folder; return it."""
    shutil.copytree(python().parent, folder / "python")
    # This Python searches what stands there, and nothing else.
    (folder / "python/python311._pth").write_text("python311.zip\n.\n..\\packages\n")
    source = REPOSITORY / "src/svcctl"
    shutil.copytree(source, folder / "packages/svcctl", ignore=shutil.ignore_patterns("__pycache__"))
    text = Path(__file__).with_name("echo.tac").read_text()
    (folder / "echo.tac").write_text(text.replace('Application("echo")', f'Application("{TITLE}")'))
    return folder


def table(installer: Installer, name: str) -> list[dict[str, str]]:
    """Return the rows of a table of an installer."""
    command = ("msiinfo", "export", str(installer.path), name)
    text = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout
    names, _, _, *rows = [line.split("\t") for line in text.splitlines()]
    return [dict(zip(names, row, strict=True)) for row in rows]


def answer(port: int) -> str:
    """Return what the service answers; empty if nobody is there."""
    try:
        with socket.create_connection(("127.0.0.1", port), LIMIT) as connection:
            connection.sendall(b"hello\r\n")
            return connection.recv(100).decode()
    except OSError:
        return ""


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait until something holds."""
    end = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.1)


def test_the_tables_of_an_installer_say_what_the_definition_does(installer: Installer) -> None:
    """Each text arrives as it was, also where installers replace what is in brackets."""
    (service,) = table(installer, "ServiceInstall")
    assert (service["Name"], service["StartName"]) == (NAME, rf"NT SERVICE\{NAME}")
    assert re.sub(r"\[\\(.)\]", r"\1", service["DisplayName"]) == TITLE
    assert (service["ServiceType"], service["StartType"], service["ErrorControl"]) == ("16", "2", "1")
    (control,) = table(installer, "ServiceControl")
    assert (control["Name"], control["Wait"]) == (NAME, "1")
    assert int(control["Event"]) == 0x1 | 0x2 | 0x20 | 0x80  # started; stopped before both; removed
    properties = {row["Property"]: row["Value"] for row in table(installer, "Property")}
    assert properties["ProductName"] == TITLE
    assert len(table(installer, "File")) == installer.files
    values = table(installer, "Registry")
    assert {value["Name"] for value in values} == {"Definition", "Receipt"}
    assert all(value["Key"].endswith(rf"\Services\{NAME}\Parameters") for value in values)


def test_an_installer_installs_a_service_that_answers_and_removes_it(
    installer: Installer, tmp_path: Path
) -> None:
    """Files, definition and service are there, and then gone; what ran has left nothing beside them."""
    wine = Wine(tmp_path / "prefix")
    place = tmp_path / "prefix/drive_c/Program Files" / FOLDER.rpartition("\\")[2]
    key = rf"HKLM\SYSTEM\CurrentControlSet\Services\{NAME}"
    path = windows_path(installer.path)
    try:
        with wine.up():
            wine.silently("wine", "msiexec", "/i", path, "/qn")
            assert len([each for each in place.rglob("*") if each.is_file()]) == installer.files
            wait_until(lambda: answer(installer.port) == "hello\r\n")
            assert "4  RUNNING" in wine.run("wine", "sc", "query", NAME)
            wine.silently("wine", "msiexec", "/x", path, "/qn")
            wait_until(lambda: not answer(installer.port))
            wait_until(lambda: wine.outcome("wine", "sc", "query", NAME).returncode != 0)
            assert wine.outcome("wine", "reg", "query", key).returncode != 0
            assert not place.exists()
    finally:
        wine.close()
