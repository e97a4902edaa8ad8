"""What an installation looks at in the file of a saved application."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from svcctl.application import sob
from svcctl.application.persisting import files
from svcctl.application.service import Application
from svcctl.errors import ProblemsError, SavedStateError, UsageError
from svcctl.generate.systemd.state import LARGEST
from svcctl.host.machine import Machine
from svcctl.manifest.model import Origin
from svcctl.operations import starting
from svcctl.operations.install import install
from svcctl.operations.request import InstallRequest, from_options
from tests.fakes.describing import FakeDescribe
from tests.unit.persisting.conftest import folder

__all__ = ["folder"]

SECRET = "open sesame"  # noqa: S105 (the test's own)
DIGEST = "5a" * 32
FACTS = {"style": "pickle", "application": "otk", "main": None}


def saved(passphrase: str | None = None) -> str:
    """Save an application and return the file's path."""
    return sob.Persistent(Application("otk"), "otk").save("start", passphrase=passphrase)


@pytest.fixture
def file(folder: Path) -> str:
    """Give the path of a file that holds the passphrase."""
    path = folder / "passphrase"
    path.write_text(f"{SECRET}\n")
    path.chmod(0o600)
    return str(path)


def test_the_passphrase_of_an_encrypted_application_is_found(file: str) -> None:
    """Others have none, and one that is given for something else is a mistake."""
    pytest.importorskip("cryptography")
    source = f"file:{file}"
    request = InstallRequest(application=saved(SECRET), passphrase=source)
    assert starting.passphrase_of(request) == SECRET
    assert starting.passphrase_of(InstallRequest(application=saved())) is None
    assert starting.passphrase_of(InstallRequest(application="/srv/echo.tac")) is None
    with pytest.raises(UsageError, match="is not encrypted"):
        starting.passphrase_of(InstallRequest(application="/srv/echo.tac", passphrase=source))


@pytest.mark.parametrize("source", [None, "prompt", "env:SECRET", "credential:secret"])
def test_a_service_needs_its_passphrase_in_a_file(file: str, source: str | None) -> None:
    """It has nobody to ask."""
    pytest.importorskip("cryptography")
    path = saved(SECRET)
    with pytest.raises(UsageError, match="nobody to ask whenever it starts") as caught:
        starting.need_file(InstallRequest(application=path, passphrase=source))
    assert "--passphrase file:PATH" in caught.value.hint
    starting.need_file(InstallRequest(application=path, passphrase=f"file:{file}"))
    starting.need_file(InstallRequest(application=saved()))


def test_a_path_counts_from_where_the_command_was_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other sources are as they were."""
    monkeypatch.chdir(tmp_path)
    assert starting.absolute_source("file:secret") == f"file:{tmp_path}/secret"
    (tmp_path / "link").symlink_to("/etc")
    assert starting.absolute_source("file:link/../secret") == "file:/secret"
    assert [starting.absolute_source(each) for each in (None, "prompt")] == [None, "prompt"]


def test_what_others_could_have_written_is_not_even_looked_at() -> None:
    """It is refused before."""
    path = saved()
    os.chmod(path, 0o666)  # noqa: PTH101, S103 (paths are texts here; that is what is refused)
    with pytest.raises(SavedStateError, match="can be written by other users"):
        starting.need_file(InstallRequest(application=path))


@pytest.mark.parametrize(
    ("size", "main", "found"),
    [
        (10, None, []),
        (LARGEST, None, [f"systemd hands over at most {LARGEST}"]),
        (
            10,
            {"file": "/home/ann/otk.tac", "owner": 0},
            ["are defined in /home/ann/otk.tac, which the service"],
        ),
        (10, {"file": "/opt/otk.tac", "owner": 0}, []),
        (10, {"module": "otk"}, []),
    ],
    ids=["small", "large", "hidden-classes", "classes", "module"],
)
def test_what_a_service_could_not_start_from_is_told(
    folder: Path, machine: Machine, size: int, main: dict[str, object] | None, found: list[str]
) -> None:
    """In a user's own scope there are no such limits."""
    path = str(folder / "otk.tap")
    files.write_state(path, {**FACTS, "main": main}, b"x" * size)
    request = InstallRequest(application=path)
    told = list(starting.problems(request, machine))
    assert [item.severity for item in told] == ["error"] * len(found)
    assert all(text in item.message for text, item in zip(found, told, strict=True))
    assert not list(starting.problems(request, replace(machine, scope="user")))
    assert not list(starting.problems(InstallRequest(application="/srv/echo.tac"), machine))


@pytest.mark.usefixtures("machine")
def test_the_unit_says_where_it_begins_and_the_receipt_how_to_repeat_it(
    root: Path, describing: FakeDescribe, file: str
) -> None:
    """The passphrase itself is nowhere."""
    pytest.importorskip("cryptography")
    describing.manifest = replace(describing.manifest, origin=Origin(kind="saved", digest=DIGEST))
    path = saved(SECRET)
    request = InstallRequest(application=path, scope="user", passphrase=f"file:{file}")
    result = install(request)
    assert describing.passphrases == [SECRET]
    unit = (root / result.receipt.files[0].path.removeprefix("/")).read_text()
    assert f"--resume {DIGEST} --passphrase file:{file} {path}" in unit
    assert SECRET not in unit
    assert from_options(result.receipt.options, scope="user").passphrase == f"file:{file}"


@pytest.mark.usefixtures("machine")
def test_one_that_is_hidden_from_services_is_refused(describing: FakeDescribe) -> None:
    """Before it is described."""
    with pytest.raises(ProblemsError, match="the service cannot see"):
        install(InstallRequest(application="/home/ann/otk.tap"))
    assert not describing.targets
