from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from svcctl.application.interfaces import IService
from svcctl.endpoints.values import Tcp
from svcctl.errors import ApplicationLoadError, ApplicationNotFoundError, UsageError
from svcctl.loading.target import load, load_object, resolve

HEAD = "from svcctl.application import service\n"


@pytest.fixture(autouse=True)
def _modules_as_before() -> Iterator[None]:
    """Take back what loading leaves behind on purpose."""
    path, modules = sys.path[:], dict(sys.modules)
    yield
    sys.path[:] = path
    for name in set(sys.modules) - set(modules):
        if name.startswith("target_") or name == "__tac__":
            del sys.modules[name]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder whose modules can be imported."""
    sys.path.append(str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("app.tac", "tac"),
        ("./app", "tac"),
        ("/srv/app", "tac"),
        ("my app.v2.tac", "tac"),
        ("./a:b.tac", "tac"),
        ("a.py", "tac"),
        ("module:application", "object"),
        ("package.module:make", "object"),
        ("package.module:holder.app", "object"),
        ("módulo:año", "object"),
        ("echo", "plugin"),
        ("my-plug_in2", "plugin"),
        ("app.tap", "saved"),
        ("/srv/app-start.tas", "saved"),
        ("./a:b.etap", "saved"),
        ("app.etas", "saved"),
        ("./tap", "tac"),
        (".", "tac"),
        ("..", "tac"),
    ],
)
def test_a_text_names_a_file_an_object_or_a_plug_in(text: str, kind: str) -> None:
    """The rule looks at the text alone."""
    assert resolve(text) == (kind, text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "names no application"),
        ("two words", "names no application"),
        ("-x", "names no application"),
        ("module:", "is no module:attribute"),
        (":app", "is no module:attribute"),
        ("a:b:c", "is no module:attribute"),
        ("my app:x", "is no module:attribute"),
        ("1a:x", "is no module:attribute"),
        (".tac", "names no application"),
        ("a\0.tac", "NUL"),
    ],
)
def test_a_text_that_names_nothing_is_a_usage_error(text: str, said: str) -> None:
    """With what to write instead."""
    with pytest.raises(UsageError, match=said) as caught:
        resolve(text)
    assert caught.value.exit_status == 64
    assert caught.value.hint


def test_an_application_is_loaded_from_a_file_or_a_module(folder: Path) -> None:
    """Or from what a callable of the module returns."""
    source = HEAD + "application = service.Application('one')\n"
    (folder / "app.tac").write_text(source)
    (folder / "target_one.py").write_text(
        source + "def make(): return service.Application('made')\nclass Holder:\n    app = application\n"
    )
    assert load(str(folder / "app.tac")).name == "one"
    assert load("target_one:application").name == "one"
    assert load("target_one:make").name == "made"
    assert load("target_one:Holder.app").name == "one"


def test_an_application_is_made_by_a_plug_in_of_what_follows_its_name() -> None:
    """The application has its name and its description."""
    application = load("echo", ["--port", "tcp:18007"])
    assert application.name == "echo"
    assert application.description
    (server,) = application.getComponent(IService)
    assert server.endpoint == Tcp(18007)


def test_a_saved_application_is_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the ending of its file."""
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    application = load("echo")
    application.save(filename=str(tmp_path / "echo.tap"))
    assert load(str(tmp_path / "echo.tap")).name == "echo"


@pytest.mark.parametrize("text", ["app.tac", "app.tap", "module:application"])
def test_only_a_plug_in_takes_arguments(text: str) -> None:
    """Nobody would look at them."""
    with pytest.raises(UsageError, match=r"takes no arguments, and there is '--port=1'"):
        load(text, ["--port=1"])


def test_the_working_directory_is_not_searched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module that happens to lie there is not executed."""
    (tmp_path / "target_here.py").write_text("1/0\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ApplicationNotFoundError, match="finds no module 'target_here'") as caught:
        load_object("target_here:application")
    assert sys.executable in str(caught.value)
    assert caught.value.exit_status == 66


@pytest.mark.parametrize(
    ("source", "attribute", "said", "hint"),
    [
        ("x = 5\n", "x", "'x' is of type int, not an Application", "write: x ="),
        ("x = 5\n", "y", "module target_two does not bind 'y'; it binds 'x'", "write: y ="),
        (HEAD + "a = service.Application('a')\n", "b", "an Application as 'a'", "write: b = a"),
        ("class x: pass\n", "x.y", "AttributeError", ""),
        ("def f(): return 5\n", "f", "returned an object of type int", "let it return"),
        ("async def f(): pass\n", "f", "returned an object of type coroutine", "without async"),
        ("def f(a): pass\n", "f", "TypeError: f() missing 1 required positional argument", ""),
        ("def f():\n    raise OSError('x')\n", "f", "target_two.py, line 2: OSError: x", ""),
        (
            "def f():\n    raise SystemExit(2)\n",
            "f",
            "ended the process with SystemExit: 2",
            "raise an error",
        ),
        ("\n1/0\n", "f", "target_two.py, line 2): ZeroDivisionError", "mend it"),
        ("raise GeneratorExit", "f", "target_two.py, line 1): GeneratorExit", "mend it"),
        ("def f(): raise GeneratorExit", "f", "target_two.py, line 1: GeneratorExit", "mend it"),
        ("import no_such_thing\n", "f", "line 1): ModuleNotFoundError", "install it"),
        ("x = (\n", "f", "module target_two: SyntaxError", ""),
    ],
)
def test_a_module_that_gives_no_application_says_why(
    folder: Path, source: str, attribute: str, said: str, hint: str
) -> None:
    """One line with the place, and what to do about it."""
    (folder / "target_two.py").write_text(source)
    with pytest.raises(ApplicationLoadError) as caught:
        load_object(f"target_two:{attribute}")
    assert said in str(caught.value)
    assert hint in caught.value.hint
    assert "importlib" not in caught.value.frames
    assert "loading" not in caught.value.frames


def test_the_frames_of_a_module_are_the_users_own(folder: Path) -> None:
    """The import system's and the loader's are left out."""
    (folder / "target_three.py").write_text("def fail():\n    1/0\nfail()\n")
    with pytest.raises(ApplicationLoadError) as caught:
        load_object("target_three:x")
    assert caught.value.frames.count('  File "') == 2
    assert caught.value.frames.count("target_three.py") == 2
