"""What somebody types on Windows, and what comes of it; in one process of its Python, but for the first command.

Services of Wine end with its last other process, so this one is there until all is seen. It writes what it saw as JSON.
Arguments: a folder with the applications ``echo.tac`` and ``fail.tac``, the folder of the tests.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

from svcctl.cli.main import run_command
from svcctl.errors import SvcctlError
from svcctl.host.windows.machine import Machine, here
from svcctl.plan.windows import Hosted, WindowsService
from svcctl.plan.windows_rights import folder_rights

LIMIT = 60


def deal(machine: Machine, service: WindowsService, folder: str) -> list[object]:
    """Return what a machine says when it is dealt with in every way: the same, whether it is one or stands for one."""
    services, folders, name = machine.services, machine.folders, service.name
    said: list[object] = [name in services.names(), services.find(name), services.query(name)]

    def found() -> tuple[str, ...]:
        there = services.find(name)
        assert there is not None
        same = "same" if there.command_line == service.command_line() else there.command_line
        return (same, there.account, there.start, there.receipt)

    def state() -> tuple[int, int, bool]:
        status = services.query(name)
        assert status is not None
        return (status.state, status.win32, status.pid > 0)

    services.need_administrator()
    said += [services.install(service, "receipt"), found(), state()]
    said += [services.install(service), found(), name in services.names()]
    services.set_start(name, "automatic")
    said.append(found())
    services.start(name)
    started = services.await_start(name)
    said += [started is not None and started.state, state()]
    services.start(name)
    services.stop(name, LIMIT)
    said.append(state())
    services.stop(name, LIMIT)
    services.set_start(name, "manual")
    said.append(found())
    said += [services.delete(name), services.delete(name), services.find(name), services.query(name)]
    try:
        services.start(name)
    except SvcctlError as error:
        said.append(type(error).__name__)
    rights = folder_rights(name)
    said += [folders.make(folder, rights), folders.make(folder, rights), folders.exists(folder)]
    said.append(folders.make(f"{folder}\\below", rights))
    folders.remove(folder)
    folders.remove(folder)
    return [*said, folders.exists(folder)]


def quick(python: str, host: str, arguments: tuple[str, ...], folder: str) -> WindowsService:
    """Return a service that is soon ready."""
    return WindowsService(
        name="svcctl-dealt-with",
        display_name="Dealt with",
        interpreter=python,
        host=host,
        account="LocalSystem",
        start="manual",
        hosted=Hosted(python=python, arguments=arguments, directory=folder),
    )


class Commands:
    """Runs commands and keeps what they say."""

    def __init__(self, applications: Path) -> None:
        self.applications = applications
        self.seen: dict[str, Any] = {}

    def run(self, what: str, *words: str) -> None:
        """Run a command in this process."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = run_command(list(words))
        self.seen[what] = (status, out.getvalue(), err.getvalue())

    def run_apart(self, what: str, *words: str) -> None:
        """Run a command as somebody does who types it."""
        command = (sys.executable, "-X", "utf8", "-m", "svcctl", *words)
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
        texts = [text.decode().replace("\r\n", "\n") for text in (done.stdout, done.stderr)]
        self.seen[what] = (done.returncode, *texts)

    def application(self, name: str) -> str:
        """Return the path of an application."""
        return str(self.applications / name)


def free_port() -> int:
    """Return a port that nobody has."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def answer(port: int) -> str:
    """Return what the application says to whoever connects."""
    with socket.create_connection(("127.0.0.1", port), LIMIT) as connection:
        connection.sendall(b"hello\r\n")
        return connection.recv(100).decode()


def live(commands: Commands) -> None:
    """Take an application from its installation to its removal."""
    port, run = free_port(), commands.run
    install = ("install", commands.application("echo.tac"), "--name", "echo", "--env", f"ECHO_PORT={port}")
    commands.run_apart("install", *install, "--enable")
    run("again", *install)
    run("list", "list")
    run("start", "start", "echo")
    commands.seen["answer"] = answer(port)
    run("status", "status", "echo", "--json")
    run("shown", "status", "echo")
    run("part", "restart", "echo/TCPServer[0]")
    run("top", "top", "--count", "1")
    run("logs", "logs", "echo", "-n", "1")
    run("change", *install, "--set", "stop_limit_ms=7000")
    run("restart", "restart", "echo")
    commands.seen["answer again"] = answer(port)
    run("reload", "reload", "echo")
    run("disable", "disable", "echo")
    run("stop", "stop", "echo")
    run("stopped", "status", "echo")
    run("uninstall", "uninstall", "echo")
    run("nothing", "list")


def fail(commands: Commands) -> None:
    """Do what cannot be done."""
    run, failing = commands.run, commands.application("fail.tac")
    run("fail now", "install", failing, "--now")
    commands.seen["undone"] = [
        here().services.find("fail") is None,
        not Path("C:\\ProgramData\\fail").exists(),
    ]
    run("fail", "install", failing)
    run("fail start", "start", "fail")
    run("fail status", "status", "fail")
    run("purge", "uninstall", "fail", "--purge")
    commands.seen["left"] = [Path(f"C:\\ProgramData\\{name}").exists() for name in ("echo", "fail")]
    profile = Path(os.environ["USERPROFILE"], "echo.tac")
    shutil.copy(failing, profile)
    run("profile", "install", str(profile))
    run("foreign", "install", failing, "--name", "Spooler")
    run("foreign removal", "uninstall", "Spooler")
    run("no python", "install", failing, "--python", "C:\\none\\python.exe")
    run("no file", "install", "C:\\none\\x.tac")
    run("no name", "install", failing, "--name", "a b")
    run("no option", "install", failing, "--user")
    run("no application", "start", "nobody")
    run("units", "upgrade", "echo")


if __name__ == "__main__":
    applications, tests = sys.argv[1:]
    commands = Commands(Path(applications))
    live(commands)
    fail(commands)
    packages = here().interpreters.look_at(sys.executable).packages
    arguments = ("-X", "utf8", f"{tests}\\hosted.py", packages, "good", "")
    host = f"{packages}\\svcctl\\runtime\\windows\\__main__.py"
    service = quick(sys.executable, host, arguments, applications)
    dealt = deal(here(), service, "C:\\ProgramData\\svcctl-dealt-with")
    sys.stdout.write(json.dumps({**commands.seen, "dealt": dealt}))
