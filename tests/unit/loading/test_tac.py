from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from svcctl.application.service import Application
from svcctl.errors import ApplicationLoadError, ApplicationNotFoundError
from svcctl.loading.tac import MAX_BYTES, MODULE_NAME, absolute, load_tac

GOOD = 'from svcctl.application import service\napplication = service.Application("echo")\n'

TWINS = """\
from svcctl.application import service
both = service.MultiService()
for _ in range(2):
    child = service.Service(); child.setName("a"); child.setServiceParent(both)
"""


@pytest.fixture(autouse=True)
def _interpreter_as_before() -> Iterator[None]:
    """Take back what loading leaves behind on purpose."""
    path, modules = sys.path[:], dict(sys.modules)
    yield
    sys.path[:] = path
    for name in set(sys.modules) - set(modules):
        if name == MODULE_NAME or name.startswith("beside_"):
            del sys.modules[name]


def write(folder: Path, source: str | bytes, name: str = "app.tac") -> str:
    """Write a .tac file and return its path."""
    file = folder / name
    file.write_bytes(source if isinstance(source, bytes) else source.encode())
    return str(file)


def refusal(path: str) -> ApplicationLoadError:
    """Return the error of a file that is there but gives no application."""
    with pytest.raises(ApplicationLoadError) as caught:
        load_tac(path)
    assert "\n" not in str(caught.value) + caught.value.hint
    assert caught.value.exit_status == 65
    return caught.value


def missing(path: str) -> ApplicationNotFoundError:
    """Return the error of a file that cannot be read."""
    with pytest.raises(ApplicationNotFoundError) as caught:
        load_tac(path)
    assert "\n" not in str(caught.value) + caught.value.hint
    assert caught.value.exit_status == 66
    assert caught.value.hint
    return caught.value


def test_the_application_of_the_file_is_returned(tmp_path: Path) -> None:
    """It is what the file binds to that name."""
    application = load_tac(write(tmp_path, GOOD))
    assert isinstance(application, Application)
    assert application.name == "echo"


def test_an_absolute_path_needs_no_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which may have been removed meanwhile; a relative one says so."""
    path = write(tmp_path, GOOD)
    folder = tmp_path / "gone"
    folder.mkdir()
    monkeypatch.chdir(folder)
    folder.rmdir()
    assert load_tac(path).name
    with pytest.raises(ApplicationNotFoundError, match="the working directory is gone"):
        load_tac("app.tac")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("links/current/../app.tac", "releases/app.tac"),
        ("links/current/app.tac", "links/current/app.tac"),
        ("links/../links/current/app.tac", "links/current/app.tac"),
        ("links/current/..", "releases"),
        ("./links//app..tac", "links/app..tac"),
    ],
)
def test_the_way_up_from_a_link_is_that_of_the_folder_behind_it(
    path: str, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the kernel goes it; other links stay, for they may be meant to move."""
    (tmp_path / "releases/2").mkdir(parents=True)
    (tmp_path / "links").mkdir()
    (tmp_path / "links/current").symlink_to(tmp_path / "releases/2")
    monkeypatch.chdir(tmp_path)
    assert absolute(path) == absolute(str(tmp_path / path)) == str(tmp_path / expected)


def test_there_is_nothing_above_the_root() -> None:
    """Its parent is itself."""
    assert [absolute(path) for path in ("/..", "/../etc", "/etc/../../etc")] == ["/", "/etc", "/etc"]


