"""Tries what a request names and answers ``ok`` or the name of the error: what the sandbox lets through."""

from __future__ import annotations

import ctypes
import errno
import os
import socket
from asyncio import StreamReader, StreamWriter
from pathlib import Path

from svcctl.application import strports
from svcctl.application.service import Application


def write(path: str) -> None:
    """Write a file; ``STATE`` stands for the folder of the state."""
    Path(path.replace("STATE", os.environ["STATE_DIRECTORY"])).write_text("written")


def read(path: str) -> None:
    """Read a folder."""
    next(Path(path).iterdir(), None)


def raw(_: str) -> None:
    """Open a raw socket."""
    socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP).close()


def connect(port: str) -> None:
    """Connect to a port of the machine."""
    socket.create_connection(("127.0.0.1", int(port)), timeout=5).close()


def bind(port: str) -> None:
    """Listen on a port of the machine."""
    socket.create_server(("127.0.0.1", int(port))).close()


def execute(program: str) -> None:
    """Run a program."""
    pid = os.posix_spawn(program, [program, "-c", "exit 0"], {})
    os.waitpid(pid, 0)


def trace(_: str) -> None:
    """Watch a process as a debugger does (PTRACE_ATTACH to oneself is refused by its own number)."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.ptrace(16, os.getppid(), 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "ptrace")


def whoami(_: str) -> str:
    """Return the user's number."""
    return str(os.getuid())


PROBES = {probe.__name__: probe for probe in (write, read, raw, connect, bind, execute, trace, whoami)}


async def answer(reader: StreamReader, writer: StreamWriter) -> None:
    """Answer one connection."""
    name, _, argument = (await reader.readline()).decode().strip().partition(" ")
    try:
        said = PROBES[name](argument) or "ok"
    except OSError as error:
        said = errno.errorcode.get(error.errno or 0, type(error).__name__)
    writer.write(f"{said}\n".encode())
    await writer.drain()


application = Application("NAME")
strports.service("tcp:8000:interface=127.0.0.1", answer).setServiceParent(application)
