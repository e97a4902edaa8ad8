"""The part of svcctl that packages carry, alone with sdnotify in an environment of its own, as a unit uses it."""

from __future__ import annotations

import ast
import hashlib
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sdnotify

from svcctl.generate.debian.closure import runtime_part
from svcctl.host import varlink
from svcctl.host.own import own_wheel
from tests.contract.test_run_command import OTK, Folder, folder, free_port, key
from tests.fakes.init import PATIENCE, FakeInit

__all__ = ["folder"]

EXAMPLE = Path(__file__).parents[2] / "examples" / "echo.tac"
RELOADED = "import os\ndef reload():\n    open(os.environ['NOTES'], 'a').close()\n"


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Make the environment; return its interpreter."""
    environment = tmp_path_factory.mktemp("environment")
    site = environment / "lib" / f"python3.{sys.version_info.minor}" / "site-packages"
    for file in runtime_part(own_wheel()).files:
        path = site / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.content)
    shutil.copytree(Path(sdnotify.__file__).parent, site / "sdnotify")
    base = Path(sys.executable).resolve()
    (environment / "pyvenv.cfg").write_text(f"home = {base.parent}\ninclude-system-site-packages = false\n")
    (environment / "bin").mkdir()
    (environment / "bin" / "python3").symlink_to(base)
    return f"{environment}/bin/python3"


@contextmanager
def running(python: str, folder: Path, *arguments: str, **environ: str) -> Iterator[FakeInit]:
    """Run an application, on a socket it is handed, until it is ready; stop it in the end."""
    (folder / "run").mkdir(mode=0o700)
    command = [python, "-P", "-m", "svcctl.runtime", *arguments]
    variables = {"RUNTIME_DIRECTORY": str(folder / "run"), **environ}
    with socket.create_server(("127.0.0.1", 0)) as listener:
        init = FakeInit(command, folder, {"LISTEN_FDNAMES": environ.get("NAME", ""), **variables}, [listener])
        with init:
            init.wait_for("READY", "1")
            if "NAME" in environ:
                assert echoed(listener.getsockname()[1])
            yield init
            if "NAME" in environ:
                assert echoed(listener.getsockname()[1])
            assert init.stop() == 0, init.stderr


def echoed(port: int) -> bool:
    """Tell whether an echo server answers."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as client:
        client.sendall(b"hello")
        return client.recv(5) == b"hello"


def test_nothing_in_it_imports_what_is_not() -> None:
    """Neither when it is loaded nor when a function runs."""
    part = {file.path: file.content for file in runtime_part(own_wheel()).files if file.path.endswith(".py")}
    modules = {path.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for path in part}
    wanted = {name for source in part.values() for name in imports(source)}
    assert wanted
    assert wanted - modules == set()


def imports(source: bytes) -> Iterator[str]:
    """Yield the modules of svcctl that a source imports."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names if each.name.startswith("svcctl"))
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("svcctl"):
            yield node.module or ""


def test_an_application_runs_reloads_and_is_upgraded(python: str, tmp_path: Path) -> None:
    """The echo example, by the commands that units have; the new process takes over."""
    (tmp_path / "echo.tac").write_text(EXAMPLE.read_text() + RELOADED)
    notes = tmp_path / "notes"
    environ = {"NAME": "tcp-8007", "NOTES": str(notes)}
    with running(python, tmp_path, "--inherit", "echo.service", "echo.tac", **environ) as init:
        before = init.service.pid
        command = [python, "-P", "-m", "svcctl.runtime.reload", str(before)]
        environment = {"RUNTIME_DIRECTORY": str(tmp_path / "run")}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr, notes.exists()) == (0, "", True)
        varlink.call(f"{tmp_path}/run/control", "io.svcctl.Control.Upgrade", time_limit=PATIENCE)
        init.service.wait_until(lambda: init.service.pid != before)


def test_a_plug_in_runs(python: str, tmp_path: Path) -> None:
    """It is found by the entry points that are left."""
    with running(
        python, tmp_path, "echo", "--port", "tcp:8007:interface=127.0.0.1", NAME="tcp-8007-127.0.0.1"
    ):
        pass


def test_a_saved_application_goes_on(python: str, folder: Folder) -> None:
    """From the file that it was installed with."""
    port = free_port()
    folder.write("otk.py", OTK)
    folder.python(f"import otk; otk.make({port})")
    digest = hashlib.sha256((folder.path / "otk-start.tap").read_bytes()).hexdigest()
    state = folder.path / "state"
    state.mkdir(mode=0o700)
    given = {**folder.environ, "STATE_DIRECTORY": str(state)}
    with running(python, folder.path, "--resume", digest, "otk-start.tap", **given):
        assert key(port) == b"0\n"


def test_it_describes_an_application(python: str, tmp_path: Path) -> None:
    """As a check of the installed package wants it."""
    program = (
        "import sys; from svcctl.loading.describe import describe\n"
        "print(describe(sys.argv[1], python=sys.executable, user=None, environment={}, time_limit=60)"
        ".manifest.application.name)"
    )
    done = subprocess.run(
        [python, "-I", "-c", program, str(EXAMPLE)], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("echo\n", "")
