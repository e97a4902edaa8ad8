from __future__ import annotations

import hashlib
import os
import select
import sys
import tempfile
from pathlib import Path

import pytest

import svcctl
from svcctl.errors import (
    ApplicationLoadError,
    ApplicationNotFoundError,
    ProblemsError,
    SvcctlError,
    UsageError,
)
from svcctl.loading.describe import Description, describe

HEAD = "from svcctl.application import service\napplication = service.Application('echo')\n"
LIMIT = 60.0


def write(folder: Path, source: str, name: str = "app.tac") -> str:
    """Write a file and return its path."""
    file = folder / name
    file.write_text(source, encoding="utf-8")
    return str(file)


def described(target: str, *, time_limit: float = LIMIT, **environment: str) -> Description:
    """Describe an application as the user and with the interpreter of the tests."""
    return describe(target, python=sys.executable, user=None, environment=environment, time_limit=time_limit)


def refusal(folder: Path, source: str, *, time_limit: float = LIMIT) -> SvcctlError:
    """Return the error that describing this source leads to."""
    with pytest.raises(SvcctlError) as caught:
        described(write(folder, source), time_limit=time_limit)
    assert "\n" not in str(caught.value) + caught.value.hint
    return caught.value


def told(line: str) -> str:
    """Return source that writes a line to the report's descriptor and ends."""
    return f"import os, sys\nos.write(int(sys.argv[1]), {line!r}.encode())\nos._exit(0)\n"


def ends(pid: int) -> bool:
    """Wait until a process has ended; return whether it did so within the limit (pidfd_open(2))."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([descriptor], [], [], LIMIT)[0])
    finally:
        os.close(descriptor)


def test_an_application_is_described_with_its_interpreter(tmp_path: Path) -> None:
    """The manifest has the file's digest, and the interpreter its own facts."""
    path = write(tmp_path, HEAD + "print('noise')\n")
    manifest, interpreter, modules = described(path)
    assert modules == ()
    assert manifest.application.name == "echo"
    assert manifest.origin.kind == "tac"
    assert manifest.origin.digest == hashlib.sha256(Path(path).read_bytes()).hexdigest()
    assert manifest.origin.requires_python == "3.11"
    assert interpreter.executable == sys.executable
    assert interpreter.version == ".".join(str(part) for part in sys.version_info[:3])
    assert interpreter.prefix == sys.prefix
    assert interpreter.base_prefix == sys.base_prefix
    assert interpreter.svcctl_version == svcctl.__version__


def test_the_library_paths_hold_all_code_of_the_interpreter(tmp_path: Path) -> None:
    """Standard library, packages, shared libraries and the executable; real, sorted, none within another."""
    paths = [Path(path) for path in described(write(tmp_path, HEAD)).interpreter.library_paths]
    assert paths == sorted(paths)
    assert all(path == path.resolve() for path in paths)
    assert not any(path in other.parents for path in paths for other in paths)
    needed = (os.__file__, pytest.__file__, svcctl.__file__, sys.executable)
    assert all({Path(file).resolve(), *Path(file).resolve().parents} & set(paths) for file in needed)


def test_an_object_is_described_with_the_digest_of_its_module(tmp_path: Path) -> None:
    """The module is found through the environment that the application gets."""
    path = write(tmp_path, HEAD, "described_module.py")
    manifest = described("described_module:application", PYTHONPATH=str(tmp_path)).manifest
    assert manifest.origin.kind == "object"
    assert manifest.origin.digest == hashlib.sha256(Path(path).read_bytes()).hexdigest()


def test_a_relative_path_counts_from_the_callers_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The child itself runs elsewhere."""
    write(tmp_path, HEAD)
    monkeypatch.chdir(tmp_path)
    assert described("app.tac").manifest.application.name == "echo"


def test_the_child_gets_nothing_from_its_caller(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Folder, environment, input, mask, session, limits and rights are its own."""
    monkeypatch.setenv("SECRET", "of the caller")
    source = HEAD + (
        "import os, resource, sys\n"
        "rights = [line.split()[1] for line in open('/proc/self/status') if line.startswith('NoNewPrivs')]\n"
        "facts = [os.getcwd(), oct(os.umask(0)), sys.stdin.read(), os.getsid(0) == os.getpid(),"
        " resource.getrlimit(resource.RLIMIT_CORE), *rights, sorted(os.environ.items())]\n"
        "application.description = '|'.join(map(str, facts))\n"
    )
    path = write(tmp_path, source)
    facts = described(path, GREETING="hello").manifest.application.description.split("|")
    assert facts[1:6] == ["0o77", "", "True", "(0, 0)", "1"]
    assert not Path(facts[0]).exists()
    assert "SECRET" not in facts[6]
    assert "('GREETING', 'hello'), ('HOME', '/nonexistent'), ('LANG', 'C.UTF-8')" in facts[6]


