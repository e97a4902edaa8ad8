"""A child process with fewer rights and a time limit, whose output nobody trusts, on Windows; only that can import this.

It runs with a copy of our token that lacks every privilege and the rights of administrators, and is of low integrity:
it changes nothing that has not been made for such processes. A job holds it and all that it starts. Source:
``CreateRestrictedToken``, "Mandatory Integrity Control" and "Job Objects" on learn.microsoft.com.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import os
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from ctypes import Structure, c_uint32, c_void_p, c_wchar_p
from typing import Any

from svcctl.loading.process import MOST_OUTPUT, Outcome
from svcctl.windows import jobs, security
from svcctl.windows.declaring import declare, windows
from svcctl.windows.structures import BasicLimits, ExtendedLimits

_DISABLE_MAX_PRIVILEGE, _LUA_TOKEN = 0x1, 0x4
#: TOKEN_ASSIGN_PRIMARY, _DUPLICATE, _QUERY and _ADJUST_DEFAULT.
_TOKEN_RIGHTS = 0x1 | 0x2 | 0x8 | 0x80
_TOKEN_PRIVILEGES, _TOKEN_INTEGRITY_LEVEL = 3, 25
_MOST_PRIVILEGES = 64  # Windows has some forty
_CHANGE_NOTIFY = 23  # SeChangeNotifyPrivilege: to pass through folders, which every user has
_SE_GROUP_INTEGRITY = 0x20
_ADMINISTRATORS, _LOW = "S-1-5-32-544", "S-1-16-4096"
_LOW_FOLDER = "S:(ML;OICI;NW;;;LW)"
_SE_FILE_OBJECT, _LABEL_SECURITY_INFORMATION = 1, 0x10
_CREATE_NO_WINDOW = 0x08000000
_JOB_LIMITS = 0x200 | 0x8 | 0x4  # memory, processes, processor time
_MOST_MEMORY = 2 * 1024**3
_MOST_PROCESSES = 32
_HUNDRED_NANOSECONDS = 10_000_000
_KILLED = 70
_CHUNK = 65_536


class _SidAndAttributes(Structure):
    _fields_ = (("Sid", c_void_p), ("Attributes", c_uint32))


class _Privilege(Structure):
    _fields_ = (("Luid", c_uint32 * 2), ("Attributes", c_uint32))


class _Privileges(Structure):
    _fields_ = (("PrivilegeCount", c_uint32), ("Privileges", _Privilege * _MOST_PRIVILEGES))


_kernel32 = windows.WinDLL("kernel32", use_last_error=True)
_advapi32 = windows.WinDLL("advapi32", use_last_error=True)

_close_handle = declare(_kernel32, "CloseHandle", c_uint32, c_void_p, failed=None)
_wait_for = declare(_kernel32, "WaitForSingleObject", c_uint32, c_void_p, c_uint32, failed=None)
_exit_code = declare(_kernel32, "GetExitCodeProcess", c_uint32, c_void_p, c_void_p)
_restrict = declare(
    _advapi32, "CreateRestrictedToken", c_uint32, c_void_p, c_uint32, c_uint32, c_void_p, c_uint32, c_void_p,
    c_uint32, c_void_p, c_void_p,
)  # fmt: skip
_set_token = declare(_advapi32, "SetTokenInformation", c_uint32, c_void_p, c_uint32, c_void_p, c_uint32)
_sid_of = declare(_advapi32, "ConvertStringSidToSidW", c_uint32, c_wchar_p, c_void_p)
_sacl_of = declare(_advapi32, "GetSecurityDescriptorSacl", c_uint32, c_void_p, c_void_p, c_void_p, c_void_p)
_create_process = declare(
    _advapi32, "CreateProcessAsUserW", c_uint32, c_void_p, c_wchar_p, c_wchar_p, c_void_p, c_void_p, c_uint32,
    c_uint32, c_void_p, c_wchar_p, c_void_p, c_void_p,
)  # fmt: skip


def surroundings(folder: str) -> dict[str, str]:
    """Return the variables that a program of Windows' needs, with a folder in place of the user's."""
    root = os.environ.get("SYSTEMROOT", "C:\\Windows")
    return {
        "COMSPEC": f"{root}\\System32\\cmd.exe",
        "PATH": f"{root}\\System32;{root}",
        "PATHEXT": ".COM;.EXE;.BAT;.CMD",
        "SYSTEMDRIVE": os.environ.get("SYSTEMDRIVE", "C:"),
        "SYSTEMROOT": root,
        "TEMP": folder,
        "TMP": folder,
        "USERPROFILE": folder,
        "PYTHONUTF8": "1",
    }


def run_confined(
    command: Sequence[str],
    arguments: Sequence[str],
    environment: Mapping[str, str],
    time_limit: float,
    max_line: int,
) -> Outcome:
    """Run a command that writes one line to a handle of its own.

    Args:
        command: Argument list up to the handle's number, which follows it.
        arguments: What follows the number.
        environment: What it gets beside what any program needs.
        time_limit: Seconds until it is killed, with all that it has started.
        max_line: Length in bytes from which on its line is refused.

    Raises:
        OSError: It cannot be started, or not with fewer rights.
    """
    deadline = time.monotonic() + time_limit
    with _scratch() as folder, contextlib.ExitStack() as stack:
        job = _held(stack, jobs.create(_limits(time_limit)))
        stack.callback(_end, job)  # before the folder is removed
        answer, output = _Channel(max_line + 1, b"\n"), _Channel(None)
        stack.callback(answer.close)
        stack.callback(output.close)
        line = subprocess.list2cmdline([*command, str(answer.handle), *arguments])
        variables = {**surroundings(folder), **{name.upper(): value for name, value in environment.items()}}
        process = _held(stack, _start(job, line, variables, folder, output.handle))
        answer.read()
        output.read()
        answer.over.wait(max(0.0, deadline - time.monotonic()))
        return _outcome(process, answer, output, deadline, max_line)


def _outcome(process: int, answer: _Channel, output: _Channel, deadline: float, max_line: int) -> Outcome:
    first, newline, _ = bytes(answer.data).partition(b"\n")
    said = bytes(output.data)
    if newline and len(first) <= max_line:
        return Outcome(first, said, None, late=False)
    if len(answer.data) > max_line:
        return Outcome(None, said, None, late=False)
    left = max(0, int((deadline - time.monotonic()) * 1000))
    if _wait_for(process, left):
        return Outcome(None, said, None, late=True)
    status = c_uint32()
    _exit_code(process, ctypes.byref(status))
    output.over.wait(1.0)
    return Outcome(None, bytes(output.data), status.value, late=False)


class _Channel:
    """A pipe that a process writes to, and what has come through it.

    Args:
        limit: So many bytes are enough; ``None`` keeps the last ones only.
        mark: What it ends with.

    Attributes:
        handle: The end that is inherited.
        data: What has come.
        over: Nothing more is waited for.
    """

    def __init__(self, limit: int | None, mark: bytes | None = None) -> None:
        self.data = bytearray()
        self.over = threading.Event()
        self._limit, self._mark = limit, mark
        self._ours, self._theirs = os.pipe()
        os.set_inheritable(self._theirs, True)  # noqa: FBT003 (its parameter takes no name)
        msvcrt: Any = importlib.import_module("msvcrt")
        self.handle: int = msvcrt.get_osfhandle(self._theirs)

    def read(self) -> None:
        """Begin to read; the other end is the process's alone from now on."""
        self.close()
        threading.Thread(target=self._read, daemon=True).start()

    def close(self) -> None:
        """Close the end that was inherited."""
        if self._theirs >= 0:
            os.close(self._theirs)
            self._theirs = -1

    def _read(self) -> None:
        with contextlib.suppress(OSError), open(self._ours, "rb", buffering=0) as pipe:  # noqa: PTH123 (a descriptor)
            while chunk := pipe.read(_CHUNK):
                self.data += chunk
                if self._limit is None:
                    del self.data[:-MOST_OUTPUT]
                elif len(self.data) > self._limit or (self._mark and self._mark in chunk):
                    break
        self.over.set()


