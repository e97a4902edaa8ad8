from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from svcctl.application import sob
from svcctl.application.persisting import envelope, keys
from svcctl.application.persisting.errors import DamagedStateError
from svcctl.cli.main import run_command
from svcctl.errors import ApplicationNotFoundError, SavedStateError, UsageError
from svcctl.loading.saved import load_saved
from svcctl.operations.convert import ConvertRequest, convert
from tests.unit.persisting import shops
from tests.unit.persisting.conftest import folder
from tests.unit.persisting.shops import STYLES

__all__ = ["folder"]

OLD, NEW = "file:old", "file:new"
SUFFIX = {"pickle": "tap", "source": "tas"}
TAC = "from svcctl.application import service\napplication = service.Application('otk')\n"


@pytest.fixture(autouse=True)
def passphrases(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in the state folder; passphrases are in files."""
    monkeypatch.chdir(folder)
    for name in ("old", "new"):
        (folder / name).write_text(f"{name}\n")
        (folder / name).chmod(0o600)


def saved(style: str = "pickle", passphrase: str | None = None) -> str:
    """Save the application that hands out keys, which has come to the seventh, and return the file."""
    application = shops.otk()
    shops.keys_of(application).nextkey = 7
    persistent = sob.Persistent(application, "otk")
    persistent.setStyle(style)
    return persistent.save("start", passphrase=passphrase)


def key_in(path: str, passphrase: str | None = None) -> int:
    """Return the next key of the application in a file."""
    return shops.keys_of(load_saved(path, passphrase=passphrase)).nextkey


def facts(path: str) -> dict[str, Any]:
    """Return what a file says of itself."""
    return envelope.facts_of(Path(path).read_bytes())


@pytest.mark.parametrize("type_in", ["guess", "given"])
@pytest.mark.parametrize("style_in", STYLES)
@pytest.mark.parametrize("style_out", STYLES)
def test_every_style_becomes_every_style_and_comes_back(type_in: str, style_in: str, style_out: str) -> None:
    """``--in``, ``--out``, ``--typein`` and ``--typeout``."""
    source = saved(style_in)
    there = convert(
        ConvertRequest(
            source=source,
            target="x.there",
            type_in=style_in if type_in == "given" else "guess",
            type_out=style_out,
        )
    )
    assert (there.path, there.style, there.encrypted) == ("x.there", style_out, False)
    back = convert(ConvertRequest(source="x.there", target="x.back", type_out=style_in))
    assert back.style == style_in
    assert key_in("x.there") == key_in("x.back") == 7
    assert facts("x.there")["application"] == "otk"


@pytest.mark.parametrize(
    ("target", "type_out", "expected"),
    [
        (None, None, "otk-start.tas"),
        (None, "pickle", "otk-start.tap.tap"),
        ("y.tap", None, "y.tap"),
        ("y.tas", None, "y.tas"),
        ("y", None, "y"),
    ],
)
def test_name_and_style_follow_from_each_other(
    target: str | None, type_out: str | None, expected: str
) -> None:
    """Without ``--out``, the file has the old name and a new suffix; without ``--typeout`` the suffix decides."""
    source = saved()
    if expected == "otk-start.tap.tap":
        with pytest.raises(UsageError, match=r"otk-start\.tap is there already") as raised:
            convert(ConvertRequest(source=source, target=target, type_out=type_out))
        assert "--out" in raised.value.hint
        return
    result = convert(ConvertRequest(source=source, target=target, type_out=type_out))
    assert os.path.basename(result.path) == expected  # noqa: PTH119 (paths are texts here)
    assert result.style == ("pickle" if expected == "y.tap" else "source")
    assert key_in(result.path) == 7


@pytest.mark.parametrize("type_in", ["guess", "python"])
def test_a_tac_file_becomes_a_saved_application(type_in: str, folder: Path) -> None:
    """Its code is executed; the other ones are not."""
    (folder / "otk.tac").write_text(TAC)
    assert convert(ConvertRequest(source="otk.tac", type_in=type_in)).path == "otk.tas"
    assert load_saved("otk.tas").name == "otk"


def test_a_source_that_was_edited_is_taken_as_python(folder: Path) -> None:
    """It is Python; its digest is wrong, and the one who edits it answers for it."""
    convert(ConvertRequest(source=saved()))
    path = folder / "otk-start.tas"
    path.write_text(path.read_text().replace("'nextkey': 7", "'nextkey': 8"))
    with pytest.raises(DamagedStateError):
        convert(ConvertRequest(source="otk-start.tas", target="x.tap"))
    convert(ConvertRequest(source="otk-start.tas", target="x.tap", type_in="python"))
    assert key_in("x.tap") == 8


@pytest.mark.parametrize("style", STYLES)
def test_what_keeps_its_style_is_not_executed(style: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also if its classes are not there: keys and passphrases are changed without them."""
    source = saved(style)
    monkeypatch.setattr(sob, "revive", None)
    convert(ConvertRequest(source=source, target="x", type_out=style))
    body = envelope.unseal(Path("x").read_bytes(), keys.known_keys()).body
    assert body == envelope.unseal(Path(source).read_bytes(), keys.known_keys()).body


@pytest.mark.parametrize("style", STYLES)
def test_encrypting_and_decrypting_lead_there_and_back(style: str) -> None:
    """``--encrypt`` and ``--decrypt``, with ``--out`` and without; what is encrypted otherwise stays so."""
    source = saved(style)
    there = convert(ConvertRequest(source=source, type_out=style, encrypt=True, passphrase=OLD))
    assert there.path.endswith(f"otk-start.e{SUFFIX[style]}")
    assert there.encrypted
    assert facts(there.path)["cipher"] is not None
    assert key_in(there.path, "old") == 7
    kept = convert(ConvertRequest(source=there.path, target="kept", passphrase=OLD))
    assert kept.encrypted
    assert key_in("kept", "old") == 7
    back = convert(ConvertRequest(source=there.path, target="back", decrypt=True, passphrase=OLD))
    assert not back.encrypted
    assert key_in("back") == 7


def test_a_passphrase_is_changed() -> None:
    """``--decrypt --encrypt`` with ``--passphrase`` and ``--new-passphrase``; ``--out`` is not lost."""
    source = saved("pickle", "old")
    request = ConvertRequest(
        source=source,
        target="changed",
        decrypt=True,
        encrypt=True,
        passphrase=OLD,
        new_passphrase=NEW,
    )
    assert convert(request).path == "changed"
    assert key_in("changed", "new") == 7
    with pytest.raises(SavedStateError, match="not the passphrase"):
        key_in("changed", "old")
    with pytest.raises(SavedStateError, match="not the passphrase"):
        convert(ConvertRequest(source="changed", target="x", decrypt=True, passphrase=OLD))


def test_a_file_is_brought_to_another_machine(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``--export-key`` there, ``--key`` here; then it is sealed with the key of this machine."""
    source = saved()
    exported = convert(ConvertRequest(source=source, target="export.tap", export_key="travel.key"))
    assert exported.key == "travel.key"
    assert (folder / "travel.key").stat().st_mode & 0o7777 == 0o600
    with pytest.raises(DamagedStateError, match="sealed with the key"):
        load_saved("export.tap")
    (folder / "other").mkdir(mode=0o700)
    monkeypatch.setenv("STATE_DIRECTORY", str(folder / "other"))
    with pytest.raises(DamagedStateError):
        convert(ConvertRequest(source="export.tap", target="other/otk.tap"))
    convert(ConvertRequest(source="export.tap", target="other/otk.tap", key="travel.key"))
    assert key_in(f"{folder}/other/otk.tap") == 7
    again = convert(
        ConvertRequest(source=source, target="again.tap", key="svcctl-state.key", export_key="travel.key")
    )
    assert facts(again.path)["key"] == facts("export.tap")["key"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files to others")
def test_root_passes_on_what_a_service_has_saved_without_executing_it(folder: Path) -> None:
    """If it names the key of the service: its files belong to the service's user."""
    (folder / "theirs").mkdir(mode=0o700)
    key_file, state = folder / "theirs/svcctl-state.key", folder / "theirs/otk.tap"
    os.rename(saved(), state)  # noqa: PTH104 (paths are texts here)
    os.rename("svcctl-state.key", key_file)  # noqa: PTH104 (the same)
    for each in (folder / "theirs", key_file, state):
        os.chown(each, 65534, 65534)
    request = ConvertRequest(source=str(state), target="x.tap", key=str(key_file))
    convert(request)
    assert key_in("x.tap") == 7
    with pytest.raises(SavedStateError, match="belongs to another user"):
        convert(dataclasses.replace(request, target="x.tas"))
    with pytest.raises(SavedStateError, match="belongs to another user"):
        convert(dataclasses.replace(request, key=None))
    os.chown(key_file, 65533, 65533)
    with pytest.raises(SavedStateError, match="belongs to another user"):
        convert(request)


def test_a_present_file_is_kept_as_the_one_before() -> None:
    """Only a name that was given is written over."""
    source = saved()
    convert(ConvertRequest(source=source, target="x.tap"))
    convert(ConvertRequest(source=source, target="x.tap"))
    assert key_in("x.tap.previous") == 7
    convert(ConvertRequest(source="x.tap.previous", target=None))
    assert key_in("x.tas") == 7


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"type_in": "xml"}, "no type 'xml'"),
        ({"type_out": "python"}, "no type 'python' to convert to"),
        ({"type_in": "source"}, "is of the type pickle, not source"),
        ({"target": "x.tac"}, "would be a .tac file"),
        ({"decrypt": True}, "is not encrypted"),
        ({"passphrase": "file:old"}, "is not encrypted"),
        ({"new_passphrase": "file:new"}, "a new passphrase is for --encrypt"),
        ({"source": "old"}, "old does not say what it is"),
        ({"source": "secret.etap", "encrypt": True}, "is encrypted already"),
        ({"source": "otk.tac", "key": "x"}, "is Python, which is not sealed"),
        ({"source": "otk.tac", "decrypt": True}, "is not encrypted"),
    ],
)
def test_what_makes_no_sense_is_refused(given: dict[str, Any], why: str, folder: Path) -> None:
    """With nothing written."""
    source = saved()
    os.rename(saved("pickle", "x"), "secret.etap")  # noqa: PTH104 (paths are texts here)
    (folder / "otk.tac").write_text(TAC)
    before = sorted(os.listdir())  # noqa: PTH208 (the same)
    with pytest.raises(UsageError, match=why):
        convert(ConvertRequest(**{"source": source, **given}))
    assert sorted(os.listdir()) == before  # noqa: PTH208 (the same)