def test_what_an_application_writes_beside_itself_while_it_is_loaded_is_thrown_away(tmp_path: Path) -> None:
    """Many open their files before they start; the folder is empty, their own, and gone afterwards."""
    source = HEAD + (
        "import os\nfound = os.listdir()\nos.makedirs('state/deep')\n"
        "with open('state/deep/notes', 'w') as notes:\n    notes.write('x')\n"
        "application.description = f'{found} {os.getcwd()}'\n"
    )
    found, folder = described(write(tmp_path, source)).manifest.application.description.split(" ")
    assert found == "[]"
    assert not Path(folder).exists()


def test_an_application_is_described_where_no_folder_can_be_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the root folder then; only those that write would miss it."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    source = f"{HEAD}import os\napplication.description = os.getcwd()\n"
    assert described(write(tmp_path, source)).manifest.application.description == "/"


def test_processes_of_the_application_do_not_inherit_the_report(tmp_path: Path) -> None:
    """A program started while loading, and left behind, does not hold the description up; it is killed."""
    source = HEAD + (
        "import subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'], close_fds=False)\n"
        "application.description = str(child.pid)\n"
    )
    pid = int(described(write(tmp_path, source)).manifest.application.description)
    assert ends(pid)


def test_threads_and_exit_handlers_do_not_hold_the_description_up(tmp_path: Path) -> None:
    """The child ends as soon as it has told."""
    source = HEAD + (
        "import atexit, threading\natexit.register(threading.Event().wait)\n"
        "threading.Thread(target=threading.Event().wait).start()\n"
    )
    assert described(write(tmp_path, source)).manifest.application.name == "echo"


def test_errors_of_the_application_come_over_as_they_are(tmp_path: Path) -> None:
    """With their class, their hint and the user's frames."""
    error = refusal(tmp_path, "def f():\n    1/0\nf()\n")
    assert isinstance(error, ApplicationLoadError)
    assert str(error) == f"{tmp_path}/app.tac, line 2: ZeroDivisionError: division by zero"
    assert error.frames.count('  File "') == 2
    with pytest.raises(ApplicationNotFoundError, match="there is no file"):
        described(str(tmp_path / "none.tac"))
    with pytest.raises(ApplicationNotFoundError, match="finds no module 'no_such_module'"):
        described("no_such_module:app")
    with pytest.raises(UsageError, match="there is no plug-in 'ehco'"):
        described("ehco")


def test_an_error_in_a_description_of_the_users_own_comes_over(tmp_path: Path) -> None:
    """The user's describing code is no more trusted than the rest of the file."""
    source = HEAD + "def describe(origin):\n    raise OSError('mine')\napplication.describe = describe\n"
    assert str(refusal(tmp_path, source)).endswith("app.tac, line 4: OSError: mine")


def test_wrong_values_of_the_application_are_problems(tmp_path: Path) -> None:
    """All of them, with their places in the manifest."""
    source = "from svcctl.application import service\n"
    source += "application = service.Application('a\\nb', homepage='x', needs={'reads': ['etc']})\n"
    error = refusal(tmp_path, source)
    assert isinstance(error, ProblemsError)
    assert {problem.where for problem in error.problems} >= {"application.homepage", "needs.reads[0]"}
    typed = refusal(
        tmp_path, "from svcctl.application import service\napplication = service.Application(5)\n"
    )
    assert isinstance(typed, ProblemsError)
    assert error.hint == typed.hint == "mend these in the application"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("import os\nos._exit(3)\n", "ended with status 3 and told nothing"),
        ("import os\nos._exit(0)\n", "ended with status 0 and told nothing"),
        ("import os\nprint('last words', flush=True)\nos._exit(1)\n", "it said: last words"),
        ("import os\nos.kill(os.getpid(), 11)\n", "(signal 11)"),
        ("import os\nos.kill(os.getpid(), 9)\n", "(signal 9)"),
        ("import os\nos.write(1, b'\\x1b[2J' * 100000)\nos._exit(1)\n", "?[2J"),
        ("import ctypes\nctypes.string_at(0)\n", "(signal 11)"),
    ],
)
def test_a_child_that_dies_is_one_line(tmp_path: Path, source: str, said: str) -> None:
    """Its last words are cut to a line without control characters."""
    error = refusal(tmp_path, source)
    assert isinstance(error, ApplicationLoadError)
    assert said in str(error)
    assert "\x1b" not in str(error)
    assert len(str(error)) < 800