def _start(job: int, line: str, environment: Mapping[str, str], folder: str, output: int) -> int:
    """Start a process in a job; return its handle."""
    block = "".join(f"{name}={value}\0" for name, value in sorted(environment.items())) + "\0"
    written, variables = ctypes.create_unicode_buffer(line), ctypes.create_unicode_buffer(block)
    nothing = os.open(os.devnull, os.O_RDONLY)
    msvcrt: Any = importlib.import_module("msvcrt")
    with contextlib.ExitStack() as stack:
        stack.callback(os.close, nothing)
        os.set_inheritable(nothing, True)  # noqa: FBT003 (its parameter takes no name)
        token = _lowered(stack)

        def launch(flags: int, info: object, process: object) -> None:
            flags |= _CREATE_NO_WINDOW
            _create_process(token, None, written, None, None, 1, flags, variables, folder, info, process)

        return jobs.start(job, launch, (msvcrt.get_osfhandle(nothing), output, output))


def _lowered(stack: contextlib.ExitStack) -> int:
    """Return a copy of our token without privileges, without the rights of administrators, of low integrity.

    What the flags take away is named besides, since not every Windows knows them all.

    Raises:
        OSError: Windows refuses it.
    """
    less, size = c_void_p(), c_uint32()
    own = stack.enter_context(security.own_token(_TOKEN_RIGHTS))
    privileges = _Privileges()
    security.token_information(
        own, _TOKEN_PRIVILEGES, ctypes.byref(privileges), ctypes.sizeof(privileges), ctypes.byref(size)
    )
    had = privileges.Privileges[: privileges.PrivilegeCount]
    lost = [each for each in had if tuple(each.Luid) != (_CHANGE_NOTIFY, 0)]
    administrators = _SidAndAttributes(_sid(stack, _ADMINISTRATORS), 0)
    flags = _DISABLE_MAX_PRIVILEGE | _LUA_TOKEN
    _restrict(
        own, flags, 1, ctypes.byref(administrators), len(lost), (_Privilege * len(lost))(*lost), 0, None,
        ctypes.byref(less),
    )  # fmt: skip
    token = _held(stack, less.value)
    label = _SidAndAttributes(_sid(stack, _LOW), _SE_GROUP_INTEGRITY)
    _set_token(token, _TOKEN_INTEGRITY_LEVEL, ctypes.byref(label), ctypes.sizeof(label))
    return token


