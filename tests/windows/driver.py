"""What the tests do on Windows, in one process of its Python: many services at once, each through its life.

Services of Wine end with its last other process, so this one is there until all is seen. It writes what it saw as JSON.
Arguments: the folder that svcctl is in, the folder of the tests, a folder to work in, the recorder.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import random
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

SOURCE, TESTS, WORK, RECORDER = sys.argv[1:]
sys.path.insert(0, SOURCE)

from svcctl.errors import SvcctlError  # noqa: E402 (found once the path is set)
from svcctl.host.windows import calls, registry, services  # noqa: E402 (the same)
from svcctl.plan.command_line import join  # noqa: E402 (the same)
from svcctl.plan.windows import Hosted, Variable, WindowsService  # noqa: E402 (the same)
from svcctl.runtime.windows import calls as calls_of_host  # noqa: E402 (the same)
from svcctl.runtime.windows.host import Manager  # noqa: E402 (the same)
from svcctl.runtime.windows.log import Log  # noqa: E402 (the same)
from svcctl.windows.declaring import windows  # noqa: E402 (the same)
from svcctl.windows.structures import ServiceStatus  # noqa: E402 (the same)

ARGUMENT = 'a "b" ä\\'
STOPPED, RUNNING = 1, 4
LIMIT = 90
CYCLES = 20
OF_HOST = " svcctl.host: "
STOP, INTERROGATE, PARAMCHANGE = 1, 4, 6


def free_port() -> int:
    """Return a port that nobody has."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


#: Those that answer, and where.
PORTS = {"echo": free_port(), "small": free_port(), "cycles": free_port()}
#: What runs an application; this Python reads no PYTHONPATH.
RUN = (
    f"import sys; sys.path.insert(0, {SOURCE!r}); "
    "from svcctl.runtime.__main__ import main; sys.exit(main(sys.argv[1:]))"
)
#: Wine mixes up the handles of threads that speak with its service manager at the same time.
ALONE = threading.Lock()
#: Those that run until they are told to stop.
STOPPED_BY_US = ("good", "deaf", "unaware", "echo", "small", "small-deaf")


def service(mode: str) -> WindowsService:
    """Return the definition of a service that does this."""
    short = mode == "late"
    hosted = Hosted(
        python=sys.executable,
        arguments=("-X", "utf8", f"{TESTS}\\hosted.py", SOURCE, mode, ARGUMENT, ""),
        directory=WORK,
        environment=(
            Variable("GREETING", "häl lo"),
            Variable("ECHO_PORT", str(PORTS.get(mode, 0))),
            Variable("MODE", mode),
        ),
        log=f"{WORK}\\{mode}.log",
        start_limit_ms=1 if short else 60_000,
        stop_limit_ms=1_000 if short else 4_000,
        reload=True,
        first_pause_ms=1_000,
        watchdog_ms=500 if mode == "silent" else 0,
        most_failures=0 if mode == "silent" else 2,
        log_bytes=400 if mode == "crash" else 2**20,
        log_files=9,
    )
    if mode == "echo":
        hosted = replace(
            hosted, arguments=("-X", "utf8", "-c", RUN, f"{TESTS}\\echo.tac"), watchdog_ms=30_000
        )
    if mode.startswith("small"):
        hosted = replace(hosted, arguments=(f"{TESTS}\\small.tac",), in_process=True)
    return WindowsService(
        name=f"svcctl-{mode}",
        display_name=f"Mode {mode} ä",
        description="Says it again ä",
        interpreter=sys.executable,
        host=f"{SOURCE}\\svcctl\\runtime\\windows\\__main__.py",
        account="LocalSystem",
        start="manual",
        hosted=replace(hosted, python="C:\\no such\\python.exe") if mode == "gone" else hosted,
    )


def begin(mode: str, seen: dict[str, Any]) -> None:
    """Install a service, twice, and start it."""
    wanted = service(mode)
    seen["new"] = [services.install(wanted), services.install(wanted)]
    if mode == "undefined":
        set_definition(wanted.name, "{}")
    services.start(wanted.name)


