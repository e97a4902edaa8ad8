from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from svcctl.loading.report import LoadedModule
from svcctl.operations.packaging import files
from svcctl.operations.packaging.files import ApplicationFiles, application_files, outside

TAC = "app/echo.tac"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make the folder of the application the working directory's."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "app").mkdir()
    return tmp_path / "app"


def write(contents: Mapping[str, str | bytes]) -> None:
    """Write files below the working directory."""
    for name, content in contents.items():
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())


def found(
    *include: str, loaded: tuple[LoadedModule, ...] = (), without: tuple[str, ...] = ()
) -> ApplicationFiles:
    """Return the files of the application."""
    return application_files(str(Path(TAC).absolute()), "echo", include, loaded=loaded, without=without)


def names(of: ApplicationFiles) -> list[str]:
    """Return the paths without the folder that they have in common."""
    assert all(file.path.startswith("/usr/share/echo/") for file in of.files)
    return [file.path.removeprefix("/usr/share/echo/") for file in of.files]


def test_a_file_comes_with_what_it_imports_from_its_folder() -> None:
    """Through any number of modules, also in functions; nothing that is not imported."""
    write(
        {
            TAC: "import os, shop\ndef f():\n    from late import x",
            "app/shop.py": "import db.tables",
            "app/db/__init__.py": "",
            "app/db/tables.py": "from . import rows; import units",
            "app/db/rows.py": "import shop",
            "app/units.py": "",
            "app/late.py": "",
            "app/os.txt": "",
            "app/other.py": "import more",
            "app/README": "",
        }
    )
    result = found()
    assert names(result) == [
        "db/__init__.py",
        "db/rows.py",
        "db/tables.py",
        "echo.tac",
        "late.py",
        "shop.py",
        "units.py",
    ]
    assert result.problems == ()
    assert result.sources == {str(Path("app", name).resolve()) for name in names(result)}


def test_a_package_is_its_whole_folder_without_bytecode_and_hidden_files() -> None:
    """With its data, and with folders that are no packages."""
    write(
        {
            TAC: "import shop",
            "app/shop/__init__.py": "",
            "app/shop/data/prices.json": "{}",
            "app/shop/data/old.pyc": "",
            "app/shop/__pycache__/x.py": "",
            "app/shop/.git/config": "",
            "app/shop/.secret": "",
            "app/shop.py": "",
        }
    )
    assert names(found()) == ["echo.tac", "shop/__init__.py", "shop/data/prices.json"]


def test_a_folder_without_init_is_a_package_where_nothing_else_is() -> None:
    """A module of its name goes before it, and Python's own."""
    write(
        {
            TAC: "import space.a, plain, json",
            "app/space/a.py": "",
            "app/plain/x": "",
            "app/plain.py": "",
            "app/json/x": "",
        }
    )
    assert names(found()) == ["echo.tac", "plain.py", "space/a.py"]


def test_modules_that_were_loaded_are_sought_beside_the_file() -> None:
    """Whoever has imported them; those of distributions are left out, and svcctl itself."""
    write(
        {
            "app/shop.tap": b"\x80saved",
            "app/shop.py": "import mine, svcctl",
            "app/mine/__init__.py": "",
            "app/svcctl.py": "",
            "app/code.py": "",
        }
    )
    loaded = (LoadedModule("shop", "/x/shop.py"), LoadedModule("lib.x", "/x/lib/x.py"))
    result = application_files(str(Path("app/shop.tap").absolute()), "echo", loaded=loaded, without=("mine",))
    assert names(result) == ["shop.py", "shop.tap"]
    assert result.problems == ()


def test_only_scripts_are_executable() -> None:
    """Whatever else the owner may do, or the umask has left."""
    write({TAC: "", "app/run": "#!/bin/sh\n", "app/data": "x", "app/private": "x"})
    for name, mode in (("run", 0o700), ("data", 0o777), ("private", 0o600)):
        Path("app", name).chmod(mode)
    modes = {file.path.rpartition("/")[2]: file.mode for file in found("run", "data", "private").files}
    assert modes == {"echo.tac": 0o644, "run": 0o755, "data": 0o644, "private": 0o644}


def test_files_and_folders_can_be_included() -> None:
    """Each once, and hidden ones if they are named themselves."""
    write({TAC: "", "app/www/a.html": "", "app/www/b/c.html": "", "app/.env": "", "app/x": ""})
    assert names(found("www/", "www/a.html", "./.env")) == [".env", "echo.tac", "www/a.html", "www/b/c.html"]
    assert names(found(".")) == ["echo.tac", "www/a.html", "www/b/c.html", "x"]