@pytest.mark.parametrize("given", [{"source": "missing"}, {"key": "missing"}, {"source": "missing.tac"}])
def test_what_is_not_there_is_told(given: dict[str, Any]) -> None:
    """The file, or that of its key."""
    with pytest.raises(ApplicationNotFoundError, match=r"cannot read .*missing"):
        convert(ConvertRequest(**{"source": saved(), **given}))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files to others")
def test_root_executes_no_tac_file_of_somebody_else(folder: Path) -> None:
    """It would do so with all of root's rights."""
    (folder / "otk.tac").write_text("raise AssertionError('executed')")
    os.chown(folder / "otk.tac", 65534, 65534)
    with pytest.raises(SavedStateError, match=r"otk\.tac belongs to another user"):
        convert(ConvertRequest(source="otk.tac"))


def test_the_command_writes_the_name_of_the_new_file(capsys: pytest.CaptureFixture[str]) -> None:
    """With the short options that tapconvert had."""
    source = saved()
    words = [
        "convert",
        "-i",
        source,
        "-o",
        "x.etas",
        "-f",
        "pickle",
        "-t",
        "source",
        "-e",
        "--passphrase",
        "file:old",
    ]
    assert run_command(words) == 0
    assert capsys.readouterr().out == "x.etas\n"
    assert key_in("x.etas", "old") == 7
    words = ["convert", "-i", "x.etas", "-o", "y.tap", "-d", "--passphrase", "file:old", "--export-key", "k"]
    assert run_command(words) == 0
    assert (
        run_command(
            ["convert", "-i", "y.tap", "-o", "z.etap", "--key", "k", "-e", "--new-passphrase", "file:new"]
        )
        == 0
    )
    assert key_in("z.etap", "new") == 7


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["-i", "missing.tap"], 66, "cannot read missing.tap"),
        (["-i", "old"], 64, "does not say what it is"),
        (["-i", "broken.tap"], 65, "it was not saved by svcctl"),
        (
            ["-i", "secret.etap", "-d", "-o", "x", "--passphrase", "file:new"],
            65,
            "that is not the passphrase",
        ),
        ([], 64, "--in"),
    ],
)
def test_what_goes_wrong_is_one_line_and_a_hint(
    words: list[str], status: int, said: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the status for it."""
    os.rename(saved("pickle", "old"), "secret.etap")  # noqa: PTH104 (paths are texts here)
    (folder / "broken.tap").write_bytes(b"\x80\x05N.")
    assert run_command(["convert", *words]) == status
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("svcctl: ")
    assert said in lines[0]
    assert lines[1].startswith("hint: ")


def test_encryption_is_loaded_only_where_it_is_needed() -> None:
    """Neither it nor pickle is on the way of an application that saves nothing."""
    program = (
        "import sys; from svcctl.application import service\n"
        "service.IService(service.Application('x'))\n"
        "print({'pickle', 'cryptography', 'svcctl.application.sob'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-P", "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
