"""The plug-ins of svcctl, each run as a unit runs it, and asked by programs that everybody has."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.networks import tool
from tests.fakes.init import PATIENCE, FakeInit

PAGE = "<p>hello</p>\n"

APPLICATIONS = """
def wsgi(environ, start_response):
    body = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}\\n".encode()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]

class Holder:
    @staticmethod
    async def asgi(scope, receive, send):
        if scope["type"] == "lifespan":
            while True:
                message = await receive()
                await send({"type": message["type"] + ".complete"})
                if message["type"] == "lifespan.shutdown":
                    return
        body = f"asgi {scope['path']}\\n".encode()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body})
"""


class Served:
    """A plug-in that runs, on a port of its own."""

    def __init__(self, init: FakeInit, port: int) -> None:
        self.init = init
        self.port = port

    @property
    def address(self) -> str:
        """Where it listens, as curl and socat write it."""
        return f"127.0.0.1:{self.port}"


def command(*arguments: str) -> list[str]:
    """Return what a unit would execute."""
    return [sys.executable, "-P", "-m", "svcctl.runtime", *arguments]


@contextlib.contextmanager
def served(folder: Path, plugin: str, *arguments: str) -> Iterator[Served]:
    """Run a plug-in on a socket that it is handed, so that no port is guessed."""
    folder.mkdir(exist_ok=True)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        where = ["--port", f"tcp:{port}:interface=127.0.0.1"]
        environ = {"PYTHONPATH": str(folder), "LISTEN_FDNAMES": f"tcp-{port}-127.0.0.1"}
        init = FakeInit(command(plugin, *where, *arguments), folder, environ, [listener])
    with init:
        init.wait_for("READY")
        yield Served(init, port)
        assert init.stop() == 0, init.stderr


def closed_port() -> int:
    """Return a port where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def run(*words: str, data: bytes = b"", check: bool = True) -> subprocess.CompletedProcess[bytes]:
    """Run a program."""
    return subprocess.run(
        [tool(words[0]), *words[1:]], input=data, capture_output=True, timeout=PATIENCE, check=check
    )


def curl(*arguments: str) -> str:
    """Return what curl shows."""
    return run("curl", "--silent", "--show-error", "--noproxy", "*", *arguments).stdout.decode()


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """Return a folder with files to serve, and one beside it that is none of them."""
    folder = tmp_path / "site"
    (folder / "sub").mkdir(parents=True)
    (folder / "bare").mkdir()
    (folder / ".well-known").mkdir()
    (folder / "index.html").write_text(PAGE)
    (folder / "sub/main.htm").write_text("main\n")
    (folder / "bare/a:b <c>.txt").write_text("odd\n")
    (folder / "bare/.hidden").write_text("hidden\n")
    (folder / ".secret").write_text("secret\n")
    (folder / ".well-known/x.json").write_text("{}")
    (folder / "data.bin").write_bytes(bytes(range(256)) * 1000)
    (tmp_path / "outside").write_text("outside\n")
    (folder / "leading-out").symlink_to(tmp_path / "outside")
    return folder


@pytest.fixture
def web(tmp_path: Path, site: Path) -> Iterator[Served]:
    """Serve that folder."""
    with served(tmp_path / "web", "web", "--path", str(site), "-i", "index.html", "-i", "main.htm") as it:
        yield it


def test_echo_returns_every_byte_over_tcp(tmp_path: Path) -> None:
    """The end of one direction, too."""
    data = os.urandom(300_000)
    with served(tmp_path, "echo") as echo:
        assert run("socat", "-t", "30", "-", f"TCP:{echo.address}", data=data).stdout == data


def test_echo_returns_datagrams_and_serves_unix_sockets(tmp_path: Path) -> None:
    """The endpoint says which."""
    place = tmp_path / "s"
    with FakeInit(command("echo", "--port", f"unix:{place}"), tmp_path) as init:
        init.wait_for("READY")
        assert run("socat", "-t", "30", "-", f"UNIX-CONNECT:{place}", data=b"hello").stdout == b"hello"
        assert init.stop() == 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        names = {"LISTEN_FDNAMES": f"udp-{port}-127.0.0.1"}
        where = f"-pudp:{port}:interface=127.0.0.1"
        init = FakeInit(command("echo", where), tmp_path, names, [listener])
    with init:
        init.wait_for("READY")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(PATIENCE)
            client.sendto(b"hello", ("127.0.0.1", port))
            assert client.recv(100) == b"hello"
        assert init.stop() == 0