def test_what_lies_elsewhere_or_nowhere_cannot_be_included() -> None:
    """All of it is told."""
    write({TAC: "", "other": ""})
    result = found("/etc/passwd", "../other", "a/../../other", "missing", "", "a\0b")
    assert [problem.where for problem in result.problems] == [
        "/etc/passwd",
        "../other",
        "a/../../other",
        "missing",
        "",
        "a\0b",
    ]
    assert all("relative" in problem.message for problem in result.problems[:3])
    assert "no such file" in result.problems[3].message
    assert names(result) == ["echo.tac"]


def test_links_within_the_folder_are_read_and_others_are_told(folder: Path) -> None:
    """Those of files and those of folders, absolute or relative."""
    write(
        {TAC: "import shop, far", "app/real/shop.py": "", "app/real/d/x": "", "far.py": "", "elsewhere/y": ""}
    )
    (folder / "shop.py").symlink_to("real/shop.py")
    (folder / "far.py").symlink_to(folder.parent / "far.py")
    (folder / "data").mkdir()
    (folder / "data" / "d").symlink_to(folder / "real" / "d")
    (folder / "data" / "out").symlink_to("../../elsewhere")
    (folder / "data" / "up").symlink_to("..")
    (folder / "data" / "lost").symlink_to("nowhere")
    result = found("data")
    assert {"echo.tac", "shop.py", "data/d/x"} <= set(names(result))
    assert not {"far.py", "data/out/y"} & set(names(result))
    told = {problem.where.removeprefix(f"{folder}/"): problem.message for problem in result.problems}
    assert "out of the application's folder" in told["far.py"]
    assert "out of the application's folder" in told["data/out"]
    assert "leads back" in told["data/up/data"]
    assert "cannot be read" in told["data/lost"]


def test_a_folder_that_is_reached_by_a_link_is_read(folder: Path) -> None:
    """The application's own is what counts, however one comes there."""
    write({TAC: "import shop", "app/shop.py": ""})
    (folder.parent / "current").symlink_to("app")
    result = application_files(f"{folder.parent}/current/echo.tac", "echo")
    assert names(result) == ["echo.tac", "shop.py"]
    assert result.problems == ()


def test_pipes_compiled_modules_and_open_folders_are_told(folder: Path) -> None:
    """What cannot be in a package, and what others could have put there."""
    write({TAC: "import fast", "app/fast.cpython-311-x86_64-linux-gnu.so": b"\x7fELF", "app/open/x": ""})
    os.mkfifo(folder / "pipe")
    (folder / "open").chmod(0o777)
    told = {
        problem.where.removeprefix(f"{folder}/"): problem.message
        for problem in found("pipe", "open").problems
    }
    assert "compiled" in told["fast.cpython-311-x86_64-linux-gnu.so"]
    assert "no regular file" in told["pipe"]
    assert "can be written by other users" in told["open"]


def test_too_many_files_and_too_large_ones_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """By their number and by their bytes, before they are read."""
    write({TAC: "", "app/www/a": "x", "app/www/b": "x", "app/big": "x" * 100})
    monkeypatch.setattr(files, "MAX_FILES", 2)
    (problem,) = found("www").problems
    assert "more than 2 files" in problem.message
    monkeypatch.setattr(files, "MAX_BYTES", 50)
    (problem,) = found("big").problems
    assert "more than 50 bytes" in problem.message


def test_an_application_in_a_distribution_has_only_what_is_included() -> None:
    """From the working directory."""
    write({"app/shop.py": "", "notes/a": ""})
    for target in ("app.shop:application", "echo"):
        assert names(application_files(target, "echo", ("notes",), loaded=(LoadedModule("app", "/x"),))) == [
            "notes/a"
        ]


def test_loaded_modules_that_the_package_lacks_are_told_once_each() -> None:
    """Those of its files and those of its distributions are not."""
    write({TAC: "import shop", "app/shop.py": ""})
    result = found()
    modules = (
        LoadedModule("shop", str(Path("app/shop.py").resolve())),
        LoadedModule("helpers.b", "/srv/lib/helpers/b.py"),
        LoadedModule("helpers", "/srv/lib/helpers/__init__.py"),
        LoadedModule("edited.x", "/home/ann/edited/x.py"),
    )
    (problem,) = outside(modules, result, {"edited"})
    assert problem.where == "/srv/lib/helpers/__init__.py"
    assert "module helpers " in problem.message
