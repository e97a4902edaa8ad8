"""An application under control, and a client that says whatever the test wants."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from svcctl.host import varlink
from svcctl.runtime.control.interfaces import INTERFACES
from tests.contract.running import supervise
from tests.fakes.init import FakeInit

INTERFACE = "io.svcctl.Control"

TREE = """
from svcctl.application.internet import TCPServer
from svcctl.application.supervision import Supervision
application.supervision = None
shop = service.IService(application)
shop.supervision = Supervision(backoff=lambda _: 60.0)
async def echo(reader, writer):
    while data := await reader.read(1000):
        writer.write(data)
class Part(Service):
    def __init__(self, name, after):
        self.name, self.after = name, after
        self.setServiceParent(application)
    def startService(self):
        if os.path.exists(f"no-{self.name}"):
            raise ValueError("not today")
    def reload(self):
        if os.path.exists("no-reload"):
            raise ValueError("bad settings")
        note(f"reload {self.name}")
db, cache = Part("db", ()), Part("cache", ("db",))
web = TCPServer(0, echo, interface="127.0.0.1")
web.setName("web")
web.after = ("cache",)
web.setServiceParent(application)
"""


class Controlled:
    """A running application and its control socket.

    Args:
        init: What runs it.
        folder: Its runtime folder.
    """

    def __init__(self, init: FakeInit, folder: Path) -> None:
        self.init = init
        self.path = str(folder / "control")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:  # noqa: ANN401 (whatever JSON can hold)
        """Call a method of the interface."""
        return varlink.call(self.path, f"{INTERFACE}.{method}", parameters)

    def refusal(self, method: str, **parameters: Any) -> tuple[str, dict[str, Any]]:  # noqa: ANN401 (the same)
        """Call a method that fails; return the last word of the error's name and what it carries."""
        try:
            answer = self.call(method, **parameters)
        except varlink.VarlinkError as error:
            return error.name.rpartition(".")[2], error.parameters
        raise AssertionError(f"{method} was done: {answer}")

    def states(self) -> dict[str, str]:
        """Return the state of each service."""
        return {each["path"]: each["state"] for each in self.call("GetTree")["services"]}

    def raw(self) -> RawClient:
        """Connect."""
        return RawClient(self.path)

    def still_answers(self) -> bool:
        """Tell whether the service goes on as if nothing had happened."""
        return self.states()["shop/web"] == "ready"


class RawClient:
    """A connection to a control socket, byte by byte.

    Args:
        path: The socket.
    """

    def __init__(self, path: str) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(20)
        self.socket.connect(path)
        self.buffer = b""

    def send(self, data: bytes) -> None:
        """Send bytes; a service that has closed the connection meanwhile is no error."""
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            return

    def call(self, method: str, **rest: Any) -> None:  # noqa: ANN401 (whatever JSON can hold)
        """Send a call of the interface, with other members of the message."""
        self.send(json.dumps({"method": f"{INTERFACE}.{method}", **rest}).encode() + b"\0")

    def reply(self) -> dict[str, Any]:
        """Return the next reply."""
        while b"\0" not in self.buffer:
            data = self.socket.recv(65536)
            if not data:
                raise EOFError
            self.buffer += data
        message, _, self.buffer = self.buffer.partition(b"\0")
        reply: dict[str, Any] = json.loads(message)
        return reply

    def is_closed(self) -> bool:
        """Wait until the service closes the connection; tell whether it did so without another word."""
        try:
            return self.socket.recv(65536) == b""
        except ConnectionResetError:
            return True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()


@contextmanager
def controlled(
    folder: Path, tac: str = TREE, *options: str, environ: Mapping[str, str] | None = None
) -> Iterator[Controlled]:
    """Run an application that has a runtime folder, and wait until it is ready."""
    runtime = folder / "run"
    runtime.mkdir(mode=0o700)
    with supervise(
        folder, tac, *options, environ={"RUNTIME_DIRECTORY": str(runtime), **(environ or {})}
    ) as init:
        init.wait_for("READY")
        yield Controlled(init, runtime)


def fits(kind: str, method: str, value: object) -> bool:
    """Tell whether what was answered is what the interface says."""
    interface = INTERFACES[INTERFACE]
    described = interface.methods[method].gives if kind == "reply" else interface.errors[method]
    return interface.wrong(described, value) is None
