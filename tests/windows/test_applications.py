"""Applications with a genuine Python for Windows, under Wine: evidence for our code, not for Windows.

What commands do and what services do is tried in one process each, at the same time; the tests look at what was seen.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from svcctl.errors import EX_USAGE
from tests.windows.embedded import environment
from tests.windows.wine import Wine, why_not_here, windows_path

pytestmark = [pytest.mark.windows, pytest.mark.skipif(bool(why_not_here()), reason=why_not_here())]

HERE = Path(__file__).parent
DRIVERS = ("behaving.py", "commanding.py")


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Give what was seen, in a fresh prefix with an installed svcctl."""
    work = tmp_path_factory.mktemp("work")
    shutil.copytree(HERE / "apps", work, dirs_exist_ok=True)
    self_signed(work)
    python = environment(tmp_path_factory.mktemp("python") / "python")
    wine = Wine(tmp_path_factory.mktemp("wine") / "prefix")

    def drive(name: str) -> dict[str, Any]:
        arguments = ("-X", "utf8", windows_path(HERE / name), windows_path(work))
        found: dict[str, Any] = json.loads(wine.run("wine", str(python), *arguments))
        return found

    try:
        with ThreadPoolExecutor() as threads:
            one, other = threads.map(drive, DRIVERS)
    finally:
        wine.close()
    return {**one, **other}


def self_signed(folder: Path) -> None:
    """Make a key and a certificate for localhost."""
    request = ("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    names = ("-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost")
    files = ("-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem"))
    subprocess.run((*request, *names, *files), check=True, capture_output=True)


def test_servers_have_their_address_for_themselves(seen: dict[str, Any]) -> None:
    """Neither somebody who shares addresses nor another server gets it."""
    assert seen["tcp"] == ["hello\r\n", "HELLO\r\n", "kept", "StartError"]


def test_services_work(seen: dict[str, Any]) -> None:
    """TLS, datagrams, groups, timers, clients that try again, credentials."""
    assert seen["tls"] == "hello\r\n"
    assert seen["udp"] == "HELLO"
    assert seen["multicast"] == ["127.0.0.1"]
    assert seen["timers"] is True
    assert seen["client"] == "question"
    assert seen["resolving"] is True
    assert seen["credential"] == "one\r\ntwo\x1athree"


def test_programs_are_kept_running_and_leave_nothing(seen: dict[str, Any]) -> None:
    """What they write is in the log; those whom they have started end with them."""
    lines = ["long grown", "long process has ended", "short grown", "short process has ended"]
    assert seen["programs"] == lines


def test_an_open_log_file_is_rotated_and_compressed(seen: dict[str, Any]) -> None:
    """Its lines end as they do elsewhere."""
    files, lines, problem = seen["files"]
    assert files == ["shop.log", "shop.log.1.gz"]
    assert lines == ["line 0 of the log\n", "line 1 of the log\n"]
    assert problem == "None"


def test_what_there_is_not_is_refused_in_one_line(seen: dict[str, Any]) -> None:
    """By services when they bind or start, by commands before anything is loaded."""
    services, commands = seen["refused_services"], seen["refused_commands"]
    assert services["unix"].endswith("Python has no UNIX sockets on Windows")
    assert services["stdio"].endswith(
        "a connection by standard input and output: that does not exist on Windows"
    )
    for name, text in {
        "daemon": "a process in the background: that does not exist on Windows",
        "pidfile": "--pidfile: that does not exist on Windows",
        "saved": "saved applications are not used on Windows",
    }.items():
        status, said = commands[name]
        assert status == EX_USAGE
        assert text in said[0]
        assert len(said) == 2


def test_an_application_is_described_with_fewer_rights(seen: dict[str, Any]) -> None:
    """Without privileges, with the rights of administrators denied, in a job that ends all that it has started."""
    described = seen["described"]
    status, said, told = described["good"]
    assert (status, said, told[0]) == (0, [], "good")
    assert described["rights"].endswith("RuntimeError: 1 privileges, job 1, administrators denied")
    assert described["exit"].endswith("ended with status 7 and told nothing")
    assert described["endless"].endswith("was not loaded within 3 s")
    assert described["left"] == []


@pytest.mark.parametrize(
    ("how", "status", "name"),
    [("console", 130, "SIGINT"), ("break", 0, "SIGBREAK")],
)
def test_the_keyboard_stops_an_application_in_order(
    seen: dict[str, Any], how: str, status: int, name: str
) -> None:
    """Ctrl-C of a console, and the signal of Ctrl-Break, which Wine does not send."""
    lines = ["application is ready", f"stop requested signal={name}", "application is stopped"]
    assert seen["signalled"][how] == [status, lines]


def test_an_application_is_controlled_by_its_pipe(seen: dict[str, Any]) -> None:
    """Many clients one after the other, one that listens until the end; another process's pipe is not believed."""
    controlled = seen["controlled"]
    assert controlled["services"] == ["ending", "ending/ending"]
    assert controlled["many"] is True
    assert controlled["other"] == r"\\.\pipe\svcctl-try is not the service's own"
    assert controlled["events"] == ["transition"]
    assert controlled["rest"] is True
    status, lines = controlled["end"]
    assert status == 0
    assert lines[-2:] == ["stop requested signal=SIGTERM", "application is stopped"]
    assert controlled["gone"] is True