@pytest.mark.parametrize(
    "error", ["KeyboardInterrupt", "GeneratorExit('x')", "type('Mine', (BaseException,), {})"]
)
def test_what_python_does_not_take_for_a_mistake_is_told_all_the_same(tmp_path: Path, error: str) -> None:
    """With the user's own frames and none of ours."""
    told = refusal(tmp_path, f"raise {error}\n")
    assert isinstance(told, ApplicationLoadError)
    assert "app.tac, line 1: " in str(told)
    assert "svcctl" not in str(told) + told.frames
    assert told.hint


@pytest.mark.parametrize(
    "source",
    [
        "while True: pass\n",
        "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\ntime.sleep(600)\n",
        "import os, sys, time\nos.close(int(sys.argv[1])); os.close(1); os.close(2)\ntime.sleep(600)\n",
        "while True: print('x' * 1000)\n",
        "import os, time\nif os.fork(): os._exit(0)\ntime.sleep(600)\n",
    ],
)
def test_a_child_that_does_not_end_is_killed_at_the_limit(tmp_path: Path, source: str) -> None:
    """Whatever it does about signals, descriptors and output, and what it has started too."""
    note = tmp_path / "pid"
    after = f"import os\nfrom pathlib import Path\nPath({str(note)!r}).write_text(str(os.getpid()))\n"
    error = refusal(tmp_path, after + source, time_limit=3.0)
    assert isinstance(error, ApplicationLoadError)
    assert "was not loaded within 3 s" in str(error)
    assert ends(int(note.read_text()))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("\n", "Expecting value"),
        ("null\n", "expected an object, not null"),
        ("{}\n", "neither a description nor an error"),
        ('{"manifest":{},"interpreter":null}\n', "manifest.application: is missing"),
        ('{"error":{"code":"x"}}\n', "error.message: is missing"),
        ("[" * 100_000 + "\n", "nested deeper than 200 levels"),
        ('{"\\u001b[2J":1}\n', r"has no field '\x1b[2J'"),
        ('{"error":{"code":"x","message":"a\\n\\u001b[2Jb","hint":"\\u202e","exit_status":0}}\n', "a??[2Jb"),
        ("x" * (4 * 2**20 + 2) + "\n", "told more than 4194304 bytes"),
        ("x" * (8 * 2**20), "told more than 4194304 bytes"),
        ('{"error"', "ended with status 0 and told nothing"),
    ],
)
def test_a_forged_report_is_refused(tmp_path: Path, line: str, said: str) -> None:
    """The application can write what it likes; nothing but a right report is believed."""
    error = refusal(tmp_path, told(line))
    assert isinstance(error, ApplicationLoadError)
    assert said in str(error)
    assert "\x1b" not in str(error)
    assert error.exit_status == 65


def test_a_forged_report_that_is_no_text_is_refused(tmp_path: Path) -> None:
    """Bytes that are no UTF-8 are told so."""
    error = refusal(tmp_path, "import os, sys\nos.write(int(sys.argv[1]), b'\\xff\\n')\nos._exit(0)\n")
    assert "can't decode" in str(error)


def test_a_forged_manifest_is_held_against_the_rules(tmp_path: Path) -> None:
    """A description that only the child has checked is not believed."""
    source = HEAD + (
        "import dataclasses\nmake = application.describe\n"
        "def describe(origin):\n    made = make(origin)\n"
        "    return dataclasses.replace(made, needs=dataclasses.replace(made.needs, reads=('/a/../b',)))\n"
        "application.describe = describe\n"
    )
    error = refusal(tmp_path, source)
    assert isinstance(error, ProblemsError)
    assert [problem.where for problem in error.problems] == ["needs.reads[0]"]


@pytest.mark.parametrize(
    ("change", "value"),
    [("executable", "relative"), ("library_paths", ("/a/../b",)), ("prefix", "/a\nb"), ("version", "x")],
)
def test_forged_facts_about_the_interpreter_are_refused(tmp_path: Path, change: str, value: object) -> None:
    """They end up in units, so they are absolute paths and versions or nothing."""
    source = HEAD + (
        "import sys\nmain = sys.modules['__main__']\nmake = main.Report\n"
        f"main.Report = lambda manifest, interpreter, **rest: make(manifest, interpreter._replace({change}={value!r}))\n"
    )
    assert "an interpreter that cannot be" in str(refusal(tmp_path, source))
