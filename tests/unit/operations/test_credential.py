from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from svcctl.errors import UsageError
from svcctl.host import credentials
from svcctl.host.machine import Machine
from svcctl.manifest.model import Needs, Setting
from svcctl.operations.check import check
from svcctl.operations.credential import list_credentials, missing_of, remove_credential, set_credential
from svcctl.operations.install import install
from svcctl.operations.request import InstallRequest
from svcctl.operations.status import status
from svcctl.operations.uninstall import uninstall
from svcctl.plan.model import Diagnostic
from tests.fakes.describing import FakeDescribe
from tests.fakes.systemctl import FakeSystemctl

pytestmark = pytest.mark.usefixtures("machine")

REQUEST = InstallRequest(application="/srv/echo.tac", python="/usr/bin/python3")
STORE = "etc/credstore"
DROP_IN = "etc/systemd/system/echo.service.d/50-credential-key.conf"


@pytest.fixture(autouse=True)
def _encrypting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Encrypt with a mark in front; the real tool is for a real machine."""
    monkeypatch.setattr(credentials, "encrypt", lambda name, value: f"{name}!".encode() + value)


@pytest.fixture
def asking(describing: FakeDescribe) -> FakeDescribe:
    """Give an application that asks for a credential."""
    describing.manifest = replace(describing.manifest, needs=Needs(credentials=("key",)))
    return describing


def missing(found: tuple[Diagnostic, ...]) -> list[Diagnostic]:
    """Return what is said of missing credentials."""
    return [each for each in found if each.subject.startswith("credential ")]


@pytest.mark.usefixtures("asking")
def test_an_encrypted_credential_is_stored_and_an_older_unit_is_told(
    root: Path, systemctl: FakeSystemctl
) -> None:
    """By a drop-in, which goes when a plain one takes its place."""
    install(REQUEST)
    done = set_credential("echo", "key", b"secret")
    assert (done.path, done.encrypted, done.wanted) == (f"/{STORE}.encrypted/echo@key", True, True)
    assert (root / f"{STORE}.encrypted/echo@key").read_bytes() == b"key!secret"
    assert "LoadCredentialEncrypted=key:echo@key\n" in (root / DROP_IN).read_text()
    assert systemctl.calls[-1].endswith(" daemon-reload")
    set_credential("echo", "key", b"secret", plain=True)
    assert (root / f"{STORE}/echo@key").read_bytes() == b"secret"
    assert not (root / f"{STORE}.encrypted/echo@key").exists()
    assert not (root / DROP_IN).parent.exists()


@pytest.mark.usefixtures("asking")
def test_a_unit_that_takes_both_kinds_is_left_alone(root: Path) -> None:
    """From systemd 257 on."""
    install(replace(REQUEST, systemd_version=257))
    set_credential("echo", "key", b"secret")
    assert not (root / DROP_IN).exists()


@pytest.mark.usefixtures("describing")
def test_what_is_missing_is_told_until_it_is_there(asking: FakeDescribe) -> None:
    """By check, by install and by status."""
    assert asking.manifest.needs.credentials == ("key",)
    (told,) = missing(check(REQUEST).diagnostics)
    assert told.message == "is missing: the service finds none of that name when it starts"
    assert told.hint == "svcctl credential set echo key"
    assert missing(install(REQUEST).preview.diagnostics) == [told]
    assert missing(status("echo").findings) == [told]
    set_credential("echo", "key", b"secret")
    assert missing(check(REQUEST).diagnostics) == missing(status("echo").findings) == []
    remove_credential("echo", "key")
    assert missing(status("echo").findings) == [told]


@pytest.mark.usefixtures("asking")
@pytest.mark.parametrize(
    ("line", "gives"),
    [
        ("LoadCredential=key:/etc/echo/key", True),
        ("SetCredential=key:text", True),
        ("LoadCredential=key", True),
        ("LoadCredential=other:/etc/echo/key", False),
        ("LoadCredentialEncrypted=key:echo@key", False),
    ],
)
def test_one_that_comes_from_elsewhere_is_not_missing(
    line: str, *, gives: bool, root: Path, machine: Machine
) -> None:
    """An administrator may know another place: by --set, or in a drop-in."""
    directive, _, value = line.partition("=")
    by_hand = replace(REQUEST, settings=(("Service", directive, value),))
    assert bool(missing(check(by_hand).diagnostics)) is not gives
    receipt = install(REQUEST).receipt
    (root / "etc/systemd/system/echo.service.d").mkdir()
    (root / "etc/systemd/system/echo.service.d/own.conf").write_text(f"[Service]\n{line}\n")
    assert bool(missing_of(receipt, machine)) is not gives


@pytest.mark.usefixtures("asking")
def test_credentials_are_listed_with_those_that_are_missing() -> None:
    """And those that nobody asks for."""
    install(REQUEST)
    set_credential("echo", "spare", b"x", plain=True)
    set_credential("echo.eu", "key", b"x")
    listed = list_credentials("echo")
    assert [(each.key, each.path, each.encrypted, each.wanted) for each in listed] == [
        ("key", "", False, True),
        ("spare", f"/{STORE}/echo@spare", False, False),
    ]
    assert list_credentials("echo.eu")[0].wanted is None


@pytest.mark.usefixtures("asking")
def test_a_purge_removes_credentials_and_a_removal_leaves_them(root: Path) -> None:
    """As it does with state; those of others stay."""
    install(REQUEST)
    set_credential("echo", "key", b"x")
    set_credential("other", "key", b"x")
    assert f"/{STORE}.encrypted/echo@key" in uninstall("echo").kept
    install(REQUEST)
    uninstall("echo", purge=True)
    assert [path.name for path in (root / f"{STORE}.encrypted").iterdir()] == ["other@key"]


@pytest.mark.usefixtures("describing")
@pytest.mark.parametrize(
    ("name", "key", "value", "said"),
    [
        ("echo@1", "key", b"x", "echo@1 is one instance"),
        ("a/b", "key", b"x", "service name"),
        ("echo", "a b", b"x", "cannot name a credential"),
        ("echo", "key", bytes(2**20), "too large"),
    ],
)
def test_what_cannot_be_stored_is_refused(name: str, key: str, value: bytes, said: str) -> None:
    """Before anything is written."""
    with pytest.raises(UsageError, match=said):
        set_credential(name, key, value)
    with pytest.raises(UsageError, match="echo has no credential none"):
        remove_credential("echo", "none")


def test_only_the_machine_itself_can_encrypt(root: Path) -> None:
    """For the tree of another one, the plain form is asked for expressly; a user's own has no other."""
    with pytest.raises(UsageError, match="only the machine itself") as caught:
        set_credential("echo", "key", b"x", root=str(root))
    assert "--plain" in caught.value.hint
    assert not set_credential("echo", "key", b"x", scope="user").encrypted


def test_a_file_for_settings_is_written_once(root: Path, describing: FakeDescribe) -> None:
    """Never over one that is there, and never again over what became of it."""
    settings = (Setting(name="PORT", expects="a whole number", default="80"),)
    describing.manifest = replace(describing.manifest, needs=Needs(settings=settings))
    (root / "etc/default").mkdir()
    path = root / "etc/default/echo"
    path.write_text("PORT=1\n")
    install(REQUEST)
    assert path.read_text() == "PORT=1\n"
    path.unlink()
    install(REQUEST)
    assert "#PORT=80\n" in path.read_text()
    path.write_text("PORT=2\n")
    assert not install(REQUEST).applied
    assert uninstall("echo").kept == ("/etc/default/echo",)
    assert path.read_text() == "PORT=2\n"