def test_connections_are_passed_on_in_both_directions(tmp_path: Path, web: Served) -> None:
    """With each direction ending for itself."""
    data = os.urandom(300_000)
    with (
        served(tmp_path / "echo", "echo") as echo,
        served(tmp_path / "a", "portforward", "-h", "127.0.0.1", "-d", str(echo.port)) as to_echo,
        served(tmp_path / "b", "portforward", "--host=localhost", f"--dest_port={web.port}") as to_web,
    ):
        assert run("socat", "-t", "30", "-", f"TCP:{to_echo.address}", data=data).stdout == data
        assert curl(f"http://{to_web.address}/") == PAGE


def test_a_connection_that_cannot_be_passed_on_is_reset(tmp_path: Path) -> None:
    """As the client would have seen it there; the log says why, and the next one is served."""
    with served(tmp_path, "portforward", "-h", "127.0.0.1", "-d", str(closed_port())) as forward:
        for _ in range(2):
            with (
                pytest.raises(
                    ConnectionResetError
                ),  # which may come before the connection is seen to be there
                socket.create_connection(("127.0.0.1", forward.port), PATIENCE) as client,
            ):
                client.recv(1)
        forward.init.wait_for_log("destination cannot be reached")
        assert "Connection refused" in forward.init.stderr


@pytest.mark.parametrize(
    ("version", "host"),
    [
        ("--socks4", "127.0.0.1"),
        ("--socks4a", "localhost"),
        ("--socks5", "127.0.0.1"),
        ("--socks5-hostname", "localhost"),
    ],
)
def test_curl_reaches_the_web_through_socks(tmp_path: Path, web: Served, version: str, host: str) -> None:
    """In every version, with a name or an address."""
    with served(tmp_path / "socks", "socks") as socks:
        assert curl(version, socks.address, f"http://{host}:{web.port}/") == PAGE
        refused = run("curl", "-sS", version, socks.address, f"http://{host}:{closed_port()}/", check=False)
        assert refused.returncode == 97  # the proxy's handshake failed
        assert curl(version, socks.address, f"http://{host}:{web.port}/sub/") == "main\n"


def test_ncat_gets_through_socks_5_too(tmp_path: Path) -> None:
    """Another program's idea of the protocol."""
    with served(tmp_path / "echo", "echo") as echo, served(tmp_path / "socks", "socks") as socks:
        words = ["ncat", "--proxy-type", "socks5", "--proxy", socks.address, "127.0.0.1", str(echo.port)]
        assert run(*words, data=b"hello\n").stdout == b"hello\n"


def status(*arguments: str) -> str:
    """Return the status that curl got, and the location if there is one."""
    shown = curl("--output", os.devnull, "--write-out", "%{http_code} %header{location}", *arguments)
    return shown.strip()


def test_files_are_served_with_their_types_and_lengths(web: Served) -> None:
    """``HEAD`` says the same and sends nothing."""
    headers = curl("--dump-header", "-", "--output", os.devnull, f"http://{web.address}/")
    assert "content-type: text/html; charset=utf-8" in headers
    head = curl("--head", f"http://{web.address}/data.bin")
    assert "HTTP/1.1 200 OK" in head
    assert "content-length: 256000" in head
    assert "content-type: application/octet-stream" in head
    sent = run("curl", "-s", f"http://{web.address}/data.bin").stdout
    assert sent == bytes(range(256)) * 1000