def live(mode: str, seen: dict[str, Any]) -> None:
    """Take a service through the rest of its life and write down what is seen of it."""
    wanted = service(mode)
    name = wanted.name
    try:
        seen["states"] = follow(name, RUNNING if mode in STOPPED_BY_US else STOPPED)
        if mode == "good":
            send(name, INTERROGATE)
            send(name, PARAMCHANGE)
            wait_for_lines(wanted.hosted.log, "reloaded")
            with ALONE:
                services.stop(name, LIMIT)
        elif mode in STOPPED_BY_US:
            if mode in PORTS:
                seen["answer"] = answer(PORTS[mode])
            if mode == "echo":
                send(name, PARAMCHANGE)
            send(name, STOP)
        if mode in STOPPED_BY_US:
            seen["states"] += follow(name, STOPPED)
        with ALONE:
            seen["deleted"] = [services.delete(name), services.delete(name)]
            seen["after"] = services.query(name)
    except (SvcctlError, OSError) as error:
        seen["error"] = f"{type(error).__name__}: {error}"
    everything = [text for path in logs_of(mode) for text in lines_of(path)]
    seen["files"] = len(logs_of(mode))
    seen["told"] = [text.partition(OF_HOST)[2] for text in everything if OF_HOST in text]
    seen["log"] = [text for text in everything if OF_HOST not in text]
    seen["left"] = [pid for pid in grandchildren(seen["log"]) if is_there(pid)]


def cycle(wanted: WindowsService, seen: list[Any]) -> None:
    """Start a service that is installed, ask it, and stop it, many times in a row; write down what came of each."""
    for _ in range(CYCLES):
        with ALONE:
            services.start(wanted.name)
        follow(wanted.name, RUNNING, 0.1)
        answered = answer(PORTS["cycles"])
        send(wanted.name, STOP)
        seen.append([answered, *follow(wanted.name, STOPPED, 0.1)[-1]])
    with ALONE:
        services.delete(wanted.name)


def follow(name: str, until: int, pause: float = 0.3) -> list[tuple[int, int, int]]:
    """Return the states that a service is seen in until it gets to one, looking again after each pause.

    Many look at once, and each look costs Wine more than it costs Windows.
    """
    states: list[tuple[int, int, int]] = []
    end = time.monotonic() + LIMIT
    while time.monotonic() < end:
        with ALONE:
            status = services.query(name)
        if status is None:
            break
        if not states or states[-1] != status[:3]:
            states.append(status[:3])
        if status.state == until:
            break
        time.sleep(pause)
    return states


def logs_of(mode: str) -> list[str]:
    """Return the paths of a service's logs, the oldest first."""
    names = (f"{WORK}\\{mode}.log{end}" for end in (*(f".{number}" for number in range(9, 0, -1)), ""))
    return [name for name in names if os.path.exists(name)]  # noqa: PTH110 (texts)


def lines_of(path: str) -> list[str]:
    """Return what is in a log so far."""
    with contextlib.suppress(OSError), open(path, encoding="utf-8") as log:  # noqa: PTH123 (a text)
        return log.read().splitlines()
    return []


def wait_for_lines(path: str, line: str, times: int = 1) -> None:
    """Wait until an application has written a line so many times."""
    end = time.monotonic() + LIMIT
    while lines_of(path).count(line) < times and time.monotonic() < end:
        time.sleep(0.02)


def answer(port: int) -> str:
    """Return what the application says when it is connected to, once."""
    with socket.create_connection(("127.0.0.1", port), LIMIT) as connection:
        connection.sendall(b"hello\r\n")
        return connection.recv(100).decode()


def send(name: str, control: int) -> None:
    """Send a control to a service."""
    with ALONE, services._opened(name, 0xF01FF) as handle:
        calls.control_service(handle, control, ctypes.byref(ServiceStatus()))


def set_definition(name: str, text: str) -> None:
    """Put another definition into the registry."""
    winreg = registry.winreg
    path = f"SYSTEM\\CurrentControlSet\\Services\\{name}\\Parameters"
    with winreg.CreateKey(winreg.HKEY_LOCAL_MACHINE, path) as key:
        winreg.SetValueEx(key, "Definition", 0, winreg.REG_SZ, text)


def grandchildren(log: list[str]) -> list[int]:
    """Return the processes that an application said it has started."""
    return [int(line.split()[1]) for line in log if line.startswith("grandchild ")]


def is_there(pid: int) -> bool:
    """Return whether a process has not ended."""
    kernel32: Any = windows.WinDLL("kernel32")
    kernel32.OpenProcess.restype = ctypes.c_void_p
    handle = kernel32.OpenProcess(0x00100000, False, pid)  # noqa: FBT003 (C's order)
    return bool(handle) and kernel32.WaitForSingleObject(ctypes.c_void_p(handle), 5_000) != 0


