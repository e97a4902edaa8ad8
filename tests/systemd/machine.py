"""A machine: a Debian tree booted with systemd as PID 1, and the ways to work on it."""

from __future__ import annotations

import itertools
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil

from tests.systemd.cgroups import make_cgroups, remove_cgroups, unified_hierarchy
from tests.systemd.namespace import socket_inside
from tests.systemd.trees import Suite

BOOT = Path(__file__).with_name("boot.sh")
BOOT_LIMIT = 60.0
POWEROFF_LIMIT = 30.0
#: No machine outlives this, whatever becomes of the tests.
LIFE_LIMIT = 3600
ENVIRONMENT = {
    "HOME": "/root",
    "LANG": "C.UTF-8",
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "SYSTEMD_COLORS": "0",
    "SYSTEMD_PAGER": "cat",
    "TERM": "dumb",
}
_numbers = itertools.count(1)
_ports = itertools.count(9001)

Result = subprocess.CompletedProcess[str]


class MachineError(AssertionError):
    """The machine did not do what it had to; the text shows what it said."""


def wait_until(condition: Callable[[], bool], *, timeout: float = 30.0) -> bool:
    """Wait for something that nobody announces; return whether it came about in time."""
    end = time.monotonic() + timeout
    while not (holds := condition()) and time.monotonic() < end:
        time.sleep(0.05)
    return holds


