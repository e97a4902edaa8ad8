"""Windows lacks modules and names that other systems have; here they are taken away before anything of ours is loaded."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from svcctl import posix
from svcctl.errors import UsageError

#: What has no sense there, and what needs packages of others.
ELSEWHERE = (
    "svcctl.interop.",
    "svcctl.testing.pytest_plugin",
    "svcctl.runtime.journal",
    "svcctl.runtime.windows.",
    "svcctl.host.windows.",
    "svcctl.application.processes.held",
    "svcctl.loading.confined",
    "svcctl.windows.jobs",
    "svcctl.windows.pipes",
    "svcctl.windows.security",
)

PROGRAM = """
import importlib, json, os, pkgutil, signal, socket, sys
import asyncio, ctypes, ensurepip, logging.handlers, multiprocessing, pathlib, platform, shutil, subprocess, tempfile, typer, zipfile
from asyncio import unix_events
import psutil

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name in GONE:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

GONE = ("fcntl", "grp", "pwd", "resource", "termios", "pty", "tty", "syslog", "posix", "spwd", "crypt", "readline")
NAMES = {
    os: ("O_CLOEXEC", "O_DIRECTORY", "O_NOCTTY", "O_NOFOLLOW", "O_NONBLOCK", "O_PATH", "geteuid", "getuid", "getgid",
         "getegid", "fork", "fchmod", "fchown", "chown", "chroot", "pidfd_open", "memfd_create", "sysconf", "uname",
         "getpgid", "killpg", "setsid", "WNOHANG", "pread", "pipe2", "register_at_fork"),
    signal: ("SIGHUP", "SIGKILL", "SIGUSR1", "SIGUSR2", "SIGCHLD", "SIGALRM", "SIGQUIT", "SIGPIPE", "pthread_sigmask",
             "setitimer", "pidfd_send_signal", "SIGRTMIN"),
    socket: ("AF_UNIX", "SCM_RIGHTS", "SO_REUSEPORT", "SOCK_CLOEXEC", "SOCK_NONBLOCK", "CMSG_LEN", "SO_PEERCRED"),
}
for name in GONE:
    sys.modules.pop(name, None)
sys.meta_path.insert(0, Missing())
for module, names in NAMES.items():
    for name in names:
        if hasattr(module, name):
            delattr(module, name)
import svcctl
failed = {}
for module in pkgutil.walk_packages(svcctl.__path__, "svcctl."):
    if not module.name.startswith(ELSEWHERE) and not module.name.endswith("__main__"):
        try:
            importlib.import_module(module.name)
        except BaseException as error:
            failed[module.name] = repr(error)
print(json.dumps(failed))
"""


def test_every_module_that_windows_may_load_is_loaded_without_what_it_lacks() -> None:
    """What only other systems have is looked for when it is used."""
    program = PROGRAM.replace("ELSEWHERE", repr(ELSEWHERE))
    done = subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, check=True)
    assert json.loads(done.stdout) == {}


def test_what_a_system_lacks_is_refused_when_it_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """And the module is what it is elsewhere."""
    assert posix.pwd.getpwuid(0).pw_uid == 0
    with pytest.raises(AttributeError):
        _ = posix.winreg
    monkeypatch.setitem(sys.modules, "grp", None)
    monkeypatch.delitem(vars(posix), "grp", raising=False)
    with pytest.raises(UsageError, match=r"grp\.getgrnam: that does not exist on Windows"):
        posix.grp.getgrnam("root")
    monkeypatch.delitem(vars(posix), "grp")
