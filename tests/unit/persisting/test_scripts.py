from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from svcctl.application import sob
from svcctl.application.persisting import scripts
from svcctl.application.persisting.errors import UnsavableError
from svcctl.application.service import IPersistable
from svcctl.errors import SavedStateError
from svcctl.loading.tac import load_tac
from tests.unit.persisting import shops
from tests.unit.persisting.shops import STYLES

SCRIPT = """
from svcctl.application import service

class Keys(service.Service):
    nextkey = 0

class Outer:
    class Inner(service.Service):
        pass

application = service.Application("otk")
Keys().setServiceParent(application)
Outer.Inner().setServiceParent(application)
{end}
"""


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a folder."""
    return subprocess.run(
        [sys.executable, *arguments], cwd=folder, capture_output=True, text=True, check=True, env=os.environ
    )


def in_a_new_process(path: Path, style: str) -> str:
    """Load a file, save it again, load that, and return the classes of its services."""
    program = (
        "import sys; from svcctl.application import service, sob\n"
        "again = sob.load(sys.argv[1], sys.argv[2])\n"
        "again.save('again')\n"
        "last = sob.load(sob.IPersistable(again).path('again'), sys.argv[2])\n"
        "print(*(type(each).__qualname__ for each in service.IService(last)))\n"
    )
    return run(path.parent, "-P", "-c", program, str(path), style).stdout.strip()


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize(
    "end",
    [
        "application.save('start')",
        "application.save('start'); raise AssertionError('goes on')",
        "import sys; application.save('start'); sys.exit(3)",
        "if __name__ == '__main__':\n    application.save('start')",
    ],
)
def test_the_classes_of_a_script_are_found_in_it(style: str, end: str, folder: Path) -> None:
    """It is executed up to where it saves its application, which is not saved a second time."""
    end = f"service.IPersistable(application).setStyle({style!r})\n{end}"
    (folder / "app.py").write_text(SCRIPT.format(end=end))
    subprocess.run([sys.executable, "app.py"], cwd=folder, capture_output=True, check=False)
    (path,) = folder.glob("otk-start.ta?")
    before = path.read_bytes()
    assert in_a_new_process(path, style) == "Keys Outer.Inner"
    assert path.read_bytes() == before


@pytest.mark.parametrize("style", STYLES)
def test_the_classes_of_a_tac_file_are_found_in_it(style: str, folder: Path) -> None:
    """Also in a process that has loaded the file already: there they are the same."""
    tac = folder / "otk.tac"
    tac.write_text(SCRIPT.format(end=""))
    application = load_tac(str(tac))
    persistent: Any = IPersistable(application)  # type: ignore[misc,call-arg]  # the interface adapts
    persistent.setStyle(style)
    path = persistent.save("start")
    again = sob.load(path, style)
    assert type(shops.root_of(again)[0]) is type(shops.root_of(application)[0])
    assert in_a_new_process(Path(path), style) == "Keys Outer.Inner"


def test_a_module_that_was_run_is_imported_by_its_name(folder: Path) -> None:
    """As with ``python -m``."""
    (folder / "app.py").write_text(
        SCRIPT.format(end="if __name__ == '__main__':\n    application.save('start')")
    )
    run(folder, "-m", "app")
    loaded = run(
        folder, "-c",
        "from svcctl.application import service, sob\n"
        "print(*(type(each).__module__ for each in service.IService(sob.load('otk-start.tap', 'pickle'))))\n",
    )  # fmt: skip
    assert loaded.stdout == "app app\n"


def test_classes_from_nowhere_cannot_be_saved(folder: Path) -> None:
    """Nobody could find them again."""
    done = run(
        folder, "-c",
        SCRIPT.format(end="try:\n    application.save()\nexcept Exception as error:\n    print(type(error).__name__, error)"),
    )  # fmt: skip
    assert (
        done.stdout
        == f"UnsavableError cannot save {folder}/otk.tap: Keys is defined in __main__, which has no file\n"
    )


def saved_tac(folder: Path) -> tuple[Path, str]:
    """Save the application of a ``.tac`` file and forget the file; return it and where the application is."""
    tac = folder / "otk.tac"
    tac.write_text(SCRIPT.format(end=""))
    persistent: Any = IPersistable(load_tac(str(tac)))  # type: ignore[misc,call-arg]  # the interface adapts
    path = persistent.save("start")
    del sys.modules["__tac__"]
    return tac, path


def test_a_class_that_is_gone_from_its_file_is_named(folder: Path) -> None:
    """With the file that needs it."""
    tac, path = saved_tac(folder)
    tac.write_text("class Keys:\n    pass\n")
    with pytest.raises(
        SavedStateError, match=r"otk-start\.tap: it needs __tac__\.Outer\.Inner, and there is no"
    ):
        sob.load(path, "pickle")


def test_a_file_that_is_gone_is_named(folder: Path) -> None:
    """It may have been moved."""
    tac, path = saved_tac(folder)
    tac.unlink()
    with pytest.raises(SavedStateError, match=rf"its classes, {tac}, cannot be read: No such file"):
        sob.load(path, "pickle")


@pytest.mark.parametrize("source", ["1 / 0", "def broken("])
def test_a_file_that_fails_is_told_and_leaves_nothing(source: str, folder: Path) -> None:
    """What was loaded before is still loaded."""
    tac, path = saved_tac(folder)
    tac.write_text(source)
    before = sys.path[:]
    with pytest.raises(SavedStateError, match=r"otk\.tac, which defines its classes, raised"):
        sob.load(path, "pickle")
    assert "__tac__" not in sys.modules
    assert sys.path == before


def test_code_that_others_could_have_written_is_not_executed(folder: Path) -> None:
    """Although the saved application itself is ours."""
    tac, path = saved_tac(folder)
    tac.write_text("raise AssertionError('executed')")
    tac.chmod(0o646)
    with pytest.raises(SavedStateError, match=r"otk\.tac can be written by other users"):
        sob.load(path, "pickle")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files to others")
def test_root_executes_no_code_of_others(folder: Path) -> None:
    """Not even if it was theirs when root saved the application."""
    tac = folder / "otk.tac"
    tac.write_text(SCRIPT.format(end=""))
    os.chown(tac, 65534, 65534)
    persistent: Any = IPersistable(load_tac(str(tac)))  # type: ignore[misc,call-arg]  # the interface adapts
    path = persistent.save("start")
    del sys.modules["__tac__"]
    with pytest.raises(SavedStateError, match=r"otk\.tac belongs to another user"):
        sob.load(path, "pickle")


@pytest.mark.parametrize("style", STYLES)
def test_classes_from_two_files_cannot_be_saved(
    style: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One file can be executed, not two."""
    found = []
    for name in scripts.NAMES:
        (folder / f"{name}.py").write_text("")
        module: Any = type(sys)(name)
        module.__file__ = str(folder / f"{name}.py")
        module.Part = type("Part", (), {"__module__": name})
        monkeypatch.setitem(sys.modules, name, module)
        found.append(module.Part())
    persistent = sob.Persistent(found, "parts")
    persistent.setStyle(style)
    with pytest.raises(UnsavableError, match="defined in two files"):
        persistent.save()