class Machine:
    """A Debian tree that can be booted, worked on, rebooted and thrown away.

    Args:
        suite: What the tree is.
        tree: The tree; it is not written to.
        folder: Keeps what the machine writes, and its console's text. Made if it is not there.
        layers: Trees that lie above it, each above the one after it; they are not written to either.

    Attributes:
        suite: What the tree is.
        name: Its name, which no other machine has.
        console: Text of its console: all that was logged since it was first booted.
        applications: Names of the applications that the running test has put on it.
    """

    def __init__(self, suite: Suite, tree: Path, folder: Path, *layers: Path) -> None:
        self.suite = suite
        self.name = f"svcctl-{os.getpid()}-{next(_numbers)}"
        self.console = folder / "console.log"
        self.applications: list[str] = []
        self._trees = ":".join(map(str, (*layers, tree)))
        self._folder = folder
        self._cgroups: tuple[Path, ...] = ()
        self._nspawn: subprocess.Popen[bytes] | None = None
        self._leader = 0
        folder.mkdir(parents=True, exist_ok=True)

    def boot(self) -> None:
        """Boot and wait until systemd has started all it wants to start."""
        self._cgroups = make_cgroups(self.name)
        # Each process of the chain dies with the one above it, and all of them with the tests; nspawn leads a
        # process namespace of its own, so that everything in the machine dies with it.
        guard = ["setpriv", "--pdeathsig", "KILL"]
        own = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
        limited = [*guard, "timeout", "--signal=KILL", str(LIFE_LIMIT), *guard, *own]
        where = [self.name, self._trees, str(self._folder), *map(str, self._cgroups)]
        with self.console.open("ab") as console:
            self._nspawn = subprocess.Popen(
                [*limited, "sh", str(BOOT), *where],
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=subprocess.STDOUT,
            )
        self._leader = self._wait_for_leader()

    def _wait_for_leader(self) -> int:
        """Return the process id of the machine's PID 1 once the machine is up."""
        end = time.monotonic() + BOOT_LIMIT
        state = "no process"
        while time.monotonic() < end:
            for leader in self._candidates():
                asked = _enter(leader, ["systemctl", "is-system-running"], timeout=BOOT_LIMIT)
                state = asked.stdout.strip() or asked.stderr.strip()
                if state in {"running", "degraded"}:
                    return leader
            time.sleep(0.05)
        said = self.console.read_text(errors="replace")
        self.close()
        raise MachineError(f"{self.suite.name} did not boot within {BOOT_LIMIT:g} s ({state}):\n{said}")

    def _candidates(self) -> list[int]:
        """Return the processes that may be the machine's PID 1."""
        assert self._nspawn is not None
        try:
            below = psutil.Process(self._nspawn.pid).children(recursive=True)
            nspawn = [process for process in below if process.name() == "systemd-nspawn"]
            return [
                child.pid for process in nspawn for child in process.children() if child.name() == "systemd"
            ]
        except psutil.NoSuchProcess:
            return []

    def run(
        self,
        argv: Sequence[str],
        *,
        check: bool = True,
        text: str | None = None,
        timeout: float = 60.0,
        environment: dict[str, str] | None = None,
    ) -> Result:
        """Run a command inside, as root.

        Args:
            argv: The command.
            check: Whether a status other than 0 is an error.
            text: Standard input; nothing if ``None``.
            timeout: Limit in seconds.
            environment: Variables besides the usual ones.

        Raises:
            MachineError: The command failed and ``check`` is set.
        """
        result = _enter(self._leader, argv, text=text, timeout=timeout, environment=environment)
        if check and result.returncode != 0:
            raise MachineError(
                f"{list(argv)} ended with {result.returncode}:\n{result.stdout}{result.stderr}"
            )
        return result

    def run_as(self, user: str, argv: Sequence[str], *, check: bool = True, timeout: float = 60.0) -> Result:
        """Run a command inside as another user, as in a session of that user."""
        uid = self.run(["id", "-u", user]).stdout.strip()
        own = {"HOME": f"/home/{user}", "USER": user, "XDG_RUNTIME_DIR": f"/run/user/{uid}"}
        become = ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--init-groups"]
        return self.run([*become, *argv], check=check, timeout=timeout, environment=own)

    def systemctl(self, *argv: str, check: bool = True, timeout: float = 60.0) -> Result:
        """Run systemctl inside."""
        return self.run(["systemctl", *argv], check=check, timeout=timeout)

    def property(self, unit: str, name: str) -> str:
        """Return one property of a unit as ``systemctl show`` writes it."""
        return self.systemctl("show", "--value", f"--property={name}", unit).stdout.strip()

    def journal(self, unit: str) -> str:
        """Return what a unit and systemd about it logged, a message a line."""
        self.run(["journalctl", "--sync"])
        return self.run(["journalctl", "--no-pager", "--output=cat", f"--unit={unit}"]).stdout

    def wait_for_property(self, unit: str, name: str, wanted: str, *, timeout: float = 30.0) -> None:
        """Wait until a unit's property has a value.

        Raises:
            MachineError: It does not get it in time.
        """
        if not wait_until(lambda: self.property(unit, name) == wanted, timeout=timeout):
            found = self.property(unit, name)
            raise MachineError(f"{unit}: {name} is {found!r}, not {wanted!r}\n{self.journal(unit)}")

    def stop_applications(self) -> None:
        """Stop what the last test has left running."""
        patterns = [f"{name}*.{kind}" for name in self.applications for kind in ("socket", "service")]
        if patterns:
            self.systemctl("stop", *patterns, check=False)
        self.applications.clear()

    def write(self, path: str, content: str | bytes, *, mode: int = 0o644) -> None:
        """Write a file inside, with the folders it needs."""
        inside = Path(f"/proc/{self._leader}/root{path}")
        inside.parent.mkdir(parents=True, exist_ok=True)
        inside.write_bytes(content.encode() if isinstance(content, str) else content)
        inside.chmod(mode)

    def read(self, path: str) -> str:
        """Return a file's text."""
        return self.run(["cat", path]).stdout

    def files(self, *folders: str) -> tuple[str, ...]:
        """Return everything in some folders, sorted: kind, mode, owner and path."""
        printed = self.run(["find", *folders, "-printf", "%y %m %u %p\n"]).stdout
        return tuple(sorted(printed.splitlines()))

    def free_port(self) -> int:
        """Return a port number that no other test uses."""
        return next(_ports)

    def socket(
        self,
        family: socket.AddressFamily = socket.AF_INET,
        kind: socket.SocketKind = socket.SOCK_STREAM,
        *,
        timeout: float = 20.0,
    ) -> socket.socket:
        """Make a socket in the machine's network; its operations fail after ``timeout`` seconds."""
        made = socket_inside(self._leader, family, kind)
        made.settimeout(timeout)
        return made

    def ask(self, port: int, request: bytes, *, timeout: float = 20.0) -> bytes:
        """Connect to a port of the machine, send a line, and return the line that comes back."""
        with self.socket(timeout=timeout) as client:
            client.connect(("127.0.0.1", port))
            client.sendall(request + b"\n")
            with client.makefile("rb") as reader:
                return reader.readline().removesuffix(b"\n")

    def ask_unix(self, path: str, request: bytes) -> bytes:
        """Connect to a UNIX socket of the machine, send a line, and return the line that comes back."""
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(20.0)
            client.connect(f"/proc/{self._leader}/root{path}")
            client.sendall(request + b"\n")
            with client.makefile("rb") as reader:
                return reader.readline().removesuffix(b"\n")

    def reboot(self) -> None:
        """Shut down in order, then boot again with all that was written."""
        assert self._nspawn is not None
        self.systemctl("poweroff", "--no-block")
        self._nspawn.wait(timeout=POWEROFF_LIMIT)
        remove_cgroups(self._cgroups)
        self.boot()

    def close(self) -> None:
        """Kill the machine at once and remove all that it left; more than one call does no harm."""
        if self._nspawn is None:
            return
        self._nspawn.kill()
        self._nspawn.wait(timeout=POWEROFF_LIMIT)
        self._nspawn = None
        remove_cgroups(self._cgroups)
        for left in ("written", "work", "root"):
            shutil.rmtree(self._folder / left)


def _enter(
    leader: int,
    argv: Sequence[str],
    *,
    text: str | None = None,
    timeout: float,
    environment: dict[str, str] | None = None,
) -> Result:
    """Run a command in the namespaces of a machine's PID 1, and in a control group of that machine."""
    groups = Path(f"/proc/{leader}/cgroup").read_text().splitlines()
    unified = next(line.removeprefix("0::/") for line in groups if line.startswith("0::/"))
    group = unified_hierarchy() / unified.removesuffix("/init.scope") / "tests"
    group.mkdir(exist_ok=True)
    join = ["sh", "-c", 'echo $$ >"$0" && exec "$@"', str(group / "cgroup.procs")]
    enter = ["nsenter", "-t", str(leader), "-m", "-u", "-i", "-n", "-p", "-C", "--wdns=/"]
    return subprocess.run(
        [*join, *enter, *argv],
        check=False,
        capture_output=True,
        encoding="utf-8",
        errors="surrogateescape",
        timeout=timeout,
        env={**ENVIRONMENT, **(environment or {})},
        input=text or "",
    )