def test_the_file_knows_its_absolute_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative path counts from the working directory, which stays."""
    write(tmp_path, GOOD + "import os\napplication.seen = (__file__, os.getcwd())\n")
    monkeypatch.chdir(tmp_path)
    application = load_tac("app.tac")
    assert vars(application)["seen"] == (str(tmp_path / "app.tac"), str(tmp_path))


def test_a_link_to_the_file_keeps_its_own_name(tmp_path: Path) -> None:
    """The folder of the link is the one that is importable, not that of its end."""
    (tmp_path / "real").mkdir()
    (tmp_path / "links").mkdir()
    target = write(tmp_path / "real", GOOD + "application.seen = __file__\n")
    link = tmp_path / "links" / "app.tac"
    link.symlink_to(target)
    assert vars(load_tac(str(link)))["seen"] == str(link)
    assert sys.path[0] == str(tmp_path / "links")


def test_a_path_through_a_link_and_back_is_followed_as_the_system_does(tmp_path: Path) -> None:
    """Two dots after a link lead to the folder above its end."""
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "a" / "b")
    write(tmp_path / "a", GOOD)
    assert load_tac(f"{tmp_path}/link/../app.tac").name == "echo"


def test_modules_beside_the_file_are_importable(tmp_path: Path) -> None:
    """Its folder is the first of the search path, once."""
    write(tmp_path, "NAME = 'from beside'\n", "beside_one.py")
    sys.path.append(str(tmp_path))
    path = write(tmp_path, "from svcctl.application.service import Application\nimport beside_one\n"
                 "application = Application(beside_one.NAME)\n")  # fmt: skip
    assert load_tac(path).name == "from beside"
    assert sys.path[0] == str(tmp_path)
    assert sys.path.count(str(tmp_path)) == 1


def test_a_main_guard_does_not_fire(tmp_path: Path) -> None:
    """The file is loaded, not run as a script."""
    guard = "if __name__ == '__main__':\n    raise SystemExit(1)\n"
    assert load_tac(write(tmp_path, GOOD + guard)).name == "echo"


def test_dataclasses_and_pickles_of_the_file_work(tmp_path: Path) -> None:
    """Its classes belong to a module that can be found."""
    source = "from __future__ import annotations\nimport dataclasses, typing\n" + GOOD
    source += "@dataclasses.dataclass\nclass Point:\n    x: typing.ClassVar[int] = 1\n    y: int = 2\n"
    source += "application.point = Point(5)\n"
    point = vars(load_tac(write(tmp_path, source)))["point"]
    assert pickle.loads(pickle.dumps(point)) == point  # noqa: S301 (made in this test)


def test_coding_lines_and_byte_order_marks_are_understood(tmp_path: Path) -> None:
    """The file is compiled from its bytes."""
    body = "from svcctl.application.service import Application\napplication = Application('ä')\n"
    assert load_tac(write(tmp_path, b"# coding: latin-1\n" + body.encode("latin-1"))).name == "ä"
    assert load_tac(write(tmp_path, b"\xef\xbb\xbf" + body.encode())).name == "ä"


def test_future_imports_of_the_loader_do_not_leak_into_the_file(tmp_path: Path) -> None:
    """Annotations are evaluated unless the file asks for something else."""
    application = load_tac(write(tmp_path, GOOD + "def f(x: int): ...\napplication.f = f\n"))
    assert vars(application)["f"].__annotations__ == {"x": int}


def test_a_file_that_is_not_there_is_told_with_its_neighbours(tmp_path: Path) -> None:
    """The hint names what may be meant."""
    write(tmp_path, GOOD, "other.tac")
    error = missing(str(tmp_path / "app.tac"))
    assert str(error) == f"there is no file '{tmp_path}/app.tac'"
    assert "other.tac" in error.hint
    assert "does not exist either" in missing(str(tmp_path / "no" / "app.tac")).hint


def test_what_is_no_file_is_told(tmp_path: Path) -> None:
    """Folders, pipes, endless and huge files do not hang the loader."""
    os.mkfifo(tmp_path / "pipe.tac")
    with (tmp_path / "huge.tac").open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    (tmp_path / "loop.tac").symlink_to("loop.tac")
    assert "is a folder" in str(missing(str(tmp_path)))
    assert "is no regular file" in str(missing(str(tmp_path / "pipe.tac")))
    assert "is no regular file" in str(missing("/dev/zero"))
    assert "too large" in str(missing(str(tmp_path / "huge.tac")))
    assert "symbolic links" in str(missing(str(tmp_path / "loop.tac")))
    assert "too long" in str(missing("/" + "x" * 5000))
    assert "null " in str(missing("/tmp/a\0b"))  # noqa: S108 (never made; Python 3.13 has other words)
    assert "Not a directory" in str(missing("/etc/passwd/app.tac"))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become nobody")
@pytest.mark.parametrize("of_folder", [True, False])
def test_an_unreadable_file_says_who_may_read_it(of_folder: bool) -> None:  # noqa: FBT001 (a parameter)
    """The owner, the group and the mode of the folder or file that is in the way."""
    folder = Path("/tmp") / f"svcctl-{os.urandom(8).hex()}"  # noqa: S108 (nobody may not enter pytest's folder)
    folder.mkdir(0o700 if of_folder else 0o755)
    try:
        path = write(folder, GOOD)
        Path(path).chmod(0o600)
        script = (
            "import os, sys; from svcctl.application import service; import svcctl.loading.unreadable, svcctl.loading.tac\n"
            "os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
            "try: svcctl.loading.tac.load_tac(sys.argv[1])\n"
            "except Exception as error: print(type(error).__name__, error, '|', error.hint)"
        )
        done = subprocess.run(
            [sys.executable, "-c", script, path], capture_output=True, text=True, check=True
        )
    finally:
        Path(path).unlink()
        folder.rmdir()
    what = (
        f"the folder '{folder}' (owner root, group root, mode 0700)"
        if of_folder
        else "mode 0600) cannot be read by"
    )
    assert done.stdout.startswith("ApplicationNotFoundError")
    assert what in done.stdout
    assert "nobody" in done.stdout


@pytest.mark.parametrize(
    ("source", "said", "hint"),
    [
        (b"\x7fELF\0\0\0", "it holds bytes that are no text", "written in Python"),
        (b"\x80\x04\x95\xff", "it holds bytes that are no text", "written in Python"),
        ("x = 1\ny = (2\n", "line 2, column 5: '(' was never closed: y = (2", "py_compile"),
        ("print 'x'\n", "Missing parentheses", "Python 2"),
        ("# coding: klingon\n", "unknown encoding", "py_compile"),
        ("(" * 300, "too many nested parentheses", ""),
        ("-" * 100_000 + "1", "cannot be compiled", ""),
        ("", "it binds nothing", 'write: application = service.Application("NAME")'),
        ("import os\nx = 1\n", "it binds 'x'", "write: application ="),
        (
            GOOD.replace("application =", "app ="),
            "it binds an Application as 'app'",
            "write: application = app",
        ),
        (
            "from svcctl.application import service\nroot = service.MultiService()\n",
            "it binds a service as 'root'",
            'write: application = service.Application("NAME"); root.setServiceParent(application)',
        ),
        ("application = 5\n", "'application' is of type int, not an Application", "write: application ="),
        ("application = None\n", "'application' is None", "write: application ="),
        ("def application(): ...\n", "is of type function", "call it: application = application()"),
        (
            "from svcctl.application import service\napplication = service.MultiService()\n",
            "svcctl.application.service.MultiService",
            "root.setServiceParent(application)",
        ),
        (
            "raise ModuleNotFoundError(\"No module named 'twisted'\", name='twisted')\n",  # as where it is not installed
            "line 1",
            "twisted.application becomes svcctl.application",
        ),
        ("import no_such_thing.at_all\n", "line 1: ModuleNotFoundError", sys.executable),
        ("\n1/0\n", "line 2: ZeroDivisionError: division by zero", "svcctl describe"),
        ("raise GeneratorExit", "line 1: GeneratorExit", "svcctl describe"),
        (
            "import sys\nsys.exit('done')\n",
            "line 2: it ended the process with SystemExit: done",
            "raise an error",
        ),
        ("class E(Exception):\n    def __str__(self): return 1/0\nraise E\n", "line 3: E", ""),
        ("raise ValueError('x\\n' * 1000)\n", "ValueError: x x", "mend it"),
        (
            "from svcctl.endpoints.grammar import parse_endpoint\nparse_endpoint('tcp:x')\n",
            "line 2: endpoint 'tcp:x', character 5: expected a port",
            "",
        ),
        (
            TWINS,
            "line 4: ",
            "",
        ),
    ],
)
def test_a_file_that_gives_no_application_says_why(
    tmp_path: Path, source: str | bytes, said: str, hint: str
) -> None:
    """One line with the place, and what to do about it."""
    path = write(tmp_path, source)
    error = refusal(path)
    assert path in str(error)
    assert said in str(error)
    assert hint in error.hint
    assert len(str(error)) < 600


@pytest.mark.parametrize("source", ["1/0\n", "x = (\n", "\0", "application = 5\n", "x = 1\n"])
def test_a_hostile_file_name_stays_on_one_line(tmp_path: Path, source: str) -> None:
    """Newlines and commands to the terminal are written as escapes, and blanks are quoted for the shell."""
    error = refusal(write(tmp_path, source, "a b\n\x1b[2J.tac"))
    assert r"a b\n\x1b[2J.tac" in str(error)


def test_the_frames_are_the_users_own(tmp_path: Path) -> None:
    """From the file downward, with the lines of its source; neither the loader's nor the import system's."""
    write(tmp_path, "def fail():\n    raise OSError('disk')\nfail()\n", "beside_two.py")
    frames = refusal(write(tmp_path, "import importlib\nimportlib.import_module('beside_two')\n")).frames
    files = [line.split('"')[1] for line in frames.splitlines() if line.startswith("  File ")]
    assert [Path(file).name for file in files] == ["app.tac", "beside_two.py", "beside_two.py"]
    assert "raise OSError('disk')" in frames
    assert frames.endswith("OSError: disk\n")


def test_frames_of_causes_and_groups_are_the_users_own_too(tmp_path: Path) -> None:
    """Our own frames are left out wherever they are."""
    source = (
        "from svcctl.endpoints.grammar import parse_endpoint\n"
        "try:\n    parse_endpoint('tcp:')\nexcept ValueError as error:\n    raise ExceptionGroup('both', [error])\n"
    )
    frames = refusal(write(tmp_path, source)).frames
    assert "grammar.py" not in frames
    assert frames.count("app.tac") == 3


def test_an_interrupt_passes(tmp_path: Path) -> None:
    """Ctrl-C while a file loads is not the file's mistake."""
    with pytest.raises(KeyboardInterrupt):
        load_tac(write(tmp_path, "raise KeyboardInterrupt\n"))


def test_a_failed_load_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The search path and the modules are as before."""
    monkeypatch.delitem(sys.modules, MODULE_NAME, raising=False)
    before = sys.path[:]
    refusal(write(tmp_path, "1/0\n"))
    assert sys.path == before
    assert MODULE_NAME not in sys.modules


def test_loading_imports_nothing_heavy() -> None:
    """The module is on the runner's start path."""
    script = (
        "import sys; before = set(sys.modules); import svcctl.loading.tac; print(*set(sys.modules) - before)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    allowed = {"__future__", "svcctl", "svcctl.errors", "svcctl.loading", "svcctl.loading.tac"}
    allowed |= {
        "typing",
        "types",
        "functools",
        "collections",
        "collections.abc",
        "contextlib",
        "operator",
        "re",
    }
    heavy = {"dataclasses", "pathlib", "argparse", "json", "pickle", "subprocess", "traceback", "inspect"}
    loaded = set(done.stdout.split())
    assert not loaded & heavy
    assert {name for name in loaded if name.startswith("svcctl")} <= allowed