def test_what_has_not_changed_is_not_sent_again(web: Served, site: Path) -> None:
    """By the time of its last change, as curl asks with a copy of its own."""
    since = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime((site / "index.html").stat().st_mtime))
    condition = f"If-Modified-Since: {since}"
    assert status("--header", condition, f"http://{web.address}/") == "304"
    earlier = "If-Modified-Since: Thu, 01 Jan 1970 00:00:00 GMT"
    assert status("--header", earlier, f"http://{web.address}/") == "200"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/", "200"),
        ("/index.html", "200"),
        ("/sub/", "200"),
        ("/sub", "307 sub/"),
        ("/bare/", "404"),
        ("/absent", "404"),
        ("/.secret", "404"),
        ("/bare/.hidden", "404"),
        ("/.well-known/x.json", "200"),
        ("/leading-out", "404"),
        ("/../outside", "404"),
        ("/sub/../../outside", "404"),
        ("/%2e%2e/outside", "404"),
        ("/..%2foutside", "404"),
        ("//etc/passwd", "404"),
        ("/%2fetc/passwd", "404"),
        ("/index.html%00.txt", "404"),
        ("/" + "x" * 5000, "404"),
    ],
)
def test_only_what_is_in_the_folder_is_served(web: Served, path: str, expected: str) -> None:
    """No folder's content without being asked to, nothing hidden, nothing from outside."""
    assert status("--path-as-is", f"http://{web.address}{path}") == expected


def test_only_reading_is_allowed(web: Served) -> None:
    """Whatever else is asked for is refused."""
    assert status("--data", "x", f"http://{web.address}/") == "405"


def test_a_listing_has_to_be_asked_for(tmp_path: Path, site: Path) -> None:
    """Names in it are quoted."""
    with served(tmp_path / "web", "web", "--path", str(site), "--listing", "--no-log") as web:
        page = curl(f"http://{web.address}/bare/")
        assert '<a href="./a%3Ab%20%3Cc%3E.txt">a:b &lt;c&gt;.txt</a>' in page
        assert "hidden" not in page
        assert curl(f"http://{web.address}/bare/a%3Ab%20%3Cc%3E.txt") == "odd\n"
        assert "GET" not in web.init.stderr


@pytest.mark.parametrize(
    ("option", "expected"),
    [("--wsgi=applications:wsgi", "GET /a b\n"), ("--app=applications:Holder.asgi", "asgi /a b\n")],
)
def test_an_application_is_served(tmp_path: Path, option: str, expected: str) -> None:
    """Of either kind; the module is found as any other."""
    folder = tmp_path / "web"
    folder.mkdir()
    (folder / "applications.py").write_text(APPLICATIONS)
    with served(folder, "web", option) as web:
        assert curl(f"http://{web.address}/a%20b") == expected


def test_a_program_is_started_again_whenever_it_ends(tmp_path: Path) -> None:
    """And ended with the service; its output is in the log."""
    script = 'echo "$0" >> runs; echo "run $(wc -l < runs)"'
    with FakeInit(command("procmon", "-t", "0", "-k", "1", "sh", "-c", script, "-x"), tmp_path) as init:
        init.wait_for("READY")
        init.wait_for_log("run 3")
        assert init.stop() == 0
    assert set((tmp_path / "runs").read_text().splitlines()) == {"-x"}


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["web"], 64, "there is nothing to serve"),
        (["web", "--path=/nowhere"], 64, "--path: '/nowhere' cannot be used: there is no folder /nowhere"),
        (["web", "--app=x"], 64, "--app: 'x' cannot be used: it is not module:attribute"),
        (["web", "--app=absent_module:x"], 78, "absent_module:x cannot be served: No module named"),
        (["web", "--path=/", "--wsgi=a:b"], 64, "more than one thing"),
        (["web", "--wsgi=a:b", "--threads=0"], 64, "--threads: there has to be one at least"),
        (["echo", "--port=tpc:1"], 64, "--port: endpoint 'tpc:1'"),
        (["procmon", "-t", "2"], 64, "there is no command line to run"),
        (["procmon", "-m", "5", "-M", "2", "true"], 64, "--minrestartdelay 5 is longer"),
        (["procmon", "-k", "soon", "true"], 64, "--killtime: 'soon' cannot be used"),
        (["portforward", "-d", "x"], 64, "--dest-port: 'x' cannot be used"),
        (["socks", "--timeout=-1"], 64, "--timeout: '-1' cannot be used"),
        (["ehco"], 64, "there is no plug-in 'ehco'"),
    ],
)
def test_what_cannot_be_run_is_told_in_one_line(
    tmp_path: Path, arguments: list[str], status: int, said: str
) -> None:
    """With the right status, and no traceback."""
    result = subprocess.run(
        command(*arguments), cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert result.returncode == status
    assert said in result.stderr
    assert "Traceback" not in result.stderr