def _sid(stack: contextlib.ExitStack, text: str) -> c_void_p:
    found = c_void_p()
    _sid_of(text, ctypes.byref(found))
    stack.callback(security.local_free, found)
    return found


def _limits(time_limit: float) -> ExtendedLimits:
    # None for what its windows may do: a job with such limits cannot be within another one.
    basic = BasicLimits(LimitFlags=_JOB_LIMITS, ActiveProcessLimit=_MOST_PROCESSES)
    basic.PerJobUserTimeLimit = max(1, int(time_limit * _HUNDRED_NANOSECONDS))
    return ExtendedLimits(BasicLimitInformation=basic, JobMemoryLimit=_MOST_MEMORY)


def _end(job: int) -> None:
    with contextlib.suppress(OSError):
        jobs.terminate(job, _KILLED)


@contextlib.contextmanager
def _scratch() -> Iterator[str]:
    """Give an empty folder that the process can write to, where files that it makes are in nobody's way."""
    folder = tempfile.mkdtemp(prefix="svcctl-")
    try:
        with contextlib.suppress(OSError):  # without it, the process only cannot write there
            _open_to_low(folder)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _open_to_low(folder: str) -> None:
    sacl, present, defaulted = c_void_p(), c_uint32(), c_uint32()
    with security.descriptor(_LOW_FOLDER) as descriptor:
        _sacl_of(descriptor, ctypes.byref(present), ctypes.byref(sacl), ctypes.byref(defaulted))
        security.set_named_security(
            folder, _SE_FILE_OBJECT, _LABEL_SECURITY_INFORMATION, None, None, None, sacl
        )


def _held(stack: contextlib.ExitStack, handle: int | None) -> int:
    stack.callback(_close_handle, handle)
    return handle or 0