def refusals() -> dict[str, str]:
    """Return what is said where something cannot be done."""
    said = {}
    foreign = replace(service("good"), name="Spooler")
    attempts: dict[str, Callable[[], object]] = {
        "start": lambda: services.start("svcctl-none"),
        "install": lambda: services.install(foreign),
        "delete": lambda: services.delete("Spooler"),
    }
    for what, call in attempts.items():
        try:
            call()
        except SvcctlError as error:
            said[what] = str(error)
    return said


def started_by_hand(script: str) -> tuple[int, str]:
    """Return what the service host comes to if it is not the service manager that starts it."""
    command = (sys.executable, "-I", "-X", "utf8", script, "echo")
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    return done.returncode, done.stderr.decode()


def recorded() -> list[str]:
    """Return what the service manager is told of a service, as the recorder read it; Wine itself knows little of it."""
    library: Any = windows.WinDLL(RECORDER)
    library.Recorded.restype = ctypes.c_wchar_p
    recorder = library.RecordServiceConfig2W
    recorder.restype, recorder.argtypes = ctypes.c_int32, (ctypes.c_void_p, ctypes.c_uint32, ctypes.c_void_p)
    genuine, calls.change_service_2 = calls.change_service_2, recorder
    try:
        services.install(
            replace(service("good"), name="svcctl-recorded", start="delayed", preshutdown_ms=25_000)
        )
    finally:
        calls.change_service_2 = genuine
    services.delete("svcctl-recorded")
    return str(library.Recorded()).splitlines()


def handled() -> dict[int, tuple[int, list[str]]]:
    """Return what each control does that comes through the function that Windows calls: its answer, what is asked for.

    Wine never sends most of them.
    """
    found = {}
    for control in (1, 4, 5, 6, 15, 200):
        manager = Manager("none")
        answered = manager._handler(control, 0, None, None)
        found[control] = answered, [fact.value for fact in manager.wanted]
        assert bool(manager.wanted) == (calls_of_host.wait_for(manager.wake, 0) == 0)
    return found


def rotated() -> list[list[str]]:
    """Return what is in a log's files, the oldest first, while somebody reads the newest and once nobody does."""
    log = Log(f"{WORK}\\rotated.log", most_bytes=4, most_files=9)
    log.write(b"1\n2\n")
    found = []
    with open(log.path, encoding="utf-8"):  # noqa: PTH123 (a text)
        log.write(b"3\n")
        found.append([" ".join(lines_of(path)) for path in logs_of("rotated")])
    log.write(b"4\n5\n6\n7\n")
    found.append([" ".join(lines_of(path)) for path in logs_of("rotated")])
    log.close()
    return found


def split_differently(count: int) -> list[list[str]]:
    """Return command lines of ours, of so many made up, that Windows splits into other arguments."""
    function = windows.WinDLL("shell32").CommandLineToArgvW
    function.restype = ctypes.POINTER(ctypes.c_wchar_p)
    function.argtypes = (ctypes.c_wchar_p, ctypes.POINTER(ctypes.c_int32))
    chance = random.Random(1)  # noqa: S311 (no secrets)
    wrong = []
    for _ in range(count):
        texts = ["".join(chance.choices(' "\\\tabä\n', k=chance.randrange(8))) for _ in range(4)]
        number = ctypes.c_int32()
        split = function(join(("C:\\a b.exe", *texts)), ctypes.byref(number))
        if [split[place] for place in range(number.value)][1:] != texts:
            wrong.append(texts)
    return wrong


if __name__ == "__main__":
    modes = (
        "fail",
        "late",
        "gone",
        "undefined",
        *STOPPED_BY_US,
        "small-crash",
        "silent",
        "crash",
    )  # soonest last
    lives: dict[str, dict[str, Any]] = {mode: {} for mode in modes}
    services.install(replace(service("automatic"), start="automatic"))  # for later
    for item in lives.items():
        begin(*item)
    cycles: list[Any] = []
    small = replace(service("small"), name="svcctl-cycles", display_name="Cycles")
    variables = (Variable("MODE", "small"), Variable("ECHO_PORT", str(PORTS["cycles"])))
    small = replace(small, hosted=replace(small.hosted, environment=variables, log=f"{WORK}\\cycles.log"))
    services.install(small)
    threads = [threading.Thread(target=live, args=item) for item in lives.items()]
    threads.append(threading.Thread(target=cycle, args=(small, cycles)))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seen = {
        "lives": lives,
        "cycles": cycles,
        "refusals": refusals(),
        "by hand": started_by_hand(service("good").host),
        "recorded": recorded(),
        "handled": handled(),
        "rotated": rotated(),
        "split": split_differently(5_000),
    }
    sys.stdout.write(json.dumps(seen))
